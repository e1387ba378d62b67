import { type Histogram, usesCustomBuckets } from './histogram.ts';

/** 2^(i / 2^schema) for i = 0 … 2^schema − 1, per schema from 0 on. */
const FRACTIONS: readonly Float64Array[] = Array.from({ length: 9 }, (_, schema) =>
  Float64Array.from({ length: 2 ** schema }, (__, i) => 2 ** (i / 2 ** schema)),
);

/**
 * The upper bound of the positive bucket `index`. The bound that would be 2^1024 is the greatest finite number, so that it
 * is told from the overflow bucket above it (Prometheus, model/histogram/generic.go).
 */
export const exponentialBound = (index: number, schema: number): number => {
  const perPower = 2 ** schema;
  const exponent = Math.floor(index / perPower);
  if (exponent >= 1024) return index === 1024 * perPower ? Number.MAX_VALUE : Infinity;
  const fraction = schema <= 0 ? 1 : ((FRACTIONS[schema] as Float64Array)[index - exponent * perPower] as number);
  return 2 ** exponent * fraction;
};

/** The upper bound of the bucket `index`; of custom buckets -Inf below the first and +Inf at the last. */
const upperBound = (histogram: Histogram, index: number): number => {
  if (!usesCustomBuckets(histogram)) return exponentialBound(index, histogram.schema);
  if (index < 0) return -Infinity;
  return histogram.customBounds?.[index] ?? Infinity;
};

/** How the API tells which ends belong to a bucket: 0 = the upper, 1 = the lower, 2 = none, 3 = both. */
export type Boundaries = 0 | 1 | 2 | 3;

export interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

/** A bucket of the positive side, by its place in the list. */
export const positiveBucket = (histogram: Histogram, place: number): Bucket => {
  const index = histogram.positive.indices[place] as number;
  const count = histogram.positive.counts[place] as number;
  return { lower: upperBound(histogram, index - 1), upper: upperBound(histogram, index), count };
};

/** A bucket of the negative side, by its place in the list: place 0 is the one next to zero. */
export const negativeBucket = (histogram: Histogram, place: number): Bucket => {
  const index = histogram.negative.indices[place] as number;
  const count = histogram.negative.counts[place] as number;
  return { lower: -upperBound(histogram, index), upper: -upperBound(histogram, index - 1), count };
};

export const zeroBucket = ({ zeroThreshold, zeroCount }: Histogram): Bucket => ({ lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount });

/** The part of a bucket outside of the zero bucket. */
const outsideZero = (bucket: Bucket, zeroThreshold: number): Bucket => {
  if (bucket.upper < 0 && bucket.upper > -zeroThreshold) return { ...bucket, upper: -zeroThreshold };
  if (bucket.lower > 0 && bucket.lower < zeroThreshold) return { ...bucket, lower: zeroThreshold };
  return bucket;
};

/** All buckets from the lowest to the highest, the zero bucket where it has observations. */
export const allBuckets = (histogram: Histogram): Bucket[] => {
  const { negative, positive, zeroThreshold } = histogram;
  const buckets: Bucket[] = [];
  for (let place = negative.counts.length - 1; place >= 0; place--) buckets.push(outsideZero(negativeBucket(histogram, place), zeroThreshold));
  if (histogram.zeroCount > 0) buckets.push(zeroBucket(histogram));
  for (let place = 0; place < positive.counts.length; place++) buckets.push(outsideZero(positiveBucket(histogram, place), zeroThreshold));
  return buckets;
};

/** Which ends belong to a bucket of {@link allBuckets}. */
export const boundariesOf = (histogram: Histogram, { lower, upper }: Bucket): Boundaries => {
  if (usesCustomBuckets(histogram)) return lower === -Infinity ? 3 : 0;
  if (lower < 0) return upper > 0 ? 3 : 1;
  return upper > 0 ? 0 : 2;
};
