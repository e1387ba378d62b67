import { histogramFraction } from '../histograms/histogram-fraction.ts';
import { histogramAverage, histogramVariance } from '../histograms/histogram-moments.ts';
import { type Estimate, histogramQuantile } from '../histograms/histogram-quantile.ts';
import type { Histogram } from '../histograms/histogram.ts';
import type { Labels } from '../model/labels.ts';
import { type Bucket, bucketFraction, bucketQuantile } from './classic-histogram.ts';
import { bucketsAt, histogramFamilies } from './classic-histograms.ts';
import { vectorValue } from './eval-value.ts';
import type { FunctionContext, FunctionImplementation, FunctionTable } from './function-context.ts';
import { forMetric } from './histogram-annotations.ts';
import { setLabel } from './label-edit.ts';
import { formatOpenMetrics } from './number-text.ts';
import { warnBadQuantiles } from './quantile-warning.ts';
import { histogramAt, mergeSameLabels, newLike, newVector, type StepVector, withoutEmptyRows } from './step-vector.ts';

const FORCED =
  'input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)';

/** What an estimate over histograms is made of. */
interface Estimator {
  /** The place of the vector among the arguments. */
  readonly argument: number;
  readonly ofNative: (histogram: Histogram, labels: Labels, step: number) => number;
  readonly ofClassic: (buckets: readonly Bucket[], labels: Labels, step: number) => number;
}

/** One value per histogram of the argument, classic or native. */
const estimate = (context: FunctionContext, input: StepVector, { argument, ofNative, ofClassic }: Estimator): StepVector => {
  const { classic, native, conflicts, classicConflicts } = histogramFamilies(context, input, argument);
  const { steps } = input;
  const count = native.length + classic.length;
  context.scope.reserve(count * steps);
  const labels = [...native.map((row) => input.labels[row] as Labels), ...classic.map((histogram) => histogram.labels)];
  const output = newVector(steps, labels, labels.map(() => true));
  const put = (row: number, step: number, value: number): void => {
    output.values[row * steps + step] = value;
    output.present[row * steps + step] = 1;
  };
  native.forEach((row, place) => {
    for (let step = 0; step < steps; step++) {
      const histogram = histogramAt(input, row * steps + step);
      if (histogram === undefined || conflicts.has(row * steps + step)) continue;
      context.scope.work(histogram.positive.counts.length + histogram.negative.counts.length);
      put(place, step, ofNative(histogram, labels[place] as Labels, step));
    }
  });
  classic.forEach((histogram, place) => {
    for (let step = 0; step < steps; step++) {
      context.scope.work(histogram.rows.length);
      const buckets = bucketsAt(input, histogram, step);
      if (buckets.length === 0 || classicConflicts.has(place * steps + step)) continue;
      put(native.length + place, step, ofClassic(buckets, histogram.labels, step));
    }
  });
  return withoutEmptyRows(output);
};

const NAN_EFFECTS: Readonly<Record<Estimate['nanEffect'], string>> = {
  none: '',
  isNaN: 'input to histogram_quantile has NaN observations, result is NaN',
  skewed: 'input to histogram_quantile has NaN observations, result is skewed higher',
  excluded: 'input to histogram_fraction has NaN observations, which are excluded from all fractions',
};

/** The value of an estimate; that NaN observations touched it is told. */
const told = (context: FunctionContext, argument: number, labels: Labels, { value, nanEffect }: Estimate): number => {
  if (nanEffect !== 'none') context.scope.info(NAN_EFFECTS[nanEffect] + forMetric(labels), context.expr(argument).range);
  return value;
};

const quantiles = (context: FunctionContext, input: StepVector, argument: number, q: Float64Array): StepVector =>
  estimate(context, input, {
    argument,
    ofNative: (histogram, labels, step) => told(context, argument, labels, histogramQuantile(q[step] as number, histogram)),
    ofClassic: (buckets, labels, step) => {
      const { value, forced } = bucketQuantile(q[step] as number, buckets);
      if (forced) context.scope.info(FORCED + forMetric(labels), context.expr(argument).range);
      return value;
    },
  });

const quantile: FunctionImplementation = (context) => {
  const q = context.scalar(0);
  warnBadQuantiles(q, context.expr(0).range, context.scope);
  return vectorValue(quantiles(context, context.vector(1), 1, q));
};

/** The series of `vector` with the quantile of each step in a label; a quantile that varies makes several series of one. */
const withQuantileLabel = (vector: StepVector, label: string, q: Float64Array): StepVector[] =>
  Array.from(new Set(q), (value) => {
    const present = vector.present.map((kind, cell) => (Object.is(q[cell % vector.steps], value) ? kind : 0));
    return { ...vector, present, labels: vector.labels.map((labels) => setLabel(labels, label, formatOpenMetrics(value))) };
  });

const concatenate = (steps: number, parts: readonly StepVector[]): StepVector => {
  const output = newVector(steps, parts.flatMap(({ labels }) => labels), parts.flatMap(({ dropName }) => dropName));
  let cell = 0;
  for (const { values, present } of parts) {
    output.values.set(values, cell);
    output.present.set(present, cell);
    cell += values.length;
  }
  return output;
};

/** histogram_quantiles(v, label, q…): each quantile as a series of its own. */
const manyQuantiles: FunctionImplementation = (context) => {
  const input = context.vector(0);
  const label = context.text(1);
  const parts = context.call.args.slice(2).flatMap((arg, i) => {
    const q = context.scalar(i + 2);
    warnBadQuantiles(q, arg.range, context.scope);
    // A quantile that is another one at every step makes as many series as there are steps.
    context.scope.reserve(new Set(q).size * input.values.length);
    return withQuantileLabel(quantiles(context, input, 0, q), label, q);
  });
  return vectorValue(mergeSameLabels(withoutEmptyRows(concatenate(input.steps, parts))));
};

const fraction: FunctionImplementation = (context) => {
  const [lower, upper] = [context.scalar(0), context.scalar(1)];
  return vectorValue(
    estimate(context, context.vector(2), {
      argument: 2,
      ofNative: (histogram, labels, step) => told(context, 2, labels, histogramFraction(lower[step] as number, upper[step] as number, histogram)),
      ofClassic: (buckets, _, step) => bucketFraction(lower[step] as number, upper[step] as number, buckets),
    }),
  );
};

/** A function of native histograms alone; floats give nothing. */
const ofEach = (f: (histogram: Histogram) => number): FunctionImplementation => (context) => {
  const input = context.vector(0);
  const output = newLike(input, true);
  for (const cell of input.histograms?.keys() ?? []) {
    const histogram = histogramAt(input, cell);
    if (histogram === undefined) continue;
    context.scope.work(histogram.positive.counts.length + histogram.negative.counts.length);
    output.values[cell] = f(histogram);
    output.present[cell] = 1;
  }
  return vectorValue(withoutEmptyRows(output));
};

export const HISTOGRAM_FUNCTIONS: FunctionTable = {
  histogram_quantile: quantile,
  histogram_quantiles: manyQuantiles,
  histogram_fraction: fraction,
  histogram_count: ofEach(({ count }) => count),
  histogram_sum: ofEach(({ sum }) => sum),
  histogram_avg: ofEach(histogramAverage),
  histogram_stdvar: ofEach(histogramVariance),
  histogram_stddev: ofEach((histogram) => Math.sqrt(histogramVariance(histogram))),
};
