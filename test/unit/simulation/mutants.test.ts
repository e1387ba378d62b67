import { describe, expect, it } from 'vitest';
import { planted } from '../../../scripts/mutants/plant.ts';
import { MUTANTS } from '../../../scripts/mutants/table.ts';

describe('planted faults', () => {
  it.each(MUTANTS)('$name: its text stands in $file once', (mutant) => {
    expect(planted(mutant)).toContain(mutant.replace);
  });

  it('refuses a text that the file does not hold', () => {
    expect(() => planted({ name: 'none', file: 'package.json', find: 'no such text', replace: '' })).toThrow('found its text 0 times');
  });
});
