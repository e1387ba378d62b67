import type { Aggregate } from './ast.ts';
import { PromqlExecutionError } from './errors.ts';
import { groupSeries, rowsByGroup } from './grouping.ts';
import { hashFraction } from './label-hash.ts';
import { formatGeneral } from './number-text.ts';
import { extremesOf } from './param-extremes.ts';
import type { QueryScope } from './query-scope.ts';
import { wantedCounts } from './rank-series.ts';
import { pickRows, type StepVector, withoutEmptyRows } from './step-vector.ts';

/** The cells of `input` that `keep` says. Histograms stay as floats do. */
const keepCells = (input: StepVector, keep: (row: number, step: number) => boolean): StepVector => {
  const output = pickRows(input, Array.from(input.labels.keys()));
  for (let cell = 0; cell < output.present.length; cell++) {
    if (output.present[cell] !== 0 && !keep(Math.floor(cell / input.steps), cell % input.steps)) output.present[cell] = 0;
  }
  return withoutEmptyRows(output);
};

/** limitk(k, v): at every step the first k series of each group, in the order of the input. */
const limitCount = (expr: Aggregate, param: Float64Array, input: StepVector, scope: QueryScope): StepVector => {
  const counts = wantedCounts(param);
  const { steps } = input;
  const taken = new Uint8Array(input.present.length);
  for (const rows of rowsByGroup(groupSeries(expr, input))) {
    scope.work(rows.length * steps);
    for (let step = 0; step < steps; step++) {
      const present = rows.filter((row) => input.present[row * steps + step] !== 0);
      for (const row of present.slice(0, Math.max(0, counts[step] as number))) taken[row * steps + step] = 1;
    }
  }
  return keepCells(input, (row, step) => taken[row * steps + step] === 1);
};

/** The ratios within [-1, 1]; the farthest ones outside are told. @throws PromqlExecutionError on NaN. */
const checkedRatios = (expr: Aggregate, param: Float64Array, scope: QueryScope): Float64Array => {
  const { least, most, hasNaN } = extremesOf(param);
  if (hasNaN) throw new PromqlExecutionError('Ratio value is NaN');
  for (const [ratio, bound] of [[most, 1], [least, -1]] as const) {
    if (ratio * bound <= 1) continue;
    scope.warn(`ratio value should be between -1 and 1, got ${formatGeneral(ratio)}, capping to ${bound}`, (expr.param ?? expr).range);
  }
  return param.map((ratio) => Math.max(-1, Math.min(1, ratio)));
};

/** limit_ratio(r, v): the series whose hash falls below r; of a negative r those that r + 1 leaves. */
const limitRatio = (expr: Aggregate, param: Float64Array, input: StepVector, scope: QueryScope): StepVector => {
  const ratios = checkedRatios(expr, param, scope);
  const places = Float64Array.from(input.labels, hashFraction);
  return keepCells(input, (row, step) => {
    const ratio = ratios[step] as number;
    return ratio >= 0 ? (places[row] as number) < ratio : (places[row] as number) >= 1 + ratio;
  });
};

/** limitk and limit_ratio: some of the series, as they are. */
export const limitSeries = (expr: Aggregate, param: Float64Array, input: StepVector, scope: QueryScope): StepVector => {
  scope.reserve(input.values.length);
  return (expr.op === 'limitk' ? limitCount : limitRatio)(expr, param, input, scope);
};
