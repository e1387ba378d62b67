import { describe, expect, it } from 'vitest';
import { evaluateInstant, evaluateRange } from '../../../shared/promql/engine.ts';
import { lines, load } from './load.ts';

const memory = load('10s', `
  m_total 1 2 4 1 3
  gap_total 5 _ _ _ _ _ 11
  h_total {{count:2 sum:2 buckets:[2]}}+{{count:2 sum:2 buckets:[2]}}x5
  mixed 1 2 {{count:1 sum:1 buckets:[1]}}
`);
const at = async (query: string, seconds: number): Promise<string[]> => lines(await evaluateInstant(memory.select, query, seconds * 1000));

describe('anchored ranges', () => {
  it('begin with the newest sample up to their start, and end with the last inside', async () => {
    expect(await at('delta(m_total[15s] anchored)', 25)).toEqual(['{} 2']);
    expect(await at('increase(m_total[20s] anchored)', 25)).toEqual(['{} 3']);
    expect(await at('rate(m_total[20s] anchored)', 25)).toEqual(['{} 0.15']);
  });

  it('add what a counter lost by a reset', async () => {
    expect(await at('increase(m_total[25s] anchored)', 40)).toEqual(['{} 5']);
    expect(await at('resets(m_total[25s] anchored)', 40)).toEqual(['{} 1']);
    expect(await at('changes(m_total[25s] anchored)', 40)).toEqual(['{} 3']);
  });

  it('need a sample inside, and look no further back than the lookback', async () => {
    expect(await at('increase(m_total[10s] anchored)', 60)).toEqual([]);
    expect(lines(await evaluateInstant(memory.select, 'increase(gap_total[10s] anchored)', 60_000, { lookbackMs: 40_000 }))).toEqual(['{} 0']);
    expect(await at('increase(gap_total[10s] anchored)', 60)).toEqual(['{} 6']);
  });
});

describe('smoothed ranges', () => {
  it('read both ends off the line between samples', async () => {
    expect(await at('delta(m_total[10s] smoothed)', 15)).toEqual(['{} 1.5']);
    expect(await at('increase(m_total[20s] smoothed)', 25)).toEqual(['{} 3']);
    expect(await at('rate(m_total[10s] smoothed)', 35)).toEqual(['{} 0.15']);
  });

  it('are those of each step', async () => {
    const result = await evaluateRange(memory.select, 'delta(m_total[10s] smoothed)', { startMs: 5000, endMs: 25_000, stepMs: 10_000 });
    expect(lines(result)).toEqual(['{} 0.5@5000 1.5@15000 -0.5@25000']);
  });

  it('take histograms as well', async () => {
    expect(await at('histogram_count(increase(h_total[10s] smoothed))', 15)).toEqual(['{} 2']);
    expect(await at('histogram_sum(h_total smoothed)', 15)).toEqual(['{} 5']);
    expect(await at('histogram_count(increase(h_total[15s] anchored))', 25)).toEqual(['{} 2']);
  });
});

describe('a smoothed instant selector', () => {
  it('is on the line between its neighbours, or the last sample when none follows', async () => {
    expect(await at('m_total smoothed', 15)).toEqual(['m_total 3']);
    expect(await at('m_total smoothed', 45)).toEqual(['m_total 3']);
    expect(await at('m_total smoothed offset 5s', 20)).toEqual(['m_total 3']);
    expect(await at('m_total @ 15 smoothed', 0)).toEqual(['m_total 3']);
  });

  it('has no value before the first sample', async () => {
    expect(await at('m_total smoothed', -5)).toEqual([]);
  });

  it('does not mix floats and histograms', async () => {
    const result = await evaluateInstant(memory.select, 'mixed smoothed', 15_000);
    expect(lines(result)).toEqual([]);
    expect(result.warnings).toEqual(['PromQL warning: encountered a mix of histograms and floats for metric name "mixed" (1:1)']);
  });
});

describe('an extended range that is the result', () => {
  it('has a sample at either end', async () => {
    expect(await at('m_total[20s] anchored', 25)).toEqual(['m_total 1@5000 2@10000 4@20000 4@25000']);
    expect(await at('m_total[20s] smoothed', 25)).toEqual(['m_total 1.5@5000 2@10000 4@20000 2.5@25000']);
    expect(await at('m_total[10s] anchored', 60)).toEqual([]);
  });
});

describe('modifiers in wrong places', () => {
  it.each([
    ['deriv(m_total[1m] smoothed)', 'smoothed modifier can only be used with: delta, increase, rate - not with deriv'],
    ['irate((m_total[1m] anchored))', 'anchored modifier can only be used with: changes, delta, increase, rate, resets - not with irate'],
    ['m_total[5m:1m] anchored', '1:1: parse error: anchored modifier is not supported for subqueries'],
    ['(m_total) smoothed', '1:1: parse error: smoothed modifier not implemented'],
    ['m_total anchored smoothed', '1:1: parse error: anchored and smoothed modifiers cannot be used together'],
  ])('%s: %s', async (query, message) => {
    await expect(at(query, 20)).rejects.toThrow(message);
  });
});
