import { describe, expect, it } from 'vitest';
import { bitsOf, putStaleAt } from '../../../shared/model/stale.ts';
import { openTierRollup } from '../../../shared/storage/tier-rollup.ts';
import { readTier } from '../../../shared/storage/tier-read.ts';
import type { TierColumns } from '../../../shared/tiers/bucket.ts';
import { joinTiers } from '../../../shared/tiers/join-tiers.ts';
import { mergeBuckets } from '../../../shared/tiers/merge-buckets.ts';
import { rollUp } from '../../../shared/tiers/rollup.ts';

const MINUTE_MS = 60_000;

const samples = (values: readonly number[], gapMs: number, firstMs = 0) => ({
  metrics: ['m'],
  labels: ['{}'],
  offsets: Uint32Array.of(0, values.length),
  tMs: Float64Array.from(values, (_, i) => firstMs + i * gapMs),
  values: Float64Array.from(values),
});

describe('rollUp', () => {
  it('takes a bucket from its start up to, not including, the next one', () => {
    const { startMs, count } = rollUp(samples([1, 2, 3], MINUTE_MS - 1, 1), MINUTE_MS);
    expect([...startMs]).toEqual([0, 60_000]);
    expect([...count]).toEqual([1, 2]);
  });

  it('takes times before 1970 to the bucket before', () => {
    expect([...rollUp(samples([1, 2], 1, -1), MINUTE_MS).startMs]).toEqual([-60_000, 0]);
  });

  it('adds with compensation', () => {
    expect([...rollUp(samples([1, 1e100, 1, -1e100], 1), MINUTE_MS).sum]).toEqual([2]);
  });

  it('makes every NaN the quiet one without payload', () => {
    const given = samples([1, 2, Infinity, -Infinity], 40_000);
    new Uint32Array(given.values.buffer).set([7, 0xfff80000], 0);
    const { first, sum, min } = rollUp(given, 2 * MINUTE_MS);
    expect([...bitsOf(first)].slice(0, 2)).toEqual([0, 0x7ff80000]);
    expect([...bitsOf(sum)].slice(0, 2)).toEqual([0, 0x7ff80000]);
    expect(min[0]).toBe(2);
  });

  it('keeps a row for a bucket of stale markers alone', () => {
    const given = samples([0, 0], 1000);
    putStaleAt(bitsOf(given.values), 0);
    putStaleAt(bitsOf(given.values), 1);
    const { count, staleEnd, sum, first } = rollUp(given, MINUTE_MS);
    expect([count[0], staleEnd[0], sum[0], first[0]]).toEqual([0, 1, 0, Number.NaN]);
  });

  it('keeps more rows than it began with', () => {
    const many = rollUp(samples(Array.from({ length: 10_000 }, (_, i) => i), MINUTE_MS), MINUTE_MS);
    expect(many.last.length).toBe(10_000);
    expect([...many.last]).toEqual([...many.first]);
    expect(many.last[9999]).toBe(9999);
  });
});

describe('openTierRollup', () => {
  it('writes what rollUp gives, and nothing of nothing', async () => {
    const given = samples([5, 6, 2, 9], 25_000, 3000);
    const rollup = openTierRollup(MINUTE_MS, { promotedLabels: [] });
    rollup.series('m', '{}', given.tMs, given.values, 0, 4);
    rollup.series('n', '{}', given.tMs, given.values, 2, 2);
    const file = rollup.finish();
    expect(file).toMatchObject({ rows: 2, minTMs: 0, maxTMs: 60_000, minMetric: 'm', maxMetric: 'm' });
    const bytes = file?.bytes as Uint8Array;
    const read = await readTier(async (at, length) => bytes.subarray(at, at + length), bytes.length, { fromMs: -Infinity, toMs: Infinity });
    expect(read).toEqual(rollUp(given, MINUTE_MS));
    expect(openTierRollup(MINUTE_MS, { promotedLabels: [] }).finish()).toBeUndefined();
  });
});

describe('joinTiers', () => {
  const named = (metric: string, labels: string, tier: TierColumns): TierColumns => ({ ...tier, metrics: [metric], labels: [labels] });

  it('orders series by UTF-8 bytes and rows by time', () => {
    const early = rollUp(samples([1], 1), MINUTE_MS);
    const late = rollUp(samples([2], 1, MINUTE_MS), MINUTE_MS);
    const joined = joinTiers([named('😀', '{}', late), named('～', '{}', late), named('～', '{"a":"1"}', early), named('～', '{}', early)]);
    expect(joined.metrics.map((metric, k) => metric + joined.labels[k])).toEqual(['～{"a":"1"}', '～{}', '😀{}']);
    expect([...joined.offsets]).toEqual([0, 1, 3, 4]);
    expect([...joined.first]).toEqual([1, 1, 2, 2]);
  });

  it('makes of the hours of a day what the whole day makes', () => {
    const day = samples(Array.from({ length: 3000 }, (_, i) => (i * 37) % 1000), 28_000);
    const hours = Array.from({ length: 24 }, (_, hour) => {
      const at = Array.from(day.tMs, (_time, i) => i).filter((i) => Math.floor((day.tMs[i] as number) / 3_600_000) === hour);
      const part = { ...day, offsets: Uint32Array.of(0, at.length), tMs: Float64Array.from(at, (i) => day.tMs[i] as number), values: Float64Array.from(at, (i) => day.values[i] as number) };
      return mergeBuckets(rollUp(part, MINUTE_MS), 3_600_000);
    });
    expect(joinTiers(hours)).toEqual(mergeBuckets(rollUp(day, MINUTE_MS), 3_600_000));
  });

  it('refuses a bucket that stands twice', () => {
    const tier = rollUp(samples([1], 1), MINUTE_MS);
    expect(() => joinTiers([tier, tier])).toThrow(/^join tiers of m\{\}: found two parts with the bucket of 0 ms, one is allowed$/);
  });
});
