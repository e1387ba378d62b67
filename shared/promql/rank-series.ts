import type { Aggregate } from './ast.ts';
import { PromqlExecutionError } from './errors.ts';
import { groupSeries, rowsByGroup } from './grouping.ts';
import { informIgnored } from './histogram-aggregates.ts';
import { formatGeneral } from './number-text.ts';
import { extremesOf } from './param-extremes.ts';
import type { QueryScope } from './query-scope.ts';
import { newLike, pickRows, type StepVector, withoutEmptyRows } from './step-vector.ts';

/** The greatest float64 below 2^63, Prometheus' bound for a k. */
const MAX_K = 9_223_372_036_854_774_784;

/**
 * How many series each step asks for; a k below 1 at every step needs to be no int64.
 * @throws PromqlExecutionError on NaN and on what no int64 holds.
 */
export const wantedCounts = (param: Float64Array): Float64Array => {
  const { least, most, hasNaN } = extremesOf(param);
  if (most < 1) return new Float64Array(param.length);
  if (hasNaN) throw new PromqlExecutionError('Parameter value is NaN');
  if (least < -MAX_K) throw new PromqlExecutionError(`Scalar value ${formatGeneral(least)} underflows int64`);
  if (most > MAX_K) throw new PromqlExecutionError(`Scalar value ${formatGeneral(most)} overflows int64`);
  return param.map(Math.trunc);
};

/** Descending for topk, ascending for bottomk; NaN last in both, equal values in input order. */
const byRank = (sign: 1 | -1) => (a: number, b: number): number => {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  return a === b ? 0 : sign * (a < b ? -1 : 1);
};

/** Visits the cells that are chosen, group by group and step by step, the highest rank first. */
const forEachRanked = (expr: Aggregate, counts: Float64Array, input: StepVector, scope: QueryScope, visit: (row: number, step: number) => void): void => {
  const { steps } = input;
  const compare = byRank(expr.op === 'topk' ? -1 : 1);
  for (const rows of rowsByGroup(groupSeries(expr, input))) {
    for (let step = 0; step < steps; step++) {
      scope.work(rows.length);
      const valueOf = (row: number): number => input.values[row * steps + step] as number;
      const present = rows.filter((row) => input.present[row * steps + step] === 1).sort((a, b) => compare(valueOf(a), valueOf(b)));
      for (const row of present.slice(0, Math.max(0, counts[step] as number))) visit(row, step);
    }
  }
};

/** topk and bottomk: chosen anew at every step; series keep their labels. At one time they come in order of rank. */
export const rankSeries = (expr: Aggregate, param: Float64Array, input: StepVector, scope: QueryScope): StepVector => {
  const counts = wantedCounts(param);
  informIgnored(expr.op, expr.range, input, scope);
  const { steps } = input;
  scope.reserve(input.values.length);
  const output = newLike(input);
  const ordered: number[] = [];
  forEachRanked(expr, counts, input, scope, (row, step) => {
    const cell = row * steps + step;
    output.values[cell] = input.values[cell] as number;
    output.present[cell] = 1;
    if (scope.isInstant && steps === 1) ordered.push(row);
  });
  return scope.isInstant && steps === 1 ? pickRows(output, ordered) : withoutEmptyRows(output);
};

/** The series that can be chosen when more of them follow, and the first of each group: the groups keep their order. */
export const rankable = (expr: Aggregate, param: Float64Array, input: StepVector, scope: QueryScope): StepVector => {
  const kept = new Set(rowsByGroup(groupSeries(expr, input)).map(([first]) => first as number));
  forEachRanked(expr, wantedCounts(param), input, scope, (row) => kept.add(row));
  return pickRows(input, [...kept].sort((a, b) => a - b));
};
