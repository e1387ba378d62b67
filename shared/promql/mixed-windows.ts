import { detectReset } from '../histograms/counter-reset.ts';
import type { Histogram } from '../histograms/histogram.ts';
import type { Labels } from '../model/labels.ts';
import { isStartReset, type StartedSample } from './start-times.ts';
import { type RowFunction, type Windows, WindowBounds } from './windows.ts';

/** The samples of one series that holds histograms: floats and histograms apart, each ascending in time. */
export class MixedSeries {
  readonly labels: Labels;
  /** The floats alone, as a range vector of one series. */
  readonly floats: Windows;
  readonly histograms: readonly Histogram[];
  readonly histogramTMs: Float64Array;
  /** When the counter of each histogram began, 0 = unknown; undefined when no sample tells. */
  readonly histogramStartMs: Float64Array | undefined;
  /** 0 = not looked at, 1 = none, 2 = reset between a histogram and the one before it. */
  private readonly resets: Uint8Array;
  /** What looking at one histogram costs, in floats. */
  readonly histogramCost: number;

  constructor(windows: Windows, series: number) {
    const { tMs, values, offsets, labels, dropName, histograms, startMs, ...window } = windows;
    const places = Array.from({ length: (offsets[series + 1] as number) - (offsets[series] as number) }, (_, i) => (offsets[series] as number) + i);
    const floatPlaces = places.filter((place) => histograms?.has(place) !== true);
    const histogramPlaces = places.filter((place) => histograms?.has(place) === true);
    this.labels = labels[series] as Labels;
    this.histograms = histogramPlaces.map((place) => histograms?.get(place) as Histogram);
    this.histogramTMs = Float64Array.from(histogramPlaces, (place) => tMs[place] as number);
    this.histogramCost = this.histograms.reduce((most, { positive, negative }) => Math.max(most, positive.counts.length + negative.counts.length), 4);
    this.histogramStartMs = startMs && Float64Array.from(histogramPlaces, (place) => startMs[place] as number);
    this.resets = new Uint8Array(histogramPlaces.length);
    this.floats = {
      ...window,
      labels: [this.labels],
      dropName: [dropName[series] as boolean],
      offsets: Uint32Array.of(0, floatPlaces.length),
      tMs: Float64Array.from(floatPlaces, (place) => tMs[place] as number),
      values: Float64Array.from(floatPlaces, (place) => values[place] as number),
      ...(startMs && { startMs: Float64Array.from(floatPlaces, (place) => startMs[place] as number) }),
    };
  }

  histogram(i: number): Histogram {
    return this.histograms[i] as Histogram;
  }

  /** The times of histogram i. */
  started(i: number): StartedSample {
    return { tMs: this.histogramTMs[i] as number, startMs: this.histogramStartMs?.[i] ?? 0 };
  }

  /** Whether there was a reset between histograms i − 1 and i; i > 0. */
  isReset(i: number): boolean {
    if (this.resets[i] === 0) this.resets[i] = isStartReset(this.started(i - 1), this.started(i)) || detectReset(this.histogram(i), this.histogram(i - 1)) ? 2 : 1;
    return this.resets[i] === 2;
  }
}

/** One window over a mixed series; the samples `from` to `to` (exclusive) of each kind, not both empty. */
export interface MixedWindow {
  readonly series: MixedSeries;
  readonly floatFrom: number;
  readonly floatTo: number;
  readonly from: number;
  readonly to: number;
  readonly endMs: number;
  /** The function over the floats alone; undefined when there is none. */
  readonly ofFloats: () => number | undefined;
}

/** Slides over the windows of a mixed series. `work` is told the samples of each window before it is evaluated. */
export const slideMixed = (series: MixedSeries, kernel: RowFunction, evaluate: (window: MixedWindow, step: number) => void, work: (samples: number) => void): void => {
  const floats = new WindowBounds(series.floats);
  const histograms = new WindowBounds(series.floats);
  floats.find(series.floats.tMs, 0, series.floats.tMs.length);
  histograms.find(series.histogramTMs, 0, series.histogramTMs.length);
  const { steps } = floats;
  const target = { values: new Float64Array(steps), present: new Uint8Array(steps), at: 0, work: () => undefined };
  for (let step = 0; step < steps; step++) {
    const [floatFrom, floatTo] = [floats.from[step] as number, floats.to[step] as number];
    const [from, to] = [histograms.from[step] as number, histograms.to[step] as number];
    if (floatFrom === floatTo && from === to) continue;
    work(floatTo - floatFrom + (to - from) * series.histogramCost);
    const ofFloats = (): number | undefined => {
      kernel(floats, step, step + 1, target);
      return target.present[step] === 1 ? target.values[step] : undefined;
    };
    evaluate({ series, floatFrom, floatTo, from, to, endMs: floats.endMs[step] as number, ofFloats }, step);
  }
};
