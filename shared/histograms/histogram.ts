/** What is known about a counter reset between a histogram and the one before it; a gauge histogram has none. */
export type CounterResetHint = 'unknown' | 'reset' | 'not_reset' | 'gauge';

/**
 * The buckets of one side of zero, ascending by index, each index once. A bucket that is listed with count 0 is not the
 * same as none: some rules ask whether a side has buckets at all. Layouts that are equal may share `indices`.
 */
export interface BucketSide {
  readonly indices: Int32Array;
  readonly counts: Float64Array;
}

/**
 * A native histogram with float counts, immutable. Exponential schemas −4 … 8: bucket i of the positive side holds
 * (base^(i−1), base^i] with base = 2^(2^−schema), the negative side mirrors it, and [−zeroThreshold, zeroThreshold] is the
 * zero bucket. Schema −53: bucket i holds (customBounds[i−1], customBounds[i]], the last one everything above; there
 * is no zero bucket and no negative side. (Prometheus, model/histogram.)
 */
export interface Histogram {
  readonly schema: number;
  readonly counterResetHint: CounterResetHint;
  readonly count: number;
  readonly sum: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positive: BucketSide;
  readonly negative: BucketSide;
  /** Strictly ascending, without +Inf; undefined for exponential schemas. */
  readonly customBounds: Float64Array | undefined;
}

export const CUSTOM_SCHEMA = -53;

export const NO_BUCKETS: BucketSide = { indices: new Int32Array(0), counts: new Float64Array(0) };

export const EMPTY_HISTOGRAM: Histogram = {
  schema: 0,
  counterResetHint: 'unknown',
  count: 0,
  sum: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  positive: NO_BUCKETS,
  negative: NO_BUCKETS,
  customBounds: undefined,
};

export const usesCustomBuckets = ({ schema }: Histogram): boolean => schema === CUSTOM_SCHEMA;

/** One mixes with the other: both exponential or both with custom buckets. */
export const sameBucketKind = (a: Histogram, b: Histogram): boolean => usesCustomBuckets(a) === usesCustomBuckets(b);

/** Whether two sides list the same buckets. */
export const sameIndices = (a: Int32Array, b: Int32Array): boolean => {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
};

/** Whether two lists of custom bounds are the same. */
export const sameBounds = (a: Float64Array | undefined, b: Float64Array | undefined): boolean => {
  if (a === b) return true;
  const [left, right] = [a ?? [], b ?? []];
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
};

const withoutEmpty = (side: BucketSide): BucketSide => {
  const { indices, counts } = side;
  let populated = 0;
  for (let i = 0; i < counts.length; i++) if (counts[i] !== 0) populated++;
  if (populated === counts.length) return side;
  const kept = { indices: new Int32Array(populated), counts: new Float64Array(populated) };
  for (let i = 0, at = 0; i < counts.length; i++) {
    if (counts[i] === 0) continue;
    kept.indices[at] = indices[i] as number;
    kept.counts[at++] = counts[i] as number;
  }
  return kept;
};

/** Without the buckets that are listed with count 0. */
export const compact = (histogram: Histogram): Histogram => {
  const positive = withoutEmpty(histogram.positive);
  const negative = withoutEmpty(histogram.negative);
  return positive === histogram.positive && negative === histogram.negative ? histogram : { ...histogram, positive, negative };
};

/** Every count and the sum through `f`; the layout and the hint stay. */
export const mapCounts = (histogram: Histogram, f: (count: number) => number): Histogram => ({
  ...histogram,
  count: f(histogram.count),
  sum: f(histogram.sum),
  zeroCount: f(histogram.zeroCount),
  positive: { indices: histogram.positive.indices, counts: histogram.positive.counts.map(f) },
  negative: { indices: histogram.negative.indices, counts: histogram.negative.counts.map(f) },
});

const asGauge = (histogram: Histogram): Histogram => ({ ...histogram, counterResetHint: 'gauge' });

/** A negative factor makes a gauge of it. */
export const multiply = (histogram: Histogram, factor: number): Histogram => {
  const scaled = mapCounts(histogram, (count) => count * factor);
  return factor < 0 ? asGauge(scaled) : scaled;
};

/** Division by 0 leaves no buckets (Prometheus' rule), a negative divisor a gauge. */
export const divide = (histogram: Histogram, divisor: number): Histogram => {
  const scaled = mapCounts(histogram, (count) => count / divisor);
  if (divisor === 0) return { ...scaled, positive: NO_BUCKETS, negative: NO_BUCKETS };
  return divisor < 0 ? asGauge(scaled) : scaled;
};

const sameSide = (a: BucketSide, b: BucketSide): boolean => {
  if (!sameIndices(a.indices, b.indices)) return false;
  for (let i = 0; i < a.counts.length; i++) if (!Object.is(a.counts[i], b.counts[i])) return false;
  return true;
};

/** The same layout and counts, bit for bit (so NaN equals NaN); hints do not matter. */
export const equalHistograms = (a: Histogram, b: Histogram): boolean =>
  a.schema === b.schema &&
  Object.is(a.count, b.count) &&
  Object.is(a.sum, b.sum) &&
  a.zeroThreshold === b.zeroThreshold &&
  Object.is(a.zeroCount, b.zeroCount) &&
  sameBounds(a.customBounds, b.customBounds) &&
  sameSide(a.negative, b.negative) &&
  sameSide(a.positive, b.positive);
