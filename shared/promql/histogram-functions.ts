import { type Labels, labelValue, METRIC_NAME } from '../model/labels.ts';
import { type Bucket, bucketQuantile } from './classic-histogram.ts';
import { vectorValue } from './eval-value.ts';
import type { FunctionContext, FunctionImplementation, FunctionTable } from './function-context.ts';
import { dropLabels } from './label-edit.ts';
import { parseFloatText } from './number-text.ts';
import { warnBadQuantile } from './quantile-warning.ts';
import { labelsKey, newVector, type StepVector, withoutEmptyRows } from './step-vector.ts';
import { quote } from './string-text.ts';

const LE = new Set(['le']);

interface Histogram {
  readonly labels: Labels;
  readonly bounds: number[];
  /** The row of each bucket in the input. */
  readonly rows: number[];
}

/** A label `le` is missing or no number: the series is no bucket. */
const warnBadBound = (context: FunctionContext, labels: Labels, argument: number): void => {
  const name = labelValue(labels, METRIC_NAME);
  const metric = name === '' ? '' : ` for metric name ${quote(name)}`;
  context.scope.warn(`bucket label "le" is missing or has a malformed value of ${quote(labelValue(labels, 'le'))}${metric}`, context.expr(argument).range);
};

/** The series of `input` by everything but `le`. */
const histogramsOf = (context: FunctionContext, input: StepVector, argument: number): Histogram[] => {
  const byKey = new Map<string, Histogram>();
  input.labels.forEach((labels, row) => {
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
  return [...byKey.values()];
};

const bucketsAt = (input: StepVector, histogram: Histogram, step: number): Bucket[] => {
  const buckets: Bucket[] = [];
  histogram.rows.forEach((row, i) => {
    const cell = row * input.steps + step;
    if (input.present[cell] === 1) buckets.push({ upperBound: histogram.bounds[i] as number, count: input.values[cell] as number });
  });
  return buckets;
};

const informForced = (context: FunctionContext, labels: Labels): void => {
  const name = labelValue(labels, METRIC_NAME);
  context.scope.info(
    'input to histogram_quantile needed to be fixed for monotonicity ' +
      `(see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)${name === '' ? '' : ` for metric name ${quote(name)}`}`,
    context.expr(1).range,
  );
};

const histogramQuantile: FunctionImplementation = (context) => {
  const q = context.scalar(0);
  warnBadQuantile(q, context.expr(0).range, context.scope);
  const input = context.vector(1);
  const histograms = histogramsOf(context, input, 1);
  context.scope.reserve(histograms.length * input.steps);
  const output = newVector(input.steps, histograms.map(({ labels }) => labels), histograms.map(() => true));
  histograms.forEach((histogram, row) => {
    for (let step = 0; step < input.steps; step++) {
      context.scope.work(histogram.rows.length);
      const buckets = bucketsAt(input, histogram, step);
      if (buckets.length === 0) continue;
      const { value, forced } = bucketQuantile(q[step] as number, buckets);
      if (forced) informForced(context, histogram.labels);
      output.values[row * input.steps + step] = value;
      output.present[row * input.steps + step] = 1;
    }
  });
  return vectorValue(withoutEmptyRows(output));
};

export const HISTOGRAM_FUNCTIONS: FunctionTable = { histogram_quantile: histogramQuantile };
