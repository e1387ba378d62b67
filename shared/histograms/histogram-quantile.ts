import { allBuckets, type Bucket } from './bucket-bounds.ts';
import { type Histogram, usesCustomBuckets } from './histogram.ts';

/** What NaN observations, which lie in no bucket, did to an answer. */
export type NanEffect = 'none' | 'isNaN' | 'skewed' | 'excluded';

export interface Estimate {
  readonly value: number;
  readonly nanEffect: NanEffect;
}

const plain = (value: number): Estimate => ({ value, nanEffect: 'none' });

/** The zero bucket ends at 0 on a side that has no buckets while the other has some. */
export const zeroBucketEnds = ({ positive, negative }: Histogram, bucket: Bucket): Bucket => {
  if (negative.counts.length === 0 && positive.counts.length > 0) return { ...bucket, lower: 0 };
  if (positive.counts.length === 0 && negative.counts.length > 0) return { ...bucket, upper: 0 };
  return bucket;
};

/** Linear in the zero bucket and custom buckets; elsewhere as if finer buckets were filled evenly (exponential). */
const interpolate = (histogram: Histogram, { lower, upper }: Bucket, fraction: number): number => {
  if (usesCustomBuckets(histogram) || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * fraction;
  const [low, high] = [Math.log2(Math.abs(lower)), Math.log2(Math.abs(upper))];
  return lower > 0 ? 2 ** (low + (high - low) * fraction) : -(2 ** (high + (low - high) * (1 - fraction)));
};

interface Found {
  readonly bucket: Bucket;
  /** Observations up to and including the bucket, from the side the search came from. */
  readonly reached: number;
  readonly place: number;
}

/** The first populated bucket at which `rank` observations are reached, else the last one looked at. */
const findRank = (buckets: readonly Bucket[], rank: number): Found => {
  let reached = 0;
  let bucket: Bucket = { lower: 0, upper: 0, count: 0 };
  for (let place = 0; place < buckets.length; place++) {
    bucket = buckets[place] as Bucket;
    if (bucket.count === 0) continue;
    reached += bucket.count;
    if (reached >= rank) return { bucket, reached, place };
  }
  return { bucket, reached, place: buckets.length };
};

const customEnds = ({ lower, upper, count }: Bucket): number | Bucket => {
  if (lower === -Infinity) return upper <= 0 ? upper : { lower: 0, upper, count };
  return upper === Infinity ? lower : { lower, upper, count };
};

const isSkewed = (histogram: Histogram, buckets: readonly Bucket[], { reached, place }: Found): boolean => {
  if (!Number.isNaN(histogram.sum)) return false;
  let total = reached;
  for (const { count } of buckets.slice(place + 1)) total += count;
  return total < histogram.count;
};

/**
 * The q-quantile of the observations, ±Infinity for q outside of [0, 1], NaN without observations. A search from the
 * nearer end keeps rounding small; with NaN observations only the one from below is right.
 * (Prometheus, promql/quantile.go, HistogramQuantile.)
 */
export const histogramQuantile = (q: number, histogram: Histogram): Estimate => {
  if (q < 0) return plain(-Infinity);
  if (q > 1) return plain(Infinity);
  if (histogram.count === 0 || Number.isNaN(q)) return plain(NaN);
  const fromBelow = Number.isNaN(histogram.sum) || q < 0.5;
  const rank = (fromBelow ? q : 1 - q) * histogram.count;
  const buckets = fromBelow ? allBuckets(histogram) : allBuckets(histogram).toReversed();
  const found = findRank(buckets, rank);
  let { bucket } = found;
  if (usesCustomBuckets(histogram)) {
    const ends = customEnds(bucket);
    if (typeof ends === 'number') return plain(ends);
    bucket = ends;
  } else if (bucket.lower < 0 && bucket.upper > 0) bucket = zeroBucketEnds(histogram, bucket);
  const reached = Math.min(found.reached, histogram.count);
  if (reached < rank) return Number.isNaN(histogram.sum) ? { value: NaN, nanEffect: 'isNaN' } : plain(bucket.upper);
  const inside = fromBelow ? rank - (reached - bucket.count) : reached - rank;
  const value = interpolate(histogram, bucket, inside / bucket.count);
  return { value, nanEffect: isSkewed(histogram, buckets, found) ? 'skewed' : 'none' };
};
