import { describe, expect, it } from 'vitest';
import { evaluateInstant, evaluateRange } from '../../../shared/promql/engine.ts';
import { compareNaturally } from '../../../shared/promql/natural-order.ts';
import { lines, load } from './load.ts';

const memory = load('10s', `
  v 4 1 NaN 1 7 7
  trend 0 10 20 30 40
  host{n="web10"} 1
  host{n="web9"} 2
  host{n="db1"} 3
`);
const at = async (query: string, seconds = 50): Promise<string[]> => lines(await evaluateInstant(memory.select, query, seconds * 1000));

describe('functions of a range', () => {
  it('tell the times of the first, last, least and greatest sample, the last of equal ones', async () => {
    expect(await at('ts_of_first_over_time(v[45s])')).toEqual(['{} 10']);
    expect(await at('ts_of_last_over_time(v[45s])')).toEqual(['{} 50']);
    expect(await at('ts_of_min_over_time(v[1m])')).toEqual(['{} 30']);
    expect(await at('ts_of_max_over_time(v[1m])')).toEqual(['{} 50']);
  });

  it('mad_over_time is the median distance from the median', async () => {
    expect(await at('mad_over_time(trend[1m])')).toEqual(['{} 10']);
    expect(await at('mad_over_time(v[1m])')).toEqual(['{} NaN']);
  });

  it('double_exponential_smoothing follows a straight line', async () => {
    expect(await at('double_exponential_smoothing(trend[1m], 0.5, 0.5)')).toEqual(['{} 40']);
    expect(await at('double_exponential_smoothing(trend[5s], 0.5, 0.5)', 10)).toEqual([]);
  });

  it.each([
    ['double_exponential_smoothing(trend[1m], 0, 0.5)', 'invalid smoothing factor. Expected: 0 < sf < 1, got: 0.000000'],
    ['double_exponential_smoothing(trend[1m], 0.5, 1.5)', 'invalid trend factor. Expected: 0 < tf < 1, got: 1.500000'],
  ])('%s: %s', async (query, message) => {
    await expect(at(query)).rejects.toThrow(message);
  });
});

describe('min_of and max_of', () => {
  it.each([
    ['max_of(3, 5)', '5'], ['min_of(3, 5)', '3'], ['max_of(3, NaN)', 'NaN'], ['max_of(Inf, NaN)', '+Inf'], ['min_of(NaN, -Inf)', '-Inf'],
    ['max_of(time(), 7)', '50'], ['min_of(-0, 0)', '-0'],
  ])('%s is %s', async (query, value) => {
    expect(await at(query)).toEqual([value]);
  });

  it('clamp keeps NaN unless an infinity decides', async () => {
    expect(await at('clamp_min(vector(NaN), Inf)')).toEqual(['{} +Inf']);
    expect(await at('clamp_max(vector(NaN), 5)')).toEqual(['{} NaN']);
  });
});

describe('sort_by_label', () => {
  it('orders as people count, and back', async () => {
    expect(await at('sort_by_label(host, "n")')).toEqual(['host{n="db1"} 3', 'host{n="web9"} 2', 'host{n="web10"} 1']);
    expect(await at('sort_by_label_desc(host, "n")')).toEqual(['host{n="web10"} 1', 'host{n="web9"} 2', 'host{n="db1"} 3']);
  });

  it('has no effect over a range, and says so', async () => {
    const result = await evaluateRange(memory.select, 'sort_by_label(host, "n")', { startMs: 0, endMs: 1000, stepMs: 1000 });
    expect(result.warnings).toEqual(['PromQL warning: sort is ineffective for range queries since results are always ordered by labels (1:1)']);
  });

  it.each([
    ['a2', 'a10', -1], ['a02', 'a2', 0], ['', 'a', -1], ['a', 'a1', -1], ['1a', 'a1', -1], ['99999999999999999999', '9', 1], ['é', 'z', 1],
  ])('%j and %j compare %d', (a, b, order) => {
    expect(Math.sign(compareNaturally(a, b))).toBe(order);
    expect(Math.sign(compareNaturally(b, a))).toBe(0 - order);
  });
});
