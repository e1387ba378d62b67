import { type BucketSide, type Histogram, usesCustomBuckets } from './histogram.ts';
import { HISTOGRAM_BUCKETS_MAX, SCHEMA_MAX, SCHEMA_MIN } from './histogram-bytes.ts';

const total = ({ counts }: BucketSide): number => counts.reduce((sum, count) => sum + count, 0);

const isBad = (count: number): boolean => !(count >= 0 && count < Infinity);

/**
 * Why a histogram that a sender sent cannot be stored; undefined where it can. Prometheus' own rules (model/histogram, `Validate`):
 * integer counts of buckets make up the count, unless the sum is NaN: NaN observations are in no bucket.
 */
export const histogramFault = (histogram: Histogram, hasIntegers: boolean): string | undefined => {
  const { schema, zeroThreshold, positive, negative } = histogram;
  const buckets = positive.counts.length + negative.counts.length;
  if (buckets > HISTOGRAM_BUCKETS_MAX) return `a histogram of more than ${HISTOGRAM_BUCKETS_MAX} buckets`;
  if (usesCustomBuckets(histogram)) return customFault(histogram) ?? countsFault(histogram, hasIntegers);
  if (!(schema >= SCHEMA_MIN && schema <= SCHEMA_MAX)) return `a histogram of schema ${schema}, ${SCHEMA_MIN} to ${SCHEMA_MAX} allowed`;
  if (!(zeroThreshold >= 0 && zeroThreshold < Infinity)) return 'a histogram with a zero threshold that is no number from 0';
  return countsFault(histogram, hasIntegers);
};

const countsFault = ({ count, sum, zeroCount, positive, negative }: Histogram, hasIntegers: boolean): string | undefined => {
  if (isBad(count) || isBad(zeroCount) || positive.counts.some(isBad) || negative.counts.some(isBad)) return 'a histogram with a count that is no number from 0';
  if (!hasIntegers) return undefined;
  const inBuckets = zeroCount + total(positive) + total(negative);
  if (Number.isNaN(sum) ? inBuckets > count : inBuckets !== count) return 'a histogram whose buckets do not make up its count';
  return undefined;
};

const customFault = ({ customBounds = new Float64Array(0), zeroThreshold, zeroCount, positive, negative }: Histogram): string | undefined => {
  if (zeroThreshold !== 0 || zeroCount !== 0 || negative.counts.length > 0) return 'a histogram with custom buckets and a zero bucket or negative ones';
  if (customBounds.length > HISTOGRAM_BUCKETS_MAX) return `a histogram of more than ${HISTOGRAM_BUCKETS_MAX} custom bounds`;
  const ascends = customBounds.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > (customBounds[i - 1] as number)));
  if (!ascends) return 'a histogram with custom bounds that do not ascend';
  const isOutside = positive.indices.some((index) => index < 0 || index > customBounds.length);
  return isOutside ? 'a histogram with buckets beyond its custom bounds' : undefined;
};
