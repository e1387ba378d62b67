import { describe, expect, it } from 'vitest';
import type { Labels } from '../../../shared/model/labels.ts';
import { rollUpBlock } from '../../../shared/promql/bucket-blocks.ts';
import { evaluateInstant, evaluateRange, type QueryOptions } from '../../../shared/promql/engine.ts';
import { instantVector } from '../../../shared/promql/query-result.ts';
import type { SeriesBlock } from '../../../shared/promql/series-source.ts';
import type { TieredBlock } from '../../../shared/promql/tier-source.ts';

const HOUR = 3_600_000;
const LABELS: Labels = [['__name__', 'm_total']];

/** A sample every 10 s, one higher each. */
const block = (fromMs: number, endMs: number): SeriesBlock => {
  const tMs = Float64Array.from({ length: (endMs - fromMs) / 10_000 }, (_, i) => fromMs + i * 10_000);
  return { labels: [LABELS], offsets: Uint32Array.of(0, tMs.length), tMs, values: tMs.map((t) => t / 10_000) };
};

/** Ten hours of buckets of a minute, then two of samples. */
const TIERED: TieredBlock = {
  raw: block(10 * HOUR, 12 * HOUR),
  buckets: rollUpBlock(block(0, 10 * HOUR), 60_000, -Infinity, Infinity),
  segments: [{ tier: '1m', fromMs: 0, endMs: 10 * HOUR }],
};

const never = (): never => {
  throw new Error('select: found a request, the tiers are to be asked');
};
const options: QueryOptions = { sources: { tiers: { select: async () => TIERED, resolution: 'raw' } } };
const at = (query: string, tMs: number): ReturnType<typeof evaluateInstant> => evaluateInstant(never, query, tMs, options);
const valueAt = async (query: string, tMs: number): Promise<number | undefined> => instantVector(await at(query, tMs))[0]?.value;

describe('a query over times that only buckets hold', () => {
  it('counts the buckets that it makes of samples against the limit, each as the samples that its memory would hold', async () => {
    const within = (tMs: number) => evaluateInstant(never, 'count_over_time(m_total[11h])', tMs, { ...options, maxSamples: 3000 });
    expect(instantVector(await within(12 * HOUR))[0]?.value).toBe(11 * 360);
    // Buckets of a millisecond: a window may begin there.
    await expect(within(12 * HOUR + 1)).rejects.toThrow('too many samples');
  });

  it('is refused where its function needs samples at every time', async () => {
    await expect(at('quantile_over_time(0.5, m_total[5m])', 2 * HOUR)).rejects.toThrow('quantile_over_time needs raw samples, which have been replaced by buckets of 1m at every time asked for');
    await expect(at('rate(m_total[5m] anchored)', 2 * HOUR)).rejects.toThrow('anchored needs raw samples');
    await expect(at('(m_total[5m])', 2 * HOUR)).rejects.toThrow('a range selector needs raw samples');
  });

  it('answers such a function where samples are, with a warning of where it does not', async () => {
    const found = await evaluateRange(never, 'stddev_over_time(m_total[1h])', { startMs: 9 * HOUR, endMs: 12 * HOUR, stepMs: HOUR }, options);
    expect(found.type === 'matrix' && found.series.map(({ tMs }) => [...tMs])).toEqual([[11 * HOUR, 12 * HOUR]]);
    expect(found.warnings).toEqual(['PromQL warning: stddev_over_time needs raw samples, which have been replaced by buckets of 1m at 2 of 4 times: these have no result (1:1)']);
    expect(found.tiers).toEqual(['raw']);
  });

  it('tells that its windows are rounded to buckets, and is not told so where they are buckets', async () => {
    const rounded = await at('count_over_time(m_total[90s])', 2 * HOUR);
    expect(instantVector(rounded)[0]?.value).toBe(12);
    expect(rounded.infos).toEqual(['PromQL info: times and ranges are rounded to buckets of 1m, which raw samples have been replaced by (1:17)']);
    expect((await at('count_over_time(m_total[2m])', 2 * HOUR)).infos).toEqual([]);
  });

  it('sees at each selector the samples before the time, also where samples answer', async () => {
    expect(await valueAt('m_total', 2 * HOUR)).toBe(2 * 360 - 1);
    expect(await valueAt('m_total', 11 * HOUR)).toBe(11 * 360 - 1);
    expect(await valueAt('timestamp(m_total)', 2 * HOUR)).toBe(2 * 3600 - 10);
    expect(await valueAt('count_over_time(m_total[30m])', 10 * HOUR + 15 * 60_000 + 7)).toBe(181);
    expect(await valueAt('time()', 2 * HOUR)).toBe(7200);
  });

  it('says which tiers answered', async () => {
    expect((await at('rate(m_total[2h])', 11 * HOUR)).tiers).toEqual(['1m', 'raw']);
    expect((await at('1 + 1', 0)).tiers).toEqual([]);
  });

  it('tells of counters that may be none, once', async () => {
    const gauge: TieredBlock = { ...TIERED, buckets: { ...TIERED.buckets, labels: [[['__name__', 'gauge']]] } };
    const { infos } = await evaluateInstant(never, 'rate(gauge[1h])', 2 * HOUR, { sources: { tiers: { select: async () => gauge, resolution: 'raw' } } });
    expect(infos).toEqual(['PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "gauge" (1:6)']);
  });

  it('is over when the work is more than it may do', async () => {
    await expect(evaluateInstant(never, 'rate(m_total[2h])', 2 * HOUR, { ...options, maxSamples: 100 })).rejects.toThrow('too many samples');
  });
});
