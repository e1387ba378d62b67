import { exponentialBound, negativeBucket, positiveBucket } from './bucket-bounds.ts';
import { type BucketSide, compact, type Histogram, usesCustomBuckets } from './histogram.ts';

/** The index that holds bucket `index` when the schema is lowered by `levels`. */
export const coarserIndex = (index: number, levels: number): number => Math.floor((index - 1) / 2 ** levels) + 1;

/** The buckets of a side as a schema lower by `levels` has them. */
export const coarserSide = (side: BucketSide, levels: number): BucketSide => {
  if (levels === 0 || side.indices.length === 0) return side;
  const indices = new Int32Array(side.indices.length);
  const counts = new Float64Array(side.indices.length);
  let last = -1;
  for (let i = 0; i < side.indices.length; i++) {
    const index = coarserIndex(side.indices[i] as number, levels);
    if (last === -1 || indices[last] !== index) indices[++last] = index;
    counts[last] = (counts[last] as number) + (side.counts[i] as number);
  }
  return { indices: indices.slice(0, last + 1), counts: counts.slice(0, last + 1) };
};

/** The same observations in the coarser buckets of `schema`, which is not above the histogram's own. */
export const reduceResolution = (histogram: Histogram, schema: number): Histogram => {
  const levels = histogram.schema - schema;
  if (levels === 0) return histogram;
  return { ...histogram, schema, positive: coarserSide(histogram.positive, levels), negative: coarserSide(histogram.negative, levels) };
};

interface ZeroBucket {
  readonly threshold: number;
  readonly count: number;
}

/**
 * The zero bucket of `histogram` when it is widened to at least `threshold`: a populated bucket in which the new threshold
 * falls goes into it as a whole, which moves the threshold on.
 */
export const widerZeroBucket = (histogram: Histogram, threshold: number): ZeroBucket => {
  if (threshold === histogram.zeroThreshold) return { threshold, count: histogram.zeroCount };
  let reached = threshold;
  for (;;) {
    let count = histogram.zeroCount;
    let moved = false;
    for (let place = 0; place < histogram.positive.counts.length; place++) {
      const bucket = positiveBucket(histogram, place);
      if (bucket.lower >= reached) break;
      count += bucket.count;
      if (bucket.upper > reached && bucket.count !== 0) reached = bucket.upper;
    }
    for (let place = 0; place < histogram.negative.counts.length; place++) {
      const bucket = negativeBucket(histogram, place);
      if (bucket.upper <= -reached) break;
      count += bucket.count;
      if (bucket.lower < -reached && bucket.count !== 0) {
        reached = -bucket.lower;
        // The positive side was judged by the smaller threshold.
        moved = true;
        break;
      }
    }
    if (!moved) return { threshold: reached, count };
  }
};

/** The buckets of a side above the zero threshold. */
export const outsideThreshold = (side: BucketSide, schema: number, threshold: number): BucketSide => {
  let inside = 0;
  while (inside < side.indices.length && exponentialBound(side.indices[inside] as number, schema) <= threshold) inside++;
  return inside === 0 ? side : { indices: side.indices.subarray(inside), counts: side.counts.subarray(inside) };
};

/** Widened to the zero bucket `zero`, whose buckets inside are gone. */
export const withZeroBucket = (histogram: Histogram, zero: ZeroBucket): Histogram => {
  if (zero.threshold === histogram.zeroThreshold) return histogram;
  const { schema } = histogram;
  return compact({
    ...histogram,
    zeroThreshold: zero.threshold,
    zeroCount: zero.count,
    positive: outsideThreshold(histogram.positive, schema, zero.threshold),
    negative: outsideThreshold(histogram.negative, schema, zero.threshold),
  });
};

/** NaN too is the same as itself, and 0 as -0: a loop until two thresholds meet must end. */
const sameThreshold = (a: number, b: number): boolean => a === b || (Number.isNaN(a) && Number.isNaN(b));

/** Both with the same zero threshold and schema, the least coarse they have in common. Exponential histograms only. */
export const aligned = (a: Histogram, b: Histogram): [Histogram, Histogram] => {
  if (usesCustomBuckets(a)) return [a, b];
  let [left, right] = [a, b];
  while (!sameThreshold(left.zeroThreshold, right.zeroThreshold)) {
    if (left.zeroThreshold > right.zeroThreshold) right = withZeroBucket(right, widerZeroBucket(right, left.zeroThreshold));
    else left = withZeroBucket(left, widerZeroBucket(left, right.zeroThreshold));
  }
  const schema = Math.min(left.schema, right.schema);
  return [reduceResolution(left, schema), reduceResolution(right, schema)];
};
