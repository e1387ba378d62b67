import { HistogramList } from '../model/histogram-column.ts';
import { labelsFromJson, METRIC_NAME } from '../model/labels.ts';
import type { SampleBatch } from '../model/sample-batch.ts';
import { bitsOf } from '../model/stale.ts';
import { compileMatcher } from '../promql/matcher.ts';
import type { RetentionClass } from './retention-class.ts';

/** The samples of one class; undefined is the default one. */
export interface ClassBatches {
  readonly retentionClass: RetentionClass | undefined;
  readonly batches: readonly SampleBatch[];
}

/** Cuts batches by the classes of their series: the default class first, then those that have any. Metadata stay behind. */
export type CutByClass = (batches: readonly SampleBatch[]) => readonly ClassBatches[];

interface Selector {
  /** Of its class, counted from 1; 0 is the default. */
  readonly place: number;
  readonly onMetric: (metric: string) => boolean;
  readonly onLabels: (values: ReadonlyMap<string, string>) => boolean;
}

/** Compiles the matchers, once for the life of a process. */
export const makeCutByClass = (classes: readonly RetentionClass[]): CutByClass => {
  const selectors = classes.flatMap((one, i) => one.selectors.map((matchers): Selector => {
    const compiled = matchers.map((matcher) => ({ name: matcher.name, matches: compileMatcher(matcher) }));
    const ofMetric = compiled.filter(({ name }) => name === METRIC_NAME);
    const ofLabels = compiled.filter(({ name }) => name !== METRIC_NAME);
    return {
      place: i + 1,
      onMetric: (metric) => ofMetric.every(({ matches }) => matches(metric)),
      onLabels: (values) => ofLabels.every(({ name, matches }) => matches(values.get(name) ?? '')),
    };
  }));
  if (selectors.length === 0) return (batches) => [{ retentionClass: undefined, batches }];
  return (batches) => {
    const placeOf = makePlaceOf(selectors);
    const byPlace = Array.from({ length: classes.length + 1 }, (): SampleBatch[] => []);
    for (const batch of batches) cutBatch(batch, placeOf, byPlace);
    return byPlace.flatMap((found, place) => (place > 0 && found.length === 0 ? [] : [{ retentionClass: classes[place - 1], batches: found }]));
  };
};

type PlaceOf = (metric: string, labelsJson: string) => number;

/** What was judged is remembered as long as one call of the cut: metrics and label sets repeat, and anybody may send new ones. */
const makePlaceOf = (selectors: readonly Selector[]): PlaceOf => {
  const metrics = new Map<string, readonly boolean[]>();
  const labels = new Map<string, readonly boolean[]>();
  let lastJson: string | undefined;
  let ofLabels: readonly boolean[] = [];
  return (metric, json) => {
    const ofMetric = judged(metrics, metric, () => selectors.map(({ onMetric }) => onMetric(metric)));
    if (json !== lastJson) {
      ofLabels = judged(labels, json, () => {
        const values = new Map(labelsFromJson('', json));
        return selectors.map(({ onLabels }) => onLabels(values));
      });
      lastJson = json;
    }
    for (let i = 0; i < selectors.length; i++) if (ofMetric[i] === true && ofLabels[i] === true) return (selectors[i] as Selector).place;
    return 0;
  };
};

const judged = (known: Map<string, readonly boolean[]>, text: string, judge: () => readonly boolean[]): readonly boolean[] => {
  let verdicts = known.get(text);
  if (verdicts === undefined) known.set(text, (verdicts = judge()));
  return verdicts;
};

const cutBatch = (batch: SampleBatch, placeOf: PlaceOf, byPlace: readonly SampleBatch[][]): void => {
  const series = new Map<number, number[]>();
  batch.metrics.forEach((metric, k) => {
    const place = placeOf(metric, batch.labels[k] as string);
    const found = series.get(place);
    if (found === undefined) series.set(place, [k]);
    else found.push(k);
  });
  for (const [place, found] of series) (byPlace[place] as SampleBatch[]).push(found.length === batch.metrics.length ? batch : gather(batch, found));
};

const gather = (batch: SampleBatch, series: readonly number[]): SampleBatch => {
  const offsets = new Uint32Array(series.length + 1);
  series.forEach((k, i) => {
    offsets[i + 1] = (offsets[i] as number) + (batch.offsets[k + 1] as number) - (batch.offsets[k] as number);
  });
  const samples = offsets[series.length] as number;
  const tMs = new Float64Array(samples);
  const values = new Float64Array(samples);
  // As integers, so that no NaN loses its payload.
  const from = bitsOf(batch.values);
  const to = bitsOf(values);
  const list = new HistogramList();
  series.forEach((k, i) => {
    const [start, end, at] = [batch.offsets[k] as number, batch.offsets[k + 1] as number, offsets[i] as number];
    tMs.set(batch.tMs.subarray(start, end), at);
    to.set(from.subarray(2 * start, 2 * end), 2 * at);
    list.addRange(batch.histograms, start, end, at);
  });
  const [metrics, labels] = [series.map((k) => batch.metrics[k] as string), series.map((k) => batch.labels[k] as string)];
  return { metrics, labels, offsets, tMs, values, histograms: list.build(), metadata: [] };
};
