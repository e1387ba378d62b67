import { type Histogram, multiply } from '../histograms/histogram.ts';
import type { Call, Expr, Subquery, Unary } from './ast.ts';
import { ABSENT_FUNCTIONS } from './absent-functions.ts';
import { evaluateAggregate } from './aggregate-eval.ts';
import { evaluateBinary } from './binary-eval.ts';
import { asVector, type EvalValue, vectorValue } from './eval-value.ts';
import { FunctionContext, type FunctionTable } from './function-context.ts';
import { HISTOGRAM_FUNCTIONS } from './histogram-functions.ts';
import { withoutHint } from './histogram-hints.ts';
import { INFO_FUNCTIONS } from './info-function.ts';
import { LABEL_FUNCTIONS } from './label-functions.ts';
import { MATH_FUNCTIONS } from './math-functions.ts';
import { evaluatedGrid, type QueryScope } from './query-scope.ts';
import { RANGE_FUNCTIONS } from './range-functions.ts';
import { evaluateMatrix, evaluateSelector } from './selector-eval.ts';
import { refuseExtended, smoothedSelector } from './smoothed-selector.ts';
import { SORT_FUNCTIONS } from './sort-functions.ts';
import { floatPresence, type Grid, histogramAt, newLike, putHistogram, repeatSteps, type StepVector, timeAt } from './step-vector.ts';
import { subqueryGrid } from './subquery-grid.ts';
import { callOverTiers, rangeArgument } from './tier-calls.ts';
import { TIME_FUNCTIONS } from './time-functions.ts';
import type { Windows } from './windows.ts';

/** Every function of FUNCTION_SIGNATURES by its name. */
export const FUNCTIONS: FunctionTable = {
  ...RANGE_FUNCTIONS,
  ...MATH_FUNCTIONS,
  ...TIME_FUNCTIONS,
  ...ABSENT_FUNCTIONS,
  ...LABEL_FUNCTIONS,
  ...SORT_FUNCTIONS,
  ...HISTOGRAM_FUNCTIONS,
  ...INFO_FUNCTIONS,
};

const negate = (expr: Unary, value: EvalValue): EvalValue => {
  if (expr.op === '+') return value;
  if (value.type === 'scalar') return { type: 'scalar', values: value.values.map((x) => -x) };
  const input = asVector(value);
  const output = newLike(input, true);
  for (let cell = 0; cell < input.values.length; cell++) output.values[cell] = -(input.values[cell] as number);
  output.present.set(floatPresence(input));
  for (const cell of input.histograms?.keys() ?? []) {
    const histogram = histogramAt(input, cell);
    if (histogram !== undefined) putHistogram(output, cell, multiply(histogram, -1));
  }
  return vectorValue(output);
};

const call = (expr: Call, grid: Grid, scope: QueryScope): EvalValue => {
  const implementation = FUNCTIONS[expr.name];
  if (implementation === undefined) throw new TypeError(`evaluate ${expr.name}: found no such function, the parser promised one`);
  const context = new FunctionContext(expr, grid, scope, evaluate);
  refuseExtended(expr, scope);
  const selector = rangeArgument(expr);
  const tiered = selector === undefined ? undefined : scope.tiered.get(selector.selector);
  return selector === undefined || tiered === undefined ? implementation(context) : callOverTiers(context, selector, tiered, implementation);
};

/** The cells of a vector as samples of a range vector. */
const asSamples = (vector: StepVector, grid: Grid): Pick<Windows, 'offsets' | 'tMs' | 'values' | 'histograms'> => {
  const offsets = new Uint32Array(vector.labels.length + 1);
  const tMs = new Float64Array(vector.values.length);
  const values = new Float64Array(vector.values.length);
  const histograms = new Map<number, Histogram>();
  let kept = 0;
  for (let cell = 0; cell < vector.values.length; cell++) {
    const row = Math.floor(cell / grid.steps);
    if (vector.present[cell] !== 0) {
      const histogram = histogramAt(vector, cell);
      if (histogram !== undefined) histograms.set(kept, withoutHint(histogram));
      tMs[kept] = timeAt(grid, cell - row * grid.steps);
      values[kept++] = vector.values[cell] as number;
    }
    offsets[row + 1] = kept;
  }
  return { offsets, tMs, values, ...(histograms.size > 0 && { histograms }) };
};

const subquery = (expr: Subquery, grid: Grid, scope: QueryScope): Windows => {
  const inner = subqueryGrid(expr, grid, scope);
  const outer = scope.shift(grid, expr);
  const window = { rangeMs: expr.rangeMs, firstEndMs: outer.startMs, stepMs: outer.stepMs, steps: grid.steps };
  if (inner.steps === 0) {
    return { ...window, labels: [], dropName: [], offsets: new Uint32Array(1), tMs: new Float64Array(0), values: new Float64Array(0) };
  }
  scope.reserve(inner.steps);
  const vector = asVector(evaluate(expr.expr, inner, scope));
  scope.reserve(vector.values.length);
  return { ...window, ...asSamples(vector, inner), labels: vector.labels, dropName: vector.dropName };
};

const evaluateAt = (expr: Expr, grid: Grid, scope: QueryScope): EvalValue => {
  switch (expr.kind) {
    case 'number':
      scope.reserve(grid.steps);
      return { type: 'scalar', values: new Float64Array(grid.steps).fill(expr.value) };
    case 'string':
      return { type: 'string', value: expr.value };
    case 'selector':
      return vectorValue(expr.extended === 'smoothed' ? smoothedSelector(expr, grid, scope) : evaluateSelector(expr, grid, scope, 'value'));
    case 'matrix':
      return { type: 'matrix', windows: evaluateMatrix(expr, grid, scope) };
    case 'subquery':
      return { type: 'matrix', windows: subquery(expr, grid, scope) };
    case 'paren':
      return evaluate(expr.expr, grid, scope);
    case 'unary':
      return negate(expr, evaluate(expr.expr, grid, scope));
    case 'binary':
      return evaluateBinary(expr, evaluate(expr.lhs, grid, scope), evaluate(expr.rhs, grid, scope), scope);
    case 'aggregate': {
      const folded = scope.folded.get(expr);
      if (folded !== undefined) return vectorValue(folded);
      const param = expr.param === undefined ? undefined : evaluate(expr.param, grid, scope);
      return vectorValue(evaluateAggregate(expr, param, evaluate(expr.expr, grid, scope), scope));
    }
    case 'call':
      return call(expr, grid, scope);
  }
};

/** What is the same at every step is evaluated once and repeated. */
const evaluateOnce = (expr: Expr, grid: Grid, scope: QueryScope): EvalValue => {
  const value = evaluateAt(expr, evaluatedGrid(expr, grid, scope), scope);
  switch (value.type) {
    case 'scalar':
      return { type: 'scalar', values: new Float64Array(grid.steps).fill(value.values[0] as number) };
    case 'vector':
      scope.reserve(value.vector.labels.length * grid.steps);
      return vectorValue(repeatSteps(value.vector, grid.steps));
    case 'matrix':
      return { type: 'matrix', windows: { ...value.windows, stepMs: 0, steps: grid.steps } };
    case 'string':
      return value;
  }
};

/** Evaluates a checked expression at every step of `grid`. Its samples must be in `scope.blocks`. */
export const evaluate = (expr: Expr, grid: Grid, scope: QueryScope): EvalValue => {
  scope.reserve(grid.steps);
  return evaluatedGrid(expr, grid, scope) !== grid ? evaluateOnce(expr, grid, scope) : evaluateAt(expr, grid, scope);
};
