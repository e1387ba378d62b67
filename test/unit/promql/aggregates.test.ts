import { describe, expect, it } from 'vitest';
import { evaluateInstant, evaluateRange } from '../../../shared/promql/engine.ts';
import { lines, load } from './load.ts';

const memory = load(
  '1m',
  `
  m{g="x",i="1"} 1 8
  m{g="x",i="2"} 4 2
  m{g="y",i="3"} 2 4
  m{g="y",i="4"} NaN NaN
  both{i="1"} Inf
  both{i="2"} -Inf
  big{i="1"} 1e308
  big{i="2"} 1e308
  cancel{i="1"} 1e100
  cancel{i="2"} 1
  cancel{i="3"} -1e100
  v{i="1"} 1e-7
  v{i="2"} 1e-7
  v{i="3"} 1e21
  `,
);

const at = async (query: string, tMs = 0): Promise<string[]> => lines(await evaluateInstant(memory.select, query, tMs));

describe('aggregations', () => {
  it.each([
    ['sum by (g) (m{i!="4"})', ['{g="x"} 5', '{g="y"} 2']],
    ['sum without (i) (m{i!="4"})', ['{g="x"} 5', '{g="y"} 2']],
    ['avg(m{i!="4"})', ['{} 2.3333333333333335']],
    ['min by (g) (m)', ['{g="x"} 1', '{g="y"} 2']],
    ['max(m)', ['{} 4']],
    ['max(m{i="4"})', ['{} NaN']],
    ['count by (g) (m)', ['{g="x"} 2', '{g="y"} 2']],
    ['group(m)', ['{} 1']],
    ['stddev(m{g="x"})', ['{} 1.5']],
    ['stdvar(m{g="x"})', ['{} 2.25']],
    ['stdvar(both)', ['{} NaN']],
    ['quantile(0.5, m{g="x"})', ['{} 2.5']],
    ['quantile by (g) (0, m)', ['{g="x"} 1', '{g="y"} NaN']],
    ['sum(missing)', []],
    ['sum(both)', ['{} NaN']],
    ['sum(cancel)', ['{} 1']],
    ['avg(cancel)', ['{} 0.3333333333333333']],
    ['sum(big)', ['{} +Inf']],
    ['avg(big)', ['{} 1e+308']],
    ['count_values("n", v)', ['{n="0.0000001"} 2', '{n="1000000000000000000000"} 1']],
    ['count_values by (g) ("i", m{i!="4"})', ['{g="x", i="1"} 1', '{g="x", i="4"} 1', '{g="y", i="2"} 1']],
  ])('%s', async (query, wanted) => {
    expect(await at(query)).toEqual(wanted);
  });
});

describe('topk and bottomk', () => {
  it('come in order of rank with their own labels, NaN last', async () => {
    expect(await at('topk(3, m)')).toEqual(['m{g="x", i="2"} 4', 'm{g="y", i="3"} 2', 'm{g="x", i="1"} 1']);
    expect(await at('bottomk(5, m)')).toEqual(['m{g="x", i="1"} 1', 'm{g="y", i="3"} 2', 'm{g="x", i="2"} 4', 'm{g="y", i="4"} NaN']);
    expect(await at('topk by (g) (1, m)')).toEqual(['m{g="x", i="2"} 4', 'm{g="y", i="3"} 2']);
    expect(await at('topk(0.9, m)')).toEqual([]);
  });

  it('choose anew at every step', async () => {
    const result = await evaluateRange(memory.select, 'topk(1, m)', { startMs: 0, endMs: 60_000, stepMs: 60_000 });
    expect(lines(result)).toEqual(['m{g="x", i="1"} 8@60000', 'm{g="x", i="2"} 4@0']);
  });

  it('refuse what is no count', async () => {
    await expect(at('topk(NaN, m)')).rejects.toThrow('Parameter value is NaN');
    await expect(at('topk(1e30, m)')).rejects.toThrow('Scalar value 1e+30 overflows int64');
  });
});

describe('count_values', () => {
  it('refuses what is no label name', async () => {
    await expect(at('count_values("", m)')).rejects.toThrow('invalid label name ""');
  });
});
