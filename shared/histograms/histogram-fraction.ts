import { allBuckets, type Bucket } from './bucket-bounds.ts';
import { type Estimate, zeroBucketEnds } from './histogram-quantile.ts';
import { type Histogram, usesCustomBuckets } from './histogram.ts';

/** The part of a bucket's observations up to `value`, which lies inside of it. */
const partBelow = ({ lower, upper }: Bucket, value: number, isLinear: boolean): number => {
  if (isLinear) return (value - lower) / (upper - lower);
  const [low, high, at] = [Math.log2(Math.abs(lower)), Math.log2(Math.abs(upper)), Math.log2(Math.abs(value))];
  return value > 0 ? (at - low) / (high - low) : 1 - (at - high) / (low - high);
};

/** The observations up to `value`; undefined when it lies above all buckets. */
const rankOf = (histogram: Histogram, buckets: readonly Bucket[], value: number): number | undefined => {
  let rank = 0;
  for (const listed of buckets) {
    const isZero = listed.lower <= 0 && listed.upper >= 0;
    const bucket = isZero ? zeroBucketEnds(histogram, listed) : listed;
    if (bucket.lower >= value) return rank;
    if (bucket.upper > value) {
      // Nothing is known of where in a bucket without a lower end the observations lie.
      if (bucket.lower === -Infinity) return bucket.count;
      return rank + bucket.count * partBelow(bucket, value, isZero || usesCustomBuckets(histogram));
    }
    rank += bucket.count;
  }
  return undefined;
};

/**
 * The part of all observations between two values, interpolated as {@link histogramQuantile} does. NaN observations count
 * as observations that lie nowhere. (Prometheus, promql/quantile.go, HistogramFraction.)
 */
export const histogramFraction = (lower: number, upper: number, histogram: Histogram): Estimate => {
  if (histogram.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return { value: NaN, nanEffect: 'none' };
  if (lower >= upper) return { value: 0, nanEffect: 'none' };
  const buckets = allBuckets(histogram);
  const inBuckets = Number.isNaN(histogram.sum) ? buckets.reduce((total, { count }) => total + count, 0) : histogram.count;
  const lowerRank = Math.min(rankOf(histogram, buckets, lower) ?? inBuckets, inBuckets);
  const upperRank = Math.min(rankOf(histogram, buckets, upper) ?? inBuckets, inBuckets);
  return { value: (upperRank - lowerRank) / histogram.count, nanEffect: inBuckets < histogram.count ? 'excluded' : 'none' };
};
