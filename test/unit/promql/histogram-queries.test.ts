import { describe, expect, it } from 'vitest';
import { evaluateInstant, evaluateRange } from '../../../shared/promql/engine.ts';
import type { QueryResult } from '../../../shared/promql/query-result.ts';
import { lines, load, type MemorySeries } from './load.ts';

const at = async (memory: MemorySeries, query: string, tMs: number): Promise<QueryResult> => evaluateInstant(memory.select, query, tMs);
const resultOf = async (memory: MemorySeries, query: string, tMs: number): Promise<string[]> => lines(await at(memory, query, tMs));

const MIXED = load('1m', 'm{a="1"} 1 {{count:2 sum:3 buckets:[2]}} 4\nm{a="2"} {{count:1 sum:1 buckets:[1]}}x2');

describe('a vector of floats and histograms', () => {
  it('is selected at each step as it was stored', async () => {
    const result = await evaluateRange(MIXED.select, 'm', { startMs: 0, endMs: 120_000, stepMs: 60_000 });
    expect(lines(result)).toEqual([
      'm{a="1"} 1@0 4@120000 {{count:2 sum:3 buckets:[2]}}@60000',
      'm{a="2"} {{count:1 sum:1 buckets:[1]}}@0 {{count:1 sum:1 counter_reset_hint:not_reset buckets:[1]}}@60000 ' +
        '{{count:1 sum:1 counter_reset_hint:not_reset buckets:[1]}}@120000',
    ]);
  });

  it.each([
    ['abs(m)', []],
    ['scalar(m)', ['NaN']],
    ['sort(m)', []],
    ['absent(m)', []],
    ['count(m)', ['{} 2']],
    ['group(m)', ['{} 1']],
    ['timestamp(m)', ['{a="1"} 60', '{a="2"} 60']],
    ['histogram_count(m)', ['{a="1"} 2', '{a="2"} 1']],
    ['sum(m)', ['{} {{count:3 sum:4 buckets:[3]}}']],
    ['m * 2 == 2 * m', ['{a="1"} {{count:4 sum:6 buckets:[4]}}', '{a="2"} {{count:2 sum:2 counter_reset_hint:not_reset buckets:[2]}}']],
    ['m == bool m', ['{a="1"} 1', '{a="2"} 1']],
    ['m != bool m', ['{a="1"} 0', '{a="2"} 0']],
    ['label_replace(m{a="2"}, "b", "$1", "a", "(.*)")', ['m{a="2", b="2"} {{count:1 sum:1 counter_reset_hint:not_reset buckets:[1]}}']],
    ['m{a="1"} or vector(0)', ['m{a="1"} {{count:2 sum:3 buckets:[2]}}', '{} 0']],
    ['(m @ 60) * 1 and m', ['{a="1"} {{count:2 sum:3 buckets:[2]}}', '{a="2"} {{count:1 sum:1 counter_reset_hint:not_reset buckets:[1]}}']],
  ])('%s', async (query, wanted) => expect(await resultOf(MIXED, query, 60_000)).toEqual(wanted));

  it.each([
    ['sum(m)', 'PromQL warning: encountered a mix of histograms and floats for aggregation (1:5)'],
    ['rate(m[5m])', 'PromQL warning: encountered a mix of histograms and floats for metric name "m" (1:6)'],
  ])('%s warns', async (query, warning) => {
    const { warnings } = await at(MIXED, query, 120_000);
    expect(warnings).toEqual([warning]);
  });

  it.each([
    ['max(m)', 'PromQL info: ignored histogram in max aggregation (1:5)'],
    ['topk(1, m)', 'PromQL info: ignored histogram in topk aggregation (1:1)'],
    ['m > 1', 'PromQL info: incompatible sample types encountered for binary operator ">": histogram > float (1:1)'],
    ['m{a="1"} >/ m{a="1"}', 'PromQL info: incompatible sample types encountered for binary operator ">/": float >/ float (1:1)'],
    ['max_over_time(m[5m])', 'PromQL info: ignored histograms in a range containing both floats and histograms for metric name "m" (1:15)'],
  ])('%s informs', async (query, info) => {
    const { infos } = await at(MIXED, query, 120_000);
    expect(infos).toEqual([info]);
  });

  it('trimmed between scalars is an error', async () => {
    await expect(at(MIXED, '1 </ 2', 0)).rejects.toThrow('operator "</" not allowed for Scalar operations');
  });

  it('gives the samples of a range, floats and histograms', async () => {
    expect(await resultOf(MIXED, 'm{a="1"}[5m]', 120_000)).toEqual(['m{a="1"} 1@0 4@120000 {{count:2 sum:3 buckets:[2]}}@60000']);
  });
});

