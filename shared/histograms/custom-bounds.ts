import { type BucketSide, type Histogram, sameBounds } from './histogram.ts';

/** The bounds that both lists have. */
const commonBounds = (a: Float64Array, b: Float64Array): Float64Array => {
  const other = new Set(b);
  return a.filter((bound) => other.has(bound));
};

/** The buckets of `side` under `bounds`, each in the one that holds its upper bound. `coarser` is a part of `bounds`. */
const underBounds = (side: BucketSide, bounds: Float64Array, coarser: Float64Array): BucketSide => {
  const counts = new Float64Array(coarser.length + 1);
  let target = 0;
  for (let i = 0; i < side.indices.length; i++) {
    const bound = bounds[side.indices[i] as number] ?? Infinity;
    while (target < coarser.length && (coarser[target] as number) < bound) target++;
    counts[target] = (counts[target] as number) + (side.counts[i] as number);
  }
  const indices = Int32Array.from(counts.keys()).filter((index) => counts[index] !== 0);
  return { indices, counts: Float64Array.from(indices, (index) => counts[index] as number) };
};

/** The histogram with custom buckets under fewer bounds. */
export const withBounds = (histogram: Histogram, coarser: Float64Array): Histogram => {
  const bounds = histogram.customBounds ?? new Float64Array(0);
  return sameBounds(bounds, coarser) ? histogram : { ...histogram, customBounds: coarser, positive: underBounds(histogram.positive, bounds, coarser) };
};

/** Both histograms with custom buckets under the bounds they share; whether that changed anything. */
export const reconcileBounds = (a: Histogram, b: Histogram): { readonly a: Histogram; readonly b: Histogram; readonly reconciled: boolean } => {
  if (sameBounds(a.customBounds, b.customBounds)) return { a, b, reconciled: false };
  const common = commonBounds(a.customBounds ?? new Float64Array(0), b.customBounds ?? new Float64Array(0));
  return { a: withBounds(a, common), b: withBounds(b, common), reconciled: true };
};
