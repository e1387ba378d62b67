import type { SlideTarget, WindowFunction } from '../promql/windows.ts';
import type { BucketColumns, TierColumns } from './bucket.ts';
import { changesOf, corrOf, countOf, firstFilled, lastFilled, maxOf, minOf, resetsOf, sumOf } from './union.ts';

/**
 * The windows of a range selector over buckets. Step s at t = firstTMs + s * stepMs sees the buckets that start in
 * [t - rangeMs, t). With t and rangeMs multiples of every bucket's length these hold exactly the samples of the raw window
 * (t - 1 - rangeMs, t - 1], and the functions below give what Prometheus gives for raw samples at t - 1 ms. Buckets of one
 * series may differ in length: they ascend and do not overlap.
 */
export interface TierWindows {
  readonly tier: TierColumns;
  readonly rangeMs: number;
  readonly firstTMs: number;
  /** 0 when `@` pins every step to one window. */
  readonly stepMs: number;
  readonly steps: number;
}

/** The rows of a window and its last instant, t - 1 ms. A window without samples is never asked for. */
export type TierKernel = (windows: TierWindows) => WindowFunction;

/** Slides over the windows of one series with two pointers that only move forward. */
export const slideBuckets = (windows: TierWindows, series: number, evaluate: WindowFunction, { values, present, at, work }: SlideTarget): void => {
  const { tier, rangeMs, firstTMs, stepMs, steps } = windows;
  const { startMs } = tier;
  const end = tier.offsets[series + 1] as number;
  let from = tier.offsets[series] as number;
  let to = from;
  for (let step = 0; step < steps; step++) {
    const tMs = firstTMs + step * stepMs;
    while (to < end && (startMs[to] as number) < tMs) to++;
    while (from < to && (startMs[from] as number) < tMs - rangeMs) from++;
    if (firstFilled(tier, from, to) === to) continue;
    work(to - from);
    const value = evaluate(from, to, step, tMs - 1);
    if (value === undefined) continue;
    values[at + step] = value;
    present[at + step] = 1;
  }
};

/** Prometheus extrapolates to the window's edge when it is nearer than this many average sample distances. */
const EXTRAPOLATION_THRESHOLD = 1.1;

/** rate, increase and delta: promql/functions.go, extrapolatedRate, with first, last, count and drops out of the buckets. */
const extrapolated =
  (isCounter: boolean, isRate: boolean): TierKernel =>
  ({ tier, rangeMs }) =>
  (from, to, _step, endMs) => {
    const count = countOf(tier, from, to);
    if (count < 2) return undefined;
    const firstRow = firstFilled(tier, from, to);
    const lastRow = lastFilled(tier, from, to);
    const first = tier.first[firstRow] as number;
    let change = (tier.last[lastRow] as number) - first;
    if (isCounter) change += corrOf(tier, from, to);
    const firstMs = tier.firstMs[firstRow] as number;
    const lastMs = tier.lastMs[lastRow] as number;
    const sampled = (lastMs - firstMs) / 1000;
    const average = sampled / (count - 1);
    const threshold = average * EXTRAPOLATION_THRESHOLD;
    let toStart = (firstMs - (endMs - rangeMs)) / 1000;
    let toEnd = (endMs - lastMs) / 1000;
    if (toStart >= threshold) toStart = average / 2;
    // A counter cannot have been below zero: extrapolate at most to where it would have been zero.
    if (isCounter && change > 0 && first >= 0) toStart = Math.min(toStart, sampled * (first / change));
    if (toEnd >= threshold) toEnd = average / 2;
    const factor = (sampled + toStart + toEnd) / sampled;
    return change * (isRate ? factor / (rangeMs / 1000) : factor);
  };

/**
 * The mean of the samples. Where the sum of finite sums overflows, the sums are divided first, as Prometheus turns to an
 * incremental mean; a bucket whose own sum overflowed stays infinite.
 */
const average: TierKernel = ({ tier }) => (from, to) => {
  const count = countOf(tier, from, to);
  const sum = sumOf(tier, from, to);
  if (sum !== Infinity && sum !== -Infinity) return sum / count;
  let mean = 0;
  for (let row = from; row < to; row++) mean += (tier.sum[row] as number) / count;
  return mean;
};

/** The functions of a range vector that buckets answer as raw samples do, to the last bits of their greatest term. */
export const TIER_KERNELS: Readonly<Record<string, TierKernel>> = {
  rate: extrapolated(true, true),
  increase: extrapolated(true, false),
  delta: extrapolated(false, false),
  resets: ({ tier }) => (from, to) => resetsOf(tier, from, to),
  changes: ({ tier }) => (from, to) => changesOf(tier, from, to),
  sum_over_time: ({ tier }) => (from, to) => sumOf(tier, from, to),
  count_over_time: ({ tier }) => (from, to) => countOf(tier, from, to),
  avg_over_time: average,
  min_over_time: ({ tier }) => (from, to) => minOf(tier, from, to),
  max_over_time: ({ tier }) => (from, to) => maxOf(tier, from, to),
  first_over_time: ({ tier }) => (from, to) => tier.first[firstFilled(tier, from, to)] as number,
  last_over_time: ({ tier }) => (from, to) => tier.last[lastFilled(tier, from, to)] as number,
  present_over_time: () => () => 1,
};

const ENDS: readonly (keyof BucketColumns)[] = ['startMs', 'count', 'firstMs', 'first', 'lastMs', 'last'];

/** The columns each function reads, sliding included: a reader may leave out the others. */
export const KERNEL_COLUMNS: Readonly<Record<string, readonly (keyof BucketColumns)[]>> = {
  rate: [...ENDS, 'corr'],
  increase: [...ENDS, 'corr'],
  delta: ENDS,
  resets: ['startMs', 'count', 'first', 'last', 'resets'],
  changes: ['startMs', 'count', 'first', 'last', 'changes'],
  sum_over_time: ['startMs', 'count', 'sum'],
  count_over_time: ['startMs', 'count'],
  avg_over_time: ['startMs', 'count', 'sum'],
  min_over_time: ['startMs', 'count', 'min'],
  max_over_time: ['startMs', 'count', 'max'],
  first_over_time: ['startMs', 'count', 'first'],
  last_over_time: ['startMs', 'count', 'last'],
  present_over_time: ['startMs', 'count'],
};

/** The columns {@link latestKernel} reads. */
export const LATEST_COLUMNS: readonly (keyof BucketColumns)[] = ['startMs', 'count', 'lastMs', 'last', 'staleEnd'];

/**
 * An instant selector: the newest sample, unless a stale marker follows it or it is not newer than t - 1 - lookbackMs. The
 * windows' range must reach back as far as the lookback, rounded up to whole buckets.
 */
export const latestKernel =
  (lookbackMs: number): TierKernel =>
  ({ tier }) =>
  (from, to, _step, endMs) => {
    if (tier.staleEnd[to - 1] === 1) return undefined;
    const row = lastFilled(tier, from, to);
    return (tier.lastMs[row] as number) > endMs - lookbackMs ? (tier.last[row] as number) : undefined;
  };
