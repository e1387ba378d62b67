import type { SlideTarget, WindowFunction } from '../promql/windows.ts';
import type { BucketColumns, BucketRows } from './bucket.ts';
import { changesOf, corrOf, countOf, firstFilled, lastFilled, maxOf, minOf, resetsOf, sumOf } from './union.ts';

/**
 * The windows of a range selector over buckets: step s sees the buckets that start in [fromMs[s], endMs[s]). Where both are borders
 * of buckets these hold exactly the samples of the raw window (endMs - 1 - rangeMs, endMs - 1], and the functions below give what
 * Prometheus gives for raw samples at endMs - 1. Buckets of one series may differ in length: they ascend and do not overlap.
 */
export interface TierWindows {
  readonly tier: BucketRows;
  /** By step, neither ever descending. */
  readonly fromMs: Float64Array; // inclusive
  readonly endMs: Float64Array; // exclusive
  /** By step 1 where buckets are asked at all. */
  readonly isAsked: Uint8Array;
}

/** What a function of windows of one length reads. */
export interface KernelInput {
  readonly tier: BucketRows;
  readonly rangeMs: number;
}

/** The rows of a window and its last instant, endMs - 1. A window without samples is never asked for. */
export type TierKernel = (input: KernelInput) => WindowFunction;

const NOTHING: WindowFunction = () => undefined;

/** Slides over the windows of one series with two pointers that only move forward. */
export const slideBuckets = (windows: TierWindows, series: number, kernel: TierKernel, { values, present, at, work }: SlideTarget): void => {
  const { tier, fromMs, endMs, isAsked } = windows;
  const { startMs } = tier;
  const end = tier.offsets[series + 1] as number;
  let from = tier.offsets[series] as number;
  let to = from;
  let rangeMs = Number.NaN;
  let evaluate = NOTHING;
  for (let step = 0; step < endMs.length; step++) {
    if (isAsked[step] === 0) continue;
    const windowFromMs = fromMs[step] as number;
    const windowEndMs = endMs[step] as number;
    while (to < end && (startMs[to] as number) < windowEndMs) to++;
    while (from < to && (startMs[from] as number) < windowFromMs) from++;
    if (firstFilled(tier, from, to) === to) continue;
    work(to - from);
    if (windowEndMs - windowFromMs !== rangeMs) evaluate = kernel({ tier, rangeMs: (rangeMs = windowEndMs - windowFromMs) });
    const value = evaluate(from, to, step, windowEndMs - 1);
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
 * An instant selector: the newest sample, unless a stale marker follows it or it is not newer than endMs - 1 - lookbackMs. The
 * windows must reach back as far as the lookback, rounded up to whole buckets. `seconds` gives its time instead, for timestamp().
 */
export const latestKernel =
  (lookbackMs: number, wanted: 'value' | 'seconds' = 'value'): TierKernel =>
  ({ tier }) =>
  (from, to, _step, endMs) => {
    if (tier.staleEnd[to - 1] === 1) return undefined;
    const row = lastFilled(tier, from, to);
    if (!((tier.lastMs[row] as number) > endMs - lookbackMs)) return undefined;
    return wanted === 'seconds' ? (tier.lastMs[row] as number) / 1000 : (tier.last[row] as number);
  };
