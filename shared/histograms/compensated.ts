import { combinedHint, inOneLayout, resetsCollide, spread, unionIndices } from './addition.ts';
import { withBounds } from './custom-bounds.ts';
import { type BucketSide, type Histogram, mapCounts, NO_BUCKETS, sameIndices, usesCustomBuckets } from './histogram.ts';
import { reduceResolution, widerZeroBucket, withZeroBucket } from './resolution.ts';

/** A sum of histograms with Neumaier's compensation of every count; both lie in one layout. */
export interface CompensatedSum {
  readonly sum: Histogram;
  readonly compensation: Histogram;
}

export interface CompensatedAddition {
  readonly state: CompensatedSum;
  readonly resetsCollide: boolean;
  readonly boundsReconciled: boolean;
}

const nothing = (): number => 0;

export const compensatedSum = (first: Histogram): CompensatedSum => ({ sum: first, compensation: mapCounts(first, nothing) });

/** Neumaier's step; an infinite total has no compensation (Prometheus' kahansum.Inc). */
const step = (value: number, sum: number, compensation: number): [number, number] => {
  const total = sum + value;
  if (total === Infinity || total === -Infinity) return [total, 0];
  return [total, compensation + (Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum)];
};

const addSide = (sum: BucketSide, compensation: BucketSide, added: BucketSide): [BucketSide, BucketSide] => {
  if (added.indices.length === 0) return [sum, compensation];
  const indices = unionIndices(sum.indices, added.indices);
  const totals = spread(sum, indices).slice();
  const rests = spread(compensation, indices).slice();
  const values = spread(added, indices);
  // As `step`, but a pair for every bucket would take half of the time.
  for (let i = 0; i < indices.length; i++) {
    const value = values[i] as number;
    const before = totals[i] as number;
    const total = before + value;
    totals[i] = total;
    if (total === Infinity || total === -Infinity) rests[i] = 0;
    else rests[i] = (rests[i] as number) + (Math.abs(before) >= Math.abs(value) ? before - total + value : value - total + before);
  }
  return [{ indices, counts: totals }, { indices, counts: rests }];
};

/** The compensation in the layout that the sum was brought to. */
const compensationLike = (compensation: Histogram, before: Histogram, after: Histogram): Histogram => {
  if (usesCustomBuckets(after)) return withBounds(compensation, after.customBounds ?? new Float64Array(0));
  let own = compensation;
  if (before.zeroThreshold !== after.zeroThreshold) own = withZeroBucket(own, widerZeroBucket(own, after.zeroThreshold));
  return reduceResolution(own, after.schema);
};

/** Counts of `side` under the indices of `like`; places that `like` lacks are rounding of a sum that became 0. */
const alongside = (side: BucketSide, like: BucketSide): BucketSide => {
  if (sameIndices(side.indices, like.indices)) return side;
  const byIndex = new Map(Array.from(side.indices, (index, i) => [index, side.counts[i] as number]));
  return { indices: like.indices, counts: Float64Array.from(like.indices, (index) => byIndex.get(index) ?? 0) };
};

/** Adds one more histogram. Undefined when one has exponential and the other custom buckets. */
export const addCompensated = ({ sum, compensation }: CompensatedSum, added: Histogram): CompensatedAddition | undefined => {
  const layout = inOneLayout(sum, added);
  if (layout === undefined) return undefined;
  const { a, b, reconciled } = layout;
  const rest = compensationLike(compensation, sum, a);
  const [positive, positiveRest] = addSide(a.positive, alongside(rest.positive, a.positive), b.positive);
  const [negative, negativeRest] = addSide(a.negative, alongside(rest.negative, a.negative), b.negative);
  const [count, countRest] = step(b.count, a.count, rest.count);
  const [total, totalRest] = step(b.sum, a.sum, rest.sum);
  const [zeroCount, zeroRest] = step(b.zeroCount, a.zeroCount, rest.zeroCount);
  const counterResetHint = combinedHint(sum.counterResetHint, added.counterResetHint);
  return {
    state: {
      sum: { ...a, counterResetHint, count, sum: total, zeroCount, positive, negative },
      compensation: { ...a, count: countRest, sum: totalRest, zeroCount: zeroRest, positive: positiveRest, negative: negativeRest },
    },
    resetsCollide: resetsCollide(sum.counterResetHint, added.counterResetHint),
    boundsReconciled: reconciled,
  };
};

const addCounts = (a: BucketSide, b: BucketSide): BucketSide =>
  a.counts.length === 0 ? NO_BUCKETS : { indices: a.indices, counts: a.counts.map((count, i) => count + (b.counts[i] as number)) };

/** The sum with its compensation. */
export const totalOf = ({ sum, compensation }: CompensatedSum): Histogram => ({
  ...sum,
  count: sum.count + compensation.count,
  sum: sum.sum + compensation.sum,
  zeroCount: sum.zeroCount + compensation.zeroCount,
  positive: addCounts(sum.positive, compensation.positive),
  negative: addCounts(sum.negative, compensation.negative),
});

/** Sum and compensation through a linear `f`. */
export const mapCompensated = ({ sum, compensation }: CompensatedSum, f: (count: number) => number): CompensatedSum => ({
  sum: mapCounts(sum, f),
  compensation: mapCounts(compensation, f),
});

const isInfinite = (value: number): boolean => value === Infinity || value === -Infinity;

/** Whether any count or the sum is infinite. */
export const hasOverflow = (histogram: Histogram): boolean =>
  isInfinite(histogram.count) ||
  isInfinite(histogram.sum) ||
  isInfinite(histogram.zeroCount) ||
  histogram.positive.counts.some(isInfinite) ||
  histogram.negative.counts.some(isInfinite);
