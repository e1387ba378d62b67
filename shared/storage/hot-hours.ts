import { HistogramList } from '../model/histogram-column.ts';
import { HOUR_MS, hourOf } from '../model/hour.ts';
import type { SortedSamples } from './hot-sort.ts';

/** The samples of one hour, sorted as they were. Texts that no series of the hour uses may stand in `metrics` and `labels`. */
export interface HourOfSamples {
  readonly hour: string;
  readonly samples: SortedSamples;
  readonly minTMs: number; // inclusive
  readonly maxTMs: number; // inclusive
}

/** Cuts sorted samples into hours of their own time, in order. */
export const cutByHour = (samples: SortedSamples): readonly HourOfSamples[] => {
  if (samples.tMs.length === 0) return [];
  const [minTMs, maxTMs] = boundsOf(samples.tMs);
  const first = hourNumber(minTMs);
  if (first === hourNumber(maxTMs)) return [{ hour: hourOf(first * HOUR_MS), samples, minTMs, maxTMs }];
  return [...sliceByHour(samples)].sort(([a], [b]) => a - b).map(([hour, slices]) => {
    const ofHour = gather(samples, slices);
    const [min, max] = boundsOf(ofHour.tMs);
    return { hour: hourOf(hour * HOUR_MS), samples: ofHour, minTMs: min, maxTMs: max };
  });
};

const boundsOf = (tMs: Float64Array): readonly [min: number, max: number] => {
  let min = tMs[0] as number;
  let max = min;
  for (let i = 1; i < tMs.length; i++) {
    const t = tMs[i] as number;
    if (t < min) min = t;
    if (t > max) max = t;
  }
  return [min, max];
};

const hourNumber = (tMs: number): number => Math.floor(tMs / HOUR_MS);

/** Series and the samples of theirs that lie in one hour, as triples: series, from, to (exclusive). */
type HourSlices = number[];

const sliceByHour = ({ offsets, tMs }: SortedSamples): Map<number, HourSlices> => {
  const slices = new Map<number, HourSlices>();
  for (let k = 0; k + 1 < offsets.length; k++) {
    const end = offsets[k + 1] as number;
    for (let from = offsets[k] as number; from < end; ) {
      const hour = hourNumber(tMs[from] as number);
      const hourEndMs = (hour + 1) * HOUR_MS;
      let to = from + 1;
      while (to < end && (tMs[to] as number) < hourEndMs) to++;
      let slice = slices.get(hour);
      if (slice === undefined) {
        slice = [];
        slices.set(hour, slice);
      }
      slice.push(k, from, to);
      from = to;
    }
  }
  return slices;
};

const gather = (samples: SortedSamples, slices: HourSlices): SortedSamples => {
  const series = slices.length / 3;
  const offsets = new Uint32Array(series + 1);
  for (let i = 0; i < series; i++) offsets[i + 1] = (offsets[i] as number) + (slices[3 * i + 2] as number) - (slices[3 * i + 1] as number);
  const rows = offsets[series] as number;
  const metricOf = new Int32Array(series);
  const labelsOf = new Int32Array(series);
  const tMs = new Float64Array(rows);
  const values = new Float64Array(rows);
  const list = new HistogramList();
  for (let i = 0; i < series; i++) {
    const k = slices[3 * i] as number;
    const from = slices[3 * i + 1] as number;
    const to = slices[3 * i + 2] as number;
    metricOf[i] = samples.metricOf[k] as number;
    labelsOf[i] = samples.labelsOf[k] as number;
    tMs.set(samples.tMs.subarray(from, to), offsets[i]);
    values.set(samples.values.subarray(from, to), offsets[i]);
    list.addRange(samples.histograms, from, to, offsets[i] as number);
  }
  return { ...samples, metricOf, labelsOf, offsets, tMs, values, histograms: list.build() };
};
