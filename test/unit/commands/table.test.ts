import { describe, expect, it } from 'vitest';
import { toTable } from '../../../shared/commands/table.ts';

describe('table', () => {
  it('sets text to the left and numbers to the right', () => {
    expect(toTable(['series', 'value'], [['up', '1'], ['node_load1', '0.25']])).toBe(
      'series      value\n----------  -----\nup              1\nnode_load1   0.25',
    );
  });
});