describe('the hint of a counter', () => {
  const memory = load('1m', 'c {{count:10 buckets:[10]}} {{count:14 buckets:[14]}} {{count:3 buckets:[3]}} {{count:5 buckets:[5]}}');

  it('is found by functions that read no buckets, so that sums of a reset are told', async () => {
    const { warnings } = await at(memory, 'histogram_count(sum_over_time(c[10m]))', 180_000);
    expect(warnings).toEqual(['PromQL warning: conflicting counter resets during histogram aggregation (1:31)']);
    expect((await at(memory, 'sum_over_time(c[10m])', 180_000)).warnings).toEqual([]);
    expect((await at(memory, 'histogram_quantile(0.5, sum_over_time(c[10m]))', 180_000)).warnings).toEqual([]);
  });

  it('is no longer known in a subquery, whose neighbours are others', async () => {
    expect(await resultOf(memory, 'resets(c[4m:10s])', 180_000)).toEqual(['{} 1']);
    expect(await resultOf(memory, 'resets(c[4m:3m])', 180_000)).toEqual(['{} 1']);
  });
});

describe('classic and native histograms in one vector', () => {
  const memory = load(
    '1m',
    'h{le="1"} 1 1\nh{le="2"} 3 3\nh{le="+Inf"} 4 4\nh {{count:4 sum:5 buckets:[1 2 1]}} _\nother {{count:4 sum:5 buckets:[1 2 1]}}',
  );

  it('of one name and labels give nothing where both have a sample, with a warning', async () => {
    const result = await evaluateRange(memory.select, 'histogram_quantile(0.5, {__name__=~"h|other"})', { startMs: 0, endMs: 300_000, stepMs: 300_000 }, { lookbackMs: 60_000 });
    expect(lines(result)).toEqual(['{} 1.4142135623730951@0']);
    expect(result.warnings).toEqual(['PromQL warning: vector contains a mix of classic and native histograms for metric name "h" (1:25)']);
  });

  it('give several quantiles at once, each in a label', async () => {
    expect(await resultOf(memory, 'histogram_quantiles(other, "q", 0, 0.5, 1)', 0)).toEqual(['{q="0.0"} 0.5', '{q="0.5"} 1.4142135623730951', '{q="1.0"} 4']);
  });
});

it('histogram_quantiles of a quantile that varies counts the series it makes', async () => {
  const query = 'histogram_quantiles(m, "q", time() / 1e6)';
  const bounds = { startMs: 0, endMs: 10_000_000, stepMs: 1000 };
  await expect(evaluateRange(MIXED.select, query, bounds, { maxSamples: 10_000_000 })).rejects.toThrow('too many samples');
  expect(lines(await evaluateRange(MIXED.select, query, { startMs: 60_000, endMs: 61_000, stepMs: 1000 })).length).toBe(4);
});

describe('the memory of histograms', () => {
  const memory = load('1m', `h {{count:9 buckets:[${'1 '.repeat(500)}]}}x100`);

  it('counts against the sample limit by their buckets', async () => {
    const bounds = { startMs: 0, endMs: 6_000_000, stepMs: 60_000 };
    await expect(evaluateRange(memory.select, 'h', bounds, { maxSamples: 20_000 })).rejects.toThrow('query processing would load too many samples into memory');
    const finer = { ...bounds, stepMs: 6_000 };
    await expect(evaluateRange(memory.select, 'h * 2', finer, { maxSamples: 150_000 })).rejects.toThrow('too many samples');
    await expect(evaluateRange(memory.select, 'sum_over_time(h[1m])', finer, { maxSamples: 150_000 })).rejects.toThrow('too many samples');
    expect((await evaluateRange(memory.select, 'h * 2', finer, { maxSamples: 400_000 })).samplesRead).toBe(101 + 101 * 261);
  });
});
