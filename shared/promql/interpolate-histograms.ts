import { add, subtract } from '../histograms/addition.ts';
import { detectReset } from '../histograms/counter-reset.ts';
import { type Histogram, multiply, sameBucketKind } from '../histograms/histogram.ts';
import type { HistogramAnnotations } from './histogram-annotations.ts';

/** Between two histograms; a counter that was reset between them starts at zero. Undefined when their buckets do not compare. */
export const interpolateHistograms = (before: Histogram, after: Histogram, fraction: number, isCounter: boolean, annotations: HistogramAnnotations): Histogram | undefined => {
  if (!sameBucketKind(before, after)) return undefined;
  if (isCounter && detectReset(after, before)) return multiply(after, fraction);
  const difference = subtract(after, before);
  if (difference?.boundsReconciled === true) annotations.boundsReconciled('subtraction');
  const sum = difference && add(multiply(difference.histogram, fraction), before);
  if (sum?.boundsReconciled === true) annotations.boundsReconciled('addition');
  return sum?.histogram;
};
