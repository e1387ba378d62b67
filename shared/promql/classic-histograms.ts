import { type Labels, labelValue, METRIC_NAME } from '../model/labels.ts';
import type { Bucket } from './classic-histogram.ts';
import type { FunctionContext } from './function-context.ts';
import { HistogramAnnotations } from './histogram-annotations.ts';
import { dropLabels } from './label-edit.ts';
import { parseFloatText } from './number-text.ts';
import { FLOAT, HISTOGRAM, labelsKey, type StepVector } from './step-vector.ts';
import { quote } from './string-text.ts';

const LE = new Set(['le']);

/** The series of one classic histogram: those that differ in `le` alone. */
export interface ClassicHistogram {
  readonly labels: Labels;
  readonly bounds: number[];
  /** The row of each bucket in the input. */
  readonly rows: number[];
}

/** The histograms of a vector: classic ones by their buckets, native ones by their row. */
export interface HistogramFamilies {
  readonly classic: readonly ClassicHistogram[];
  readonly native: readonly number[];
  /** At these cells of the input a native histogram stands beside classic buckets of its name and labels: neither counts. */
  readonly conflicts: ReadonlySet<number>;
  /** Classic histograms that are in conflict at a step: `classic place * steps + step`. */
  readonly classicConflicts: ReadonlySet<number>;
}

/** A label `le` is missing or no number: the series is no bucket. */
const warnBadBound = (context: FunctionContext, labels: Labels, argument: number): void => {
  const name = labelValue(labels, METRIC_NAME);
  const metric = name === '' ? '' : ` for metric name ${quote(name)}`;
  context.scope.warn(`bucket label "le" is missing or has a malformed value of ${quote(labelValue(labels, 'le'))}${metric}`, context.expr(argument).range);
};

const holds = (input: StepVector, row: number, kind: number): boolean =>
  input.present.subarray(row * input.steps, (row + 1) * input.steps).includes(kind);

/** The buckets a classic histogram has at a step. */
export const bucketsAt = (input: StepVector, histogram: ClassicHistogram, step: number): Bucket[] => {
  const buckets: Bucket[] = [];
  histogram.rows.forEach((row, i) => {
    const cell = row * input.steps + step;
    if (input.present[cell] === FLOAT) buckets.push({ upperBound: histogram.bounds[i] as number, count: input.values[cell] as number });
  });
  return buckets;
};

const classicOf = (context: FunctionContext, input: StepVector, argument: number): Map<string, ClassicHistogram> => {
  const byKey = new Map<string, ClassicHistogram>();
  input.labels.forEach((labels, row) => {
    if (input.histograms !== undefined && !holds(input, row, FLOAT)) return;
    const bound = parseFloatText(labelValue(labels, 'le'));
    if (bound === undefined) {
      warnBadBound(context, labels, argument);
      return;
    }
    const own = dropLabels(labels, LE);
    const key = labelsKey(own);
    let histogram = byKey.get(key);
    if (histogram === undefined) byKey.set(key, (histogram = { labels: own, bounds: [], rows: [] }));
    histogram.bounds.push(bound);
    histogram.rows.push(row);
  });
  return byKey;
};

/** The histograms in argument `argument` of a call. */
export const histogramFamilies = (context: FunctionContext, input: StepVector, argument: number): HistogramFamilies => {
  const classic = classicOf(context, input, argument);
  const native = input.histograms === undefined ? [] : Array.from(input.labels.keys()).filter((row) => holds(input, row, HISTOGRAM));
  const conflicts = new Set<number>();
  const classicConflicts = new Set<number>();
  const places = new Map([...classic.keys()].map((key, place) => [key, place]));
  const annotations = new HistogramAnnotations(context.scope, context.expr(argument).range);
  for (const row of native) {
    const labels = input.labels[row] as Labels;
    const key = labelsKey(labels);
    const twin = classic.get(key);
    if (twin === undefined) continue;
    context.scope.work(twin.rows.length * input.steps);
    for (let step = 0; step < input.steps; step++) {
      if (input.present[row * input.steps + step] !== HISTOGRAM || bucketsAt(input, twin, step).length === 0) continue;
      annotations.mixedClassic(labels);
      conflicts.add(row * input.steps + step);
      classicConflicts.add((places.get(key) as number) * input.steps + step);
    }
  }
  return { classic: [...classic.values()], native, conflicts, classicConflicts };
};
