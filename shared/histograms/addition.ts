import { reconcileBounds } from './custom-bounds.ts';
import { type BucketSide, type CounterResetHint, type Histogram, sameBucketKind, sameIndices, usesCustomBuckets } from './histogram.ts';
import { aligned } from './resolution.ts';

export interface Combined {
  readonly histogram: Histogram;
  /** One side said that there was a counter reset, the other that there was none. */
  readonly resetsCollide: boolean;
  /** The custom bounds differed: only the ones in common are left. */
  readonly boundsReconciled: boolean;
}

/** The hint of a sum: gauge beats all, unknown beats the other two, and these two together are unknown. */
export const combinedHint = (a: CounterResetHint, b: CounterResetHint): CounterResetHint => {
  if (a === b) return a;
  return a === 'gauge' || b === 'gauge' ? 'gauge' : 'unknown';
};

export const resetsCollide = (a: CounterResetHint, b: CounterResetHint): boolean =>
  (a === 'reset' && b === 'not_reset') || (a === 'not_reset' && b === 'reset');

/** All indices of both lists, ascending. */
export const unionIndices = (a: Int32Array, b: Int32Array): Int32Array => {
  if (sameIndices(a, b)) return a;
  const union = new Int32Array(a.length + b.length);
  let [i, j, length] = [0, 0, 0];
  while (i < a.length || j < b.length) {
    const next = Math.min(a[i] ?? Infinity, b[j] ?? Infinity);
    if (a[i] === next) i++;
    if (b[j] === next) j++;
    union[length++] = next;
  }
  return union.subarray(0, length);
};

/** The counts of `side` at the places of `indices`, which list at least its own. */
export const spread = (side: BucketSide, indices: Int32Array): Float64Array => {
  if (side.indices.length === indices.length) return side.counts;
  const counts = new Float64Array(indices.length);
  let place = 0;
  for (let i = 0; i < indices.length && place < side.indices.length; i++) {
    if (indices[i] === side.indices[place]) counts[i] = side.counts[place++] as number;
  }
  return counts;
};

const combineSides = (a: BucketSide, b: BucketSide, sign: 1 | -1): BucketSide => {
  if (b.indices.length === 0) return a;
  const indices = unionIndices(a.indices, b.indices);
  const other = spread(b, indices);
  return { indices, counts: spread(a, indices).map((count, i) => count + sign * (other[i] as number)) };
};

/** Both in one layout. Undefined when one has exponential and the other custom buckets. */
export const inOneLayout = (a: Histogram, b: Histogram): { readonly a: Histogram; readonly b: Histogram; readonly reconciled: boolean } | undefined => {
  if (!sameBucketKind(a, b)) return undefined;
  if (usesCustomBuckets(a)) return reconcileBounds(a, b);
  const [left, right] = aligned(a, b);
  return { a: left, b: right, reconciled: false };
};

const combine = (a: Histogram, b: Histogram, sign: 1 | -1): Combined | undefined => {
  const layout = inOneLayout(a, b);
  if (layout === undefined) return undefined;
  const { a: left, b: right } = layout;
  const histogram: Histogram = {
    ...left,
    counterResetHint: combinedHint(a.counterResetHint, b.counterResetHint),
    count: left.count + sign * right.count,
    sum: left.sum + sign * right.sum,
    zeroCount: left.zeroCount + sign * right.zeroCount,
    positive: combineSides(left.positive, right.positive, sign),
    negative: combineSides(left.negative, right.negative, sign),
  };
  return { histogram, resetsCollide: resetsCollide(a.counterResetHint, b.counterResetHint), boundsReconciled: layout.reconciled };
};

/**
 * a + b in the finest layout both have in common; buckets that become 0 stay listed. Undefined when one has exponential
 * and the other custom buckets.
 */
export const add = (a: Histogram, b: Histogram): Combined | undefined => combine(a, b, 1);

/** a − b, as {@link add}. */
export const subtract = (a: Histogram, b: Histogram): Combined | undefined => combine(a, b, -1);
