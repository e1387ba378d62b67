import type { Aggregate } from './ast.ts';
import { ACCUMULATORS, type Accumulator, foldRow } from './accumulators.ts';
import { countValues } from './count-values.ts';
import { asScalar, asString, asVector, type EvalValue } from './eval-value.ts';
import { groupSeries, rowsByGroup } from './grouping.ts';
import { foldHistograms, informIgnored } from './histogram-aggregates.ts';
import { limitSeries } from './limit-series.ts';
import type { QueryScope } from './query-scope.ts';
import { quantileOf } from './quantile.ts';
import { warnFarthestQuantiles } from './quantile-warning.ts';
import { rankSeries } from './rank-series.ts';
import { anyPresence, newVector, type StepVector } from './step-vector.ts';

/** The aggregations that do not ask what a sample is. */
const COUNTS_ALL: ReadonlySet<string> = new Set(['count', 'group']);

const fold = (expr: Aggregate, input: StepVector, newAccumulator: (cells: number) => Accumulator, scope: QueryScope): StepVector => {
  const grouping = groupSeries(expr, input);
  scope.reserve(grouping.labels.length * input.steps);
  const output = newVector(input.steps, grouping.labels, grouping.dropName);
  const accumulator = newAccumulator(output.values.length);
  const counted = COUNTS_ALL.has(expr.op) ? { ...input, present: anyPresence(input) } : input;
  grouping.groupOf.forEach((group, row) => {
    scope.work(input.steps);
    foldRow(accumulator, counted, row * input.steps, output.present, group * input.steps);
  });
  if (input.histograms !== undefined && counted === input) foldHistograms(expr, input, grouping, output, scope);
  for (let cell = 0; cell < output.values.length; cell++) {
    if (output.present[cell] === 1) output.values[cell] = accumulator.result(cell);
  }
  return output;
};

/** quantile(q, v): of the values of a group at each step. */
const quantiles = (expr: Aggregate, q: Float64Array, input: StepVector, scope: QueryScope): StepVector => {
  warnFarthestQuantiles(q, (expr.param ?? expr).range, scope);
  informIgnored('quantile', expr.expr.range, input, scope);
  const grouping = groupSeries(expr, input);
  const { steps } = input;
  const output = newVector(steps, grouping.labels, grouping.dropName);
  rowsByGroup(grouping).forEach((rows, group) => {
    const values = new Float64Array(rows.length);
    for (let step = 0; step < steps; step++) {
      scope.work(rows.length);
      let count = 0;
      for (const row of rows) {
        if (input.present[row * steps + step] === 1) values[count++] = input.values[row * steps + step] as number;
      }
      if (count === 0) continue;
      output.values[group * steps + step] = quantileOf(q[step] as number, values.subarray(0, count));
      output.present[group * steps + step] = 1;
    }
  });
  return output;
};

export const evaluateAggregate = (expr: Aggregate, param: EvalValue | undefined, value: EvalValue, scope: QueryScope): StepVector => {
  const input = asVector(value);
  const newAccumulator = ACCUMULATORS[expr.op];
  if (newAccumulator !== undefined) return fold(expr, input, newAccumulator, scope);
  if (param === undefined) throw new TypeError(`evaluate ${expr.op}: found no parameter, the parser promised one`);
  if (expr.op === 'count_values') return countValues(expr, asString(param), input, scope);
  if (expr.op === 'quantile') return quantiles(expr, asScalar(param), input, scope);
  const chosen = expr.op === 'limitk' || expr.op === 'limit_ratio' ? limitSeries : rankSeries;
  return chosen(expr, asScalar(param), input, scope);
};
