import { type HistogramAccumulation, HistogramMean, HistogramSum } from '../histograms/accumulation.ts';
import { compact, equalHistograms, type Histogram } from '../histograms/histogram.ts';
import type { HistogramAnnotations } from './histogram-annotations.ts';
import type { Sample } from './histogram-operators.ts';
import { histogramRate, histogramStep } from './histogram-rate.ts';
import type { MixedSeries, MixedWindow } from './mixed-windows.ts';
import { isChange } from './rate-kernels.ts';

/** What a range function gives for a window of a series that holds histograms. */
export type MixedRule = (window: MixedWindow, annotations: HistogramAnnotations) => Sample | undefined;

const hasFloats = ({ floatFrom, floatTo }: MixedWindow): boolean => floatTo > floatFrom;
const hasHistograms = ({ from, to }: MixedWindow): boolean => to > from;

/** Floats or histograms, not both. */
export const either = (ofHistograms: MixedRule): MixedRule => (window, annotations) => {
  if (!hasHistograms(window)) return window.ofFloats();
  if (!hasFloats(window)) return ofHistograms(window, annotations);
  annotations.mixedSamples(window.series.labels);
  return undefined;
};

/** Floats alone; histograms beside them are told of. */
const floatsOnly: MixedRule = (window, annotations) => {
  if (hasFloats(window) && hasHistograms(window)) annotations.ignoredInRange(window.series.labels);
  return window.ofFloats();
};

const accumulate = (Accumulation: new (first: Histogram) => HistogramAccumulation): MixedRule =>
  either(({ series, from, to }, annotations) => {
    const accumulation = new Accumulation(series.histogram(from));
    for (let i = from + 1; i < to; i++) accumulation.add(series.histogram(i));
    if (accumulation.incompatible) {
      annotations.mixedBuckets(series.labels);
      return undefined;
    }
    annotations.accumulated(accumulation);
    return compact(accumulation.result());
  });

interface TimedSample {
  readonly tMs: number;
  readonly sample: Sample;
  /** Place among the histograms, -1 for a float. */
  readonly place: number;
}

const floatAt = ({ floats }: MixedSeries, place: number): TimedSample => ({
  tMs: floats.tMs[place] as number,
  sample: floats.values[place] as number,
  place: -1,
});

const histogramAt = (series: MixedSeries, place: number): TimedSample => ({
  tMs: series.histogramTMs[place] as number,
  sample: series.histogram(place),
  place,
});

/** The samples of a window in the order of time. */
const inOrder = ({ series, floatFrom, floatTo, from, to }: MixedWindow): TimedSample[] => {
  const samples: TimedSample[] = [];
  for (let place = floatFrom; place < floatTo; place++) samples.push(floatAt(series, place));
  for (let place = from; place < to; place++) samples.push(histogramAt(series, place));
  return samples.sort((a, b) => a.tMs - b.tMs);
};

/** The newest two of a window are among the newest two floats and the newest two histograms. */
const lastTwo = (window: MixedWindow): TimedSample[] =>
  inOrder({ ...window, floatFrom: Math.max(window.floatFrom, window.floatTo - 2), from: Math.max(window.from, window.to - 2) }).slice(-2);

const first = (window: MixedWindow): TimedSample =>
  inOrder({
    ...window,
    floatTo: Math.min(window.floatTo, window.floatFrom + 1),
    to: Math.min(window.to, window.from + 1),
  })[0] as TimedSample;

const last = (window: MixedWindow): TimedSample => lastTwo(window).at(-1) as TimedSample;

const instant = (isRate: boolean): MixedRule => (window, annotations) => {
  const [before, after] = lastTwo(window);
  if (before === undefined || after === undefined) return undefined;
  if (typeof before.sample === 'number' && typeof after.sample === 'number') return window.ofFloats();
  if (typeof before.sample === 'number' || typeof after.sample === 'number') {
    annotations.mixedSamples(window.series.labels);
    return undefined;
  }
  return histogramStep([before.sample, after.sample], [window.series.started(before.place), window.series.started(after.place)], isRate ? (after.tMs - before.tMs) / 1000 : undefined, window, annotations);
};

/** Counts neighbours that differ; a float and a histogram always do. */
const neighbours = (
  floatsDiffer: (before: number, after: number) => boolean,
  histogramsDiffer: (series: MixedSeries, before: TimedSample, after: TimedSample) => boolean,
): MixedRule => {
  const differ = (series: MixedSeries, before: TimedSample, after: TimedSample): boolean => {
    if (typeof before.sample === 'number' && typeof after.sample === 'number') return floatsDiffer(before.sample, after.sample);
    return typeof before.sample === 'number' || typeof after.sample === 'number' || histogramsDiffer(series, before, after);
  };
  return (window) => {
    const samples = inOrder(window);
    return samples.filter((after, i) => i > 0 && differ(window.series, samples[i - 1] as TimedSample, after)).length;
  };
};

/** How range functions treat histograms; those not named look at floats alone. */
const RULES: Readonly<Record<string, MixedRule>> = {
  rate: either((window, annotations) => histogramRate(window, true, true, annotations)),
  increase: either((window, annotations) => histogramRate(window, true, false, annotations)),
  delta: either((window, annotations) => histogramRate(window, false, false, annotations)),
  irate: instant(true),
  idelta: instant(false),
  // Neighbours in time of a window are neighbours among the histograms when no float lies between them.
  resets: neighbours((before, after) => after < before, (series, _, after) => series.isReset(after.place)),
  changes: neighbours(isChange, (_, before, after) => !equalHistograms(before.sample as Histogram, after.sample as Histogram)),
  sum_over_time: accumulate(HistogramSum),
  avg_over_time: accumulate(HistogramMean),
  count_over_time: ({ floatFrom, floatTo, from, to }) => floatTo - floatFrom + to - from,
  present_over_time: () => 1,
  first_over_time: (window) => first(window).sample,
  last_over_time: (window) => last(window).sample,
  ts_of_first_over_time: (window) => first(window).tMs / 1000,
  ts_of_last_over_time: (window) => last(window).tMs / 1000,
};

export const mixedRule = (name: string): MixedRule => (Object.hasOwn(RULES, name) ? (RULES[name] as MixedRule) : floatsOnly);
