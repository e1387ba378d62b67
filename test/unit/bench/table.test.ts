import { describe, expect, it } from 'vitest';
import { formatTable } from '../../../scripts/bench/table.ts';

const row = (subject: string, metric: string, value: number, unit: string) => ({ bench: 'b', case: 'hour', subject, metric, value, unit });

describe('the table of a case', () => {
  it('has a line for each subject and a column for each metric, a dash where a subject has no number', () => {
    const text = formatTable([row('ours', 'bytes_per_sample', 0.652, 'bytes'), row('ours', 'speed', 2_746_329, 'samples/s'), row('a longer name', 'bytes_per_sample', 1.5, 'bytes')]);
    expect(text.split('\n')).toEqual([
      'hour           bytes_per_sample  speed [samples/s]',
      'ours                      0.652          2,746,329',
      'a longer name               1.5                  -',
      '',
    ]);
  });
});
