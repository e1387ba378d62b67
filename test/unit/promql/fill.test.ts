import { describe, expect, it } from 'vitest';
import { evaluateInstant, evaluateRange } from '../../../shared/promql/engine.ts';
import { parseQuery } from '../../../shared/promql/parser.ts';
import { lines, load } from './load.ts';

const memory = load('1m', `
  l{k="a"} 1 1
  l{k="b"} 2 _ _ _ _ _ _ 2
  r{k="a"} 10 10
  r{k="c"} 30 30
  many{k="a", i="1"} 1
  many{k="a", i="2"} 2
  many{k="d", i="1"} 4
  h{k="b"} {{count:1 sum:1}}
`);
const at = async (query: string): Promise<string[]> => lines(await evaluateInstant(memory.select, query, 0)).toSorted();

describe('fill values', () => {
  it.each([
    ['l + fill(0) r', ['{k="a"} 11', '{k="b"} 2', '{k="c"} 30']],
    ['l + fill_left(0) r', ['{k="a"} 11', '{k="c"} 30']],
    ['l + fill_right(-1) r', ['{k="a"} 11', '{k="b"} 1']],
    ['l + fill_right(1) fill_left(2) r', ['{k="a"} 11', '{k="b"} 3', '{k="c"} 32']],
    ['l > fill(1.5) r', ['l{k="b"} 2']],
    ['l == bool fill(30) r', ['{k="a"} 0', '{k="b"} 0', '{k="c"} 1']],
    ['many * on (k) group_left fill_right(5) r', ['{i="1", k="a"} 10', '{i="1", k="d"} 20', '{i="2", k="a"} 20']],
    ['many * on (k) group_left fill_left(5) r', ['{i="1", k="a"} 10', '{i="2", k="a"} 20', '{k="c"} 150']],
    ['r * on (k) group_right fill_left(5) many', ['{i="1", k="a"} 10', '{i="2", k="a"} 20', '{k="c"} 150']],
    ['l + fill(0) none', ['{k="a"} 1', '{k="b"} 2']],
    ['h + on (k) fill_left(0) l', ['{k="a"} 1']],
  ])('%s', async (query, expected) => {
    expect(await at(query)).toEqual(expected);
  });

  it('stand in at single steps', async () => {
    const result = await evaluateRange(memory.select, 'l + fill(0) r', { startMs: 0, endMs: 420_000, stepMs: 420_000 }, { lookbackMs: 60_000 });
    expect(lines(result)).toEqual(['{k="a"} 11@0', '{k="b"} 2@0 2@420000', '{k="c"} 30@0']);
  });

  it('do not hide two partners on the one side', async () => {
    await expect(at('none + on () fill(0) r')).rejects.toThrow('found duplicate series for the match group {} on the right hand-side');
  });

  it.each([
    ['l and fill(0) r', '1:1: parse error: filling in missing series not allowed for set operators'],
    ['l + fill(0) 1', '1:1: parse error: filling in missing series only allowed between instant vectors'],
    ['l + fill(x) r', '1:10: parse error: unexpected identifier "x" in fill modifier, expected number'],
    ['l + fill(1) fill_left(1)', '1:13: parse error: unknown function with name "fill_left"'],
  ])('%s: %s', (query, message) => {
    expect(() => parseQuery(query)).toThrow(message);
  });
});
