import { type Boundaries, boundariesOf, type Bucket, negativeBucket, positiveBucket, zeroBucket } from '../histograms/bucket-bounds.ts';
import type { Histogram } from '../histograms/histogram.ts';
import { formatGeneral } from './number-text.ts';

const opening = (boundaries: Boundaries): string => (boundaries === 1 || boundaries === 3 ? '[' : '(');
const closing = (boundaries: Boundaries): string => (boundaries === 0 || boundaries === 3 ? ']' : ')');

const bucketText = (bucket: Bucket, boundaries: Boundaries): string =>
  `${opening(boundaries)}${formatGeneral(bucket.lower)},${formatGeneral(bucket.upper)}${closing(boundaries)}:${formatGeneral(bucket.count)}`;

/** `{count:3, sum:4.5, [-0.001,0.001]:1, (1,2]:2}`, Prometheus' text of a histogram: the value label of count_values. */
export const formatHistogram = (histogram: Histogram): string => {
  const own = (bucket: Bucket): string => bucketText(bucket, boundariesOf(histogram, bucket));
  const populated = (buckets: readonly Bucket[]): string[] => buckets.filter(({ count }) => count !== 0).map(own);
  const negative = Array.from(histogram.negative.counts, (_, place) => negativeBucket(histogram, place));
  const positive = Array.from(histogram.positive.counts, (_, place) => positiveBucket(histogram, place));
  const parts = [
    `count:${formatGeneral(histogram.count)}`,
    `sum:${formatGeneral(histogram.sum)}`,
    ...populated(negative.toReversed()),
    ...(histogram.zeroCount === 0 ? [] : [bucketText(zeroBucket(histogram), 3)]),
    ...populated(positive),
  ];
  return `{${parts.join(', ')}}`;
};
