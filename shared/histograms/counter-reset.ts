import { reconcileBounds } from './custom-bounds.ts';
import { type BucketSide, type Histogram, sameBounds, usesCustomBuckets } from './histogram.ts';
import { coarserSide, outsideThreshold, widerZeroBucket } from './resolution.ts';

/** Whether a populated bucket of `previous` is less, or missing, in `current`. */
const hasDecrease = (current: BucketSide, previous: BucketSide): boolean => {
  let place = 0;
  for (let i = 0; i < previous.indices.length; i++) {
    const index = previous.indices[i] as number;
    while (place < current.indices.length && (current.indices[place] as number) < index) place++;
    const count = current.indices[place] === index ? (current.counts[place] as number) : undefined;
    const before = previous.counts[i] as number;
    if (count === undefined ? before !== 0 : count < before) return true;
  }
  return false;
};

const exponentialReset = (current: Histogram, previous: Histogram): boolean => {
  const { schema, zeroThreshold } = current;
  const zero = widerZeroBucket(previous, zeroThreshold);
  // The threshold lies within a populated bucket of the previous one, which takes a reset.
  if (zero.threshold !== zeroThreshold || current.zeroCount < zero.count) return true;
  // What lies within the threshold goes before buckets are merged: a coarse bucket across the threshold holds what is outside.
  const comparable = (side: BucketSide, ownSchema: number): BucketSide => coarserSide(outsideThreshold(side, ownSchema, zeroThreshold), ownSchema - schema);
  return (
    hasDecrease(comparable(current.positive, schema), comparable(previous.positive, previous.schema)) ||
    hasDecrease(comparable(current.negative, schema), comparable(previous.negative, previous.schema))
  );
};

/**
 * Whether a counter was reset between two histograms: any count decreased, a populated bucket vanished, the resolution
 * rose or the zero threshold fell. A hint of `current` decides without looking. (Prometheus, FloatHistogram.DetectReset.)
 */
export const detectReset = (current: Histogram, previous: Histogram): boolean => {
  if (current.counterResetHint === 'reset') return true;
  if (current.counterResetHint === 'not_reset') return false;
  if (current.count < previous.count) return true;
  if (usesCustomBuckets(current)) {
    if (!usesCustomBuckets(previous)) return true;
    if (sameBounds(current.customBounds, previous.customBounds)) return hasDecrease(current.positive, previous.positive);
    const { a, b } = reconcileBounds(current, previous);
    return hasDecrease(a.positive, b.positive);
  }
  // Custom buckets have the lowest schema of all, so that a change from them is a reset by this rule.
  if (current.schema > previous.schema || current.zeroThreshold < previous.zeroThreshold) return true;
  return exponentialReset(current, previous);
};
