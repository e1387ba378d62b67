import { type BucketSide, type Histogram, NO_BUCKETS } from '../histograms/histogram.ts';
import { encodeHistogram, HISTOGRAM_BUCKETS_MAX, SCHEMA_MAX, SCHEMA_MIN } from '../histograms/histogram-bytes.ts';
import { histogramFault } from '../histograms/histogram-fault.ts';
import { reduceResolution } from '../histograms/resolution.ts';
import type { OtlpBuckets, OtlpPoint } from './otlp-shape.ts';

/** A scale above this would have more than 2^32 buckets between 1 and 2 (the data model allows any). */
const SCALE_MAX = 20;

/**
 * An exponential histogram as Prometheus' own OTLP receiver converts it: the scale is the schema, a finer one is lowered to 8, and index i
 * becomes i + 1, since Prometheus names a bucket by its upper bound. Least and greatest values are left out; without a sum it is 0.
 * @returns its one form in bytes, or why it cannot be stored.
 */
export const exponentialBytes = ({ exponential, count = 0, sum = 0 }: OtlpPoint): { readonly bytes: Uint8Array } | { readonly reason: string } => {
  if (exponential === undefined) return { reason: 'an exponential histogram without buckets' };
  const { scale, zeroCount, zeroThreshold } = exponential;
  if (!(scale >= SCHEMA_MIN && scale <= SCALE_MAX)) return { reason: `an exponential histogram of scale ${scale}, ${SCHEMA_MIN} to ${SCALE_MAX} allowed` };
  const positive = sideOf(exponential.positive);
  const negative = sideOf(exponential.negative);
  if (positive === undefined || negative === undefined) return { reason: `a histogram of more than ${HISTOGRAM_BUCKETS_MAX} buckets, or with one beyond 32 bits` };
  const sent: Histogram = { schema: scale, counterResetHint: 'unknown', count, sum, zeroThreshold: zeroThreshold + 0, zeroCount, positive, negative, customBounds: undefined };
  const histogram = scale > SCHEMA_MAX ? reduceResolution(sent, SCHEMA_MAX) : sent;
  const reason = histogramFault(histogram, true);
  return reason === undefined ? { bytes: encodeHistogram(histogram) } : { reason };
};

/** Only the buckets with observations; undefined where there are too many, or one too far away. */
const sideOf = ({ offset, counts }: OtlpBuckets): BucketSide | undefined => {
  if (counts.length > HISTOGRAM_BUCKETS_MAX || Math.abs(offset) + counts.length >= 2 ** 31) return undefined;
  const listed = [...counts.keys()].filter((i) => counts[i] !== 0);
  if (listed.length === 0) return NO_BUCKETS;
  return { indices: Int32Array.from(listed, (i) => offset + i + 1), counts: Float64Array.from(listed, (i) => counts[i] as number) };
};
