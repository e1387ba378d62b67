/** One cumulative bucket of a classic histogram: observations up to `upperBound`. */
export interface Bucket {
  readonly upperBound: number;
  count: number;
}

/** Decreases below this part of the counts are rounding, not a fault of the source (Prometheus' smallDeltaTolerance). */
const SMALL_DELTA = 1e-12;

export interface BucketQuantile {
  readonly value: number;
  /** The counts decreased and were raised to be monotonic. */
  readonly forced: boolean;
}

/** Buckets with the same bound become one; input sorted by bound. */
const merged = (buckets: readonly Bucket[]): Bucket[] => {
  const output: Bucket[] = [];
  for (const bucket of buckets) {
    const last = output.at(-1);
    if (last !== undefined && last.upperBound === bucket.upperBound) last.count += bucket.count;
    else output.push({ ...bucket });
  }
  return output;
};

const nearlyEqual = (a: number, b: number): boolean => {
  const sum = Math.abs(a) + Math.abs(b);
  // Go's smallest normal float64; below it relative errors mean nothing.
  if (a === 0 || b === 0 || sum < 2 ** -1022) return Math.abs(a - b) < SMALL_DELTA * 2 ** -1022;
  return Math.abs(a - b) / Math.min(sum, Number.MAX_VALUE) < SMALL_DELTA;
};

/** Raises counts that fall below their predecessor; whether any did by more than rounding. */
const makeMonotonic = (buckets: readonly Bucket[]): boolean => {
  let forced = false;
  let previous = (buckets[0] as Bucket).count;
  for (const bucket of buckets) {
    if (bucket.count === previous) continue;
    if (nearlyEqual(previous, bucket.count)) bucket.count = previous;
    else if (bucket.count < previous) {
      bucket.count = previous;
      forced = true;
    } else previous = bucket.count;
  }
  return forced;
};

const interpolate = (q: number, buckets: readonly Bucket[]): number => {
  const last = buckets.at(-1) as Bucket;
  let rank = q * last.count;
  let at = buckets.findIndex((bucket, i) => i < buckets.length - 1 && bucket.count >= rank);
  if (at === -1) at = buckets.length - 1;
  const { upperBound, count } = buckets[at] as Bucket;
  // The last bucket has no upper end to interpolate towards.
  if (at === buckets.length - 1) return (buckets[at - 1] as Bucket).upperBound;
  if (at === 0) return upperBound <= 0 ? upperBound : upperBound * (rank / count);
  const below = buckets[at - 1] as Bucket;
  rank -= below.count;
  return below.upperBound + (upperBound - below.upperBound) * (rank / (count - below.count));
};

/** The q-quantile of a classic histogram. NaN without a +Inf bucket, a second bucket, or observations. */
export const bucketQuantile = (q: number, unsorted: readonly Bucket[]): BucketQuantile => {
  if (Number.isNaN(q)) return { value: NaN, forced: false };
  if (q < 0 || q > 1) return { value: q < 0 ? -Infinity : Infinity, forced: false };
  const sorted = unsorted.toSorted((a, b) => (a.upperBound === b.upperBound ? 0 : a.upperBound - b.upperBound));
  if (sorted.at(-1)?.upperBound !== Infinity) return { value: NaN, forced: false };
  const buckets = merged(sorted);
  const forced = makeMonotonic(buckets);
  if (buckets.length < 2 || (buckets.at(-1) as Bucket).count === 0) return { value: NaN, forced };
  return { value: interpolate(q, buckets), forced };
};

/** The counts up to `value`, by linear interpolation; undefined when it lies above all buckets. */
const rankAt = (value: number, buckets: readonly Bucket[]): number | undefined => {
  let rank = 0;
  let lower = (buckets[0] as Bucket).upperBound <= 0 ? -Infinity : 0;
  for (const { upperBound, count } of buckets) {
    if (lower >= value) return rank;
    // Nothing is known of where in a bucket without a lower end the observations lie.
    if (upperBound > value) return lower === -Infinity ? count : rank + ((count - rank) * (value - lower)) / (upperBound - lower);
    rank = count;
    lower = upperBound;
  }
  return undefined;
};

/** The part of the observations of a classic histogram between two values. NaN without a +Inf bucket or observations. */
export const bucketFraction = (lower: number, upper: number, unsorted: readonly Bucket[]): number => {
  const sorted = unsorted.toSorted((a, b) => (a.upperBound === b.upperBound ? 0 : a.upperBound - b.upperBound));
  if (sorted.at(-1)?.upperBound !== Infinity) return NaN;
  const buckets = merged(sorted);
  const { count } = buckets.at(-1) as Bucket;
  if (count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return NaN;
  if (lower >= upper) return 0;
  const rank = (value: number): number => Math.min(rankAt(value, buckets) ?? count, count);
  return (rank(upper) - rank(lower)) / count;
};
