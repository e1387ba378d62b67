import { type Bucket, negativeBucket, positiveBucket, zeroBucket } from './bucket-bounds.ts';
import { type BucketSide, compact, type Histogram, usesCustomBuckets } from './histogram.ts';

/** Which observations stay: those below the cut (`</`) or those above (`>/`). */
export type KeptPart = 'below' | 'above';

/** Observations that stay of a bucket, and the value each of them stands for in the sum. */
interface Kept {
  readonly count: number;
  readonly value: number;
}

const finiteOrZero = (value: number): number => (Number.isFinite(value) ? value : 0);

const middle = (lower: number, upper: number, isLinear: boolean): number => {
  if (!Number.isFinite(lower)) {
    if (!Number.isFinite(upper)) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (!Number.isFinite(upper)) return lower;
  if (isLinear) return (lower + upper) / 2;
  const size = Math.sqrt(Math.abs(lower * upper));
  return upper > 0 ? size : -size;
};

/** The part of an exponential or custom bucket below the cut, which lies inside of it. */
const fractionBelow = ({ lower, upper }: Bucket, cut: number, isLinear: boolean): number => {
  if (isLinear) return (cut - lower) / (upper - lower);
  const [low, high, at] = [Math.log2(Math.abs(lower)), Math.log2(Math.abs(upper)), Math.log2(Math.abs(cut))];
  return upper > 0 ? (at - low) / (high - low) : 1 - (at - high) / (low - high);
};

/** Below an infinite lower bound: a positive upper bound makes 0 the lower one, as for quantiles; else nothing is known. */
const cutOpenBelow = ({ upper, count }: Bucket, cut: number, kept: KeptPart): Kept => {
  const isPositive = upper > 0 && upper !== Infinity;
  if (kept === 'below') {
    if (cut > 0 && isPositive) return { count: (count * cut) / upper, value: cut / 2 };
    return upper <= 0 ? { count, value: cut } : { count: 0, value: finiteOrZero(upper) };
  }
  if (cut >= 0 && isPositive) return { count: count * (1 - cut / upper), value: (cut + upper) / 2 };
  return { count: 0, value: finiteOrZero(upper) };
};

/** Above the last custom bound all observations count as being above the cut. */
const cutOpenAbove = ({ lower, count }: Bucket, cut: number, kept: KeptPart): Kept =>
  kept === 'above' ? { count, value: cut } : { count: 0, value: lower };

const cutInside = (bucket: Bucket, cut: number, kept: KeptPart, isLinear: boolean): Kept => {
  if (bucket.lower === -Infinity) return cutOpenBelow(bucket, cut, kept);
  if (bucket.upper === Infinity) return cutOpenAbove(bucket, cut, kept);
  const below = bucket.count * fractionBelow(bucket, cut, isLinear);
  if (kept === 'below') return { count: below, value: middle(bucket.lower, cut, isLinear) };
  return { count: bucket.count - below, value: middle(cut, bucket.upper, isLinear) };
};

const cutBucket = (bucket: Bucket, cut: number, kept: KeptPart, isLinear: boolean): Kept => {
  const { lower, upper, count } = bucket;
  if (kept === 'below' ? upper <= cut : lower >= cut) return { count, value: middle(lower, upper, isLinear) };
  if (kept === 'below' ? lower < cut : upper > cut) return cutInside(bucket, cut, kept, isLinear);
  return { count: 0, value: 0 };
};

/** The zero bucket ends at 0 on a side where nothing was observed while the other has observations. */
const cutZeroBucket = (bucket: Bucket, cut: number, kept: KeptPart, hasNegative: boolean, hasPositive: boolean): Kept => {
  const lower = hasPositive && !hasNegative ? 0 : bucket.lower;
  const upper = hasNegative && !hasPositive ? 0 : bucket.upper;
  if (kept === 'below' ? cut <= lower : cut >= upper) return { count: 0, value: 0 };
  if (kept === 'below' ? cut >= upper : cut <= lower) return { count: bucket.count, value: (lower + upper) / 2 };
  const [from, to] = kept === 'below' ? [lower, cut] : [cut, upper];
  return { count: bucket.count * ((to - from) / (upper - lower)), value: (from + to) / 2 };
};

const isPopulated = ({ counts }: BucketSide): boolean => counts.some((count) => count !== 0);

class Trimming {
  count = 0;
  sum = 0;
  changed = false;
  private readonly histogram: Histogram;
  private readonly cut: number;
  private readonly kept: KeptPart;

  constructor(histogram: Histogram, cut: number, kept: KeptPart) {
    this.histogram = histogram;
    this.cut = cut;
    this.kept = kept;
  }

  side(side: BucketSide, bucketAt: (histogram: Histogram, place: number) => Bucket): BucketSide {
    const isLinear = usesCustomBuckets(this.histogram);
    const counts = side.counts.map((count, place) =>
      count === 0 ? 0 : this.keep(cutBucket(bucketAt(this.histogram, place), this.cut, this.kept, isLinear), count),
    );
    return { indices: side.indices, counts };
  }

  zero(): number {
    const { histogram } = this;
    if (!(histogram.zeroCount > 0)) return histogram.zeroCount;
    const kept = cutZeroBucket(zeroBucket(histogram), this.cut, this.kept, isPopulated(histogram.negative), isPopulated(histogram.positive));
    return this.keep(kept, histogram.zeroCount);
  }

  private keep({ count, value }: Kept, before: number): number {
    if (count !== before) this.changed = true;
    this.count += count;
    this.sum += value * count;
    return count;
  }
}

/**
 * The histogram of the observations on one side of `cut`. Within a bucket they are taken to be spread evenly (custom
 * buckets, zero bucket) or exponentially; the sum is estimated from the middles of what stays, unless nothing was cut.
 * (Prometheus, FloatHistogram.TrimBuckets.)
 */
export const trim = (histogram: Histogram, cut: number, kept: KeptPart): Histogram => {
  const trimming = new Trimming(histogram, cut, kept);
  const positive = trimming.side(histogram.positive, positiveBucket);
  const negative = trimming.side(histogram.negative, negativeBucket);
  const zeroCount = trimming.zero();
  if (!trimming.changed) return histogram;
  return compact({ ...histogram, count: trimming.count, sum: trimming.sum, zeroCount, positive, negative });
};
