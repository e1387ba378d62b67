import { add, type Combined, subtract } from '../histograms/addition.ts';
import { detectReset } from '../histograms/counter-reset.ts';
import { compact, divide, EMPTY_HISTOGRAM, type Histogram, multiply, sameBucketKind } from '../histograms/histogram.ts';
import { reduceResolution } from '../histograms/resolution.ts';
import type { HistogramAnnotations } from './histogram-annotations.ts';
import type { MixedWindow } from './mixed-windows.ts';
import { extrapolation } from './rate-kernels.ts';
import { beginsInside, isOverlap, isStartReset, type StartedSample, sinceStart } from './start-times.ts';

const isGauge = ({ counterResetHint }: Histogram): boolean => counterResetHint === 'gauge';

const asGauge = (histogram: Histogram): Histogram => ({ ...compact(histogram), counterResetHint: 'gauge' });

/** The histogram a counter starts from: the first one, or an empty one when it was reset right after. */
const startOf = ({ series, from }: MixedWindow, isCounter: boolean): Histogram => {
  if (!isCounter || !series.isReset(from + 1)) return series.histogram(from);
  const { schema, customBounds } = series.histogram(from + 1);
  return { ...EMPTY_HISTOGRAM, schema, customBounds };
};

/** Whether all histograms that count from `start` on have one kind of buckets. */
const areComparable = ({ series, from, to }: MixedWindow, start: Histogram, isCounter: boolean): boolean => {
  const compared = isCounter ? series.histograms.slice(from + 1, to) : [series.histogram(to - 1)];
  return compared.every((histogram) => sameBucketKind(histogram, start));
};

const checkHints = ({ series, from, to }: MixedWindow, isCounter: boolean, annotations: HistogramAnnotations): void => {
  const [first, last] = [series.histogram(from), series.histogram(to - 1)];
  if (!isCounter) {
    if (!isGauge(first) || !isGauge(last)) annotations.notGauge(series.labels);
  } else if (series.histograms.slice(from, to).some(isGauge)) annotations.notCounter(series.labels);
};

/** Plus what stood before every reset but one right after the first histogram, which `startOf` has seen to. */
const withResets = (difference: Histogram, { series, from, to }: MixedWindow, annotations: HistogramAnnotations): Histogram | undefined => {
  let total: Histogram | undefined = difference;
  for (let i = from + 2; i < to; i++) {
    if (!series.isReset(i)) continue;
    const sum: Combined | undefined = total && add(total, series.histogram(i - 1));
    if (sum?.boundsReconciled === true) annotations.boundsReconciled('addition');
    total = sum?.histogram;
  }
  return total;
};

const hasOverlap = ({ series, from, to }: MixedWindow): boolean => {
  for (let i = from + 1; i < to; i++) if (isOverlap(series.started(i - 1), series.started(i))) return true;
  return false;
};

/** Last − first, plus what stood before every reset of a counter. Undefined, with a warning, when the buckets do not compare. */
const change = (window: MixedWindow, isCounter: boolean, annotations: HistogramAnnotations): Histogram | undefined => {
  const { series, from, to } = window;
  const start = startOf(window, isCounter);
  if (!areComparable(window, start, isCounter)) {
    annotations.mixedBuckets(series.labels);
    return undefined;
  }
  const last = series.histogram(to - 1);
  const schemas = isCounter ? series.histograms.slice(from + 1, to).map(({ schema }) => schema) : [last.schema];
  const difference = subtract(reduceResolution(last, Math.min(start.schema, ...schemas)), start);
  if (difference?.boundsReconciled === true) annotations.boundsReconciled('subtraction');
  checkHints(window, isCounter, annotations);
  if (isCounter && hasOverlap(window)) annotations.overlappingStarts(series.labels);
  const total = difference && (isCounter ? withResets(difference.histogram, window, annotations) : difference.histogram);
  return total && asGauge(total);
};

/** Of a counter that is known to have begun inside the window: one histogram is enough. */
const rateSinceStart = (window: MixedWindow, isRate: boolean, annotations: HistogramAnnotations): Histogram | undefined => {
  const { series, from, to, endMs } = window;
  const first = series.histogram(from);
  const later = to - from < 2 ? undefined : change(window, true, annotations);
  if (to - from > 1 && later === undefined) return undefined;
  const sum = later && add(later, first);
  if (later !== undefined && sum === undefined) annotations.mixedBuckets(series.labels);
  if (sum?.boundsReconciled === true) annotations.boundsReconciled('addition');
  const total = later === undefined ? first : sum?.histogram;
  const factor = sinceStart(series.started(from), series.histogramTMs[to - 1] as number, endMs, to - from);
  return total && multiply(total, isRate ? factor / (series.floats.rangeMs / 1000) : factor);
};

/** rate, increase (counters) and delta of the histograms of a window, extended to its edges as those of floats are. */
export const histogramRate = (window: MixedWindow, isCounter: boolean, isRate: boolean, annotations: HistogramAnnotations): Histogram | undefined => {
  const { series, from, to, endMs } = window;
  const { rangeMs } = series.floats;
  if (isCounter && beginsInside(series.started(from), endMs - rangeMs)) return rateSinceStart(window, isRate, annotations);
  if (to - from < 2) return undefined;
  const total = change(window, isCounter, annotations);
  if (total === undefined) return undefined;
  const sampled = ((series.histogramTMs[to - 1] as number) - (series.histogramTMs[from] as number)) / 1000;
  const first = series.histogram(from).count;
  const zeroSeconds = isCounter && total.count > 0 && first >= 0 ? sampled * (first / total.count) : Infinity;
  const factor = extrapolation(series.histogramTMs, from, to - 1, endMs, rangeMs, zeroSeconds);
  return multiply(total, isRate ? factor / (rangeMs / 1000) : factor);
};

/** irate (per second) and idelta of two histograms that follow each other. */
export const histogramStep = (
  [before, after]: readonly [Histogram, Histogram],
  [startedBefore, startedAfter]: readonly [StartedSample, StartedSample],
  seconds: number | undefined,
  window: MixedWindow,
  annotations: HistogramAnnotations,
): Histogram | undefined => {
  const { labels } = window.series;
  if (seconds === undefined) {
    if (!isGauge(before) || !isGauge(after)) annotations.notGauge(labels);
  } else if (isGauge(before) || isGauge(after)) annotations.notCounter(labels);
  if (seconds !== undefined && (isStartReset(startedBefore, startedAfter) || detectReset(after, before))) return divide(asGauge(after), seconds);
  const difference = subtract(after, before);
  if (difference === undefined) {
    annotations.mixedBuckets(labels);
    return undefined;
  }
  if (difference.boundsReconciled) annotations.boundsReconciled('subtraction');
  const result = asGauge(difference.histogram);
  return seconds === undefined ? result : divide(result, seconds);
};
