import { add, subtract } from '../histograms/addition.ts';
import { detectReset } from '../histograms/counter-reset.ts';
import { compact, divide, type Histogram, sameBucketKind } from '../histograms/histogram.ts';
import { type ExtendedWindow, extendedWindow } from './extended-kernels.ts';
import type { HistogramAnnotations } from './histogram-annotations.ts';
import { interpolateHistograms } from './interpolate-histograms.ts';
import { either, type MixedRule, mixedRule } from './mixed-range-rules.ts';
import type { MixedWindow } from './mixed-windows.ts';

const isGauge = ({ counterResetHint }: Histogram): boolean => counterResetHint === 'gauge';

/** Whether all of a window have one kind of buckets; tells of those that are no counters. */
const areComparable = ({ series }: MixedWindow, { first, last }: ExtendedWindow, isCounter: boolean, annotations: HistogramAnnotations): boolean => {
  const all = series.histograms.slice(first, last + 1);
  if (!all.every((histogram) => sameBucketKind(histogram, series.histogram(first)))) {
    annotations.mixedBuckets(series.labels);
    return false;
  }
  if (isCounter && all.some(isGauge)) annotations.notCounter(series.labels);
  return true;
};

interface Ends {
  readonly left: Histogram;
  readonly right: Histogram;
}

/** The histograms at the ends of the range: of a smoothed one those on the line between the samples around each end. */
const endsOf = ({ series, from }: MixedWindow, window: ExtendedWindow, isCounter: boolean, annotations: HistogramAnnotations): Ends | undefined => {
  const { first, last, startMs, endMs } = window;
  const timeOf = (place: number): number => series.histogramTMs[place] as number;
  const isSmoothed = series.floats.extended?.mode === 'smoothed';
  const between = (before: number, atMs: number): Histogram | undefined => {
    const fraction = (atMs - timeOf(before)) / (timeOf(before + 1) - timeOf(before));
    return interpolateHistograms(series.histogram(before), series.histogram(before + 1), fraction, isCounter, annotations);
  };
  const left = isSmoothed && timeOf(first) < startMs ? between(first, startMs) : series.histogram(first);
  const right = isSmoothed && last > from && timeOf(last) > endMs ? between(last - 1, endMs) : series.histogram(last);
  return left === undefined || right === undefined ? undefined : { left, right };
};

/** The histograms before every reset between the ends. */
const beforeResets = ({ series }: MixedWindow, { first, last, startMs }: ExtendedWindow, { left, right }: Ends): Histogram[] => {
  const isSmoothed = series.floats.extended?.mode === 'smoothed';
  let from = first + 1;
  let before = left;
  // The line to the left end has begun anew at this reset already.
  if (isSmoothed && (series.histogramTMs[first] as number) < startMs && series.isReset(first + 1)) {
    before = series.histogram(first + 1);
    from++;
  }
  if (from > last) return [];
  const found: Histogram[] = [];
  for (let i = from; i < last; i++) {
    if (detectReset(series.histogram(i), before)) found.push(before);
    before = series.histogram(i);
  }
  if (detectReset(right, before)) found.push(before);
  return found;
};

const extendedRate = (isCounter: boolean, isRate: boolean): MixedRule =>
  either((window, annotations) => {
    const { series, from, to, endMs } = window;
    const range = extendedWindow(series.floats, series.histogramTMs, from, to, endMs);
    if (range === undefined || !areComparable(window, range, isCounter, annotations)) return undefined;
    const ends = endsOf(window, range, isCounter, annotations);
    if (ends === undefined) return undefined;
    if (!isCounter && !(isGauge(ends.left) && isGauge(ends.right))) annotations.notGauge(series.labels);
    const difference = subtract(ends.right, ends.left);
    if (difference?.boundsReconciled === true) annotations.boundsReconciled('subtraction');
    let total = difference?.histogram;
    for (const lost of isCounter ? beforeResets(window, range, ends) : []) {
      const sum = total && add(total, lost);
      if (sum?.boundsReconciled === true) annotations.boundsReconciled('addition');
      total = sum?.histogram;
    }
    if (total === undefined) return undefined;
    return { ...compact(isRate ? divide(total, (range.endMs - range.startMs) / 1000) : total), counterResetHint: 'gauge' };
  });

/** The window from the newest sample up to the start of the range on, whichever kind it is. Undefined when nothing lies inside. */
const anchored = (window: MixedWindow): MixedWindow | undefined => {
  const { series, floatTo, to, endMs } = window;
  const { extended, tMs } = series.floats;
  const startMs = endMs - (extended?.afterMs ?? 0) - (extended?.rangeMs ?? 0);
  let { floatFrom, from } = window;
  while (floatFrom < floatTo && (tMs[floatFrom] as number) <= startMs) floatFrom++;
  while (from < to && (series.histogramTMs[from] as number) <= startMs) from++;
  if (floatFrom === floatTo && from === to) return undefined;
  const [float, histogram] = [floatFrom > window.floatFrom ? (tMs[floatFrom - 1] as number) : -Infinity, from > window.from ? (series.histogramTMs[from - 1] as number) : -Infinity];
  if (float > histogram) floatFrom--;
  else if (histogram > float) from--;
  return { ...window, floatFrom, from };
};

const overAnchored = (name: string): MixedRule => (window, annotations) => {
  const narrowed = anchored(window);
  return narrowed && mixedRule(name)(narrowed, annotations);
};

const RULES: Readonly<Record<string, MixedRule>> = {
  rate: extendedRate(true, true),
  increase: extendedRate(true, false),
  delta: extendedRate(false, false),
  changes: overAnchored('changes'),
  resets: overAnchored('resets'),
};

/** What the functions of extended ranges give for a window that holds histograms. */
export const extendedRule = (name: string): MixedRule => RULES[name] as MixedRule;
