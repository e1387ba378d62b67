import { type Binary, SET_OPS, TRIM_OPS } from './ast.ts';
import { cellOperator } from './arithmetic.ts';
import { PromqlExecutionError } from './errors.ts';
import { asScalar, asVector, type EvalValue, vectorValue } from './eval-value.ts';
import type { QueryScope } from './query-scope.ts';
import { combineSets } from './set-operators.ts';
import { histogramOperator } from './histogram-operators.ts';
import { FLOAT, histogramAt, newLike, putSample, type StepVector, withoutEmptyRows } from './step-vector.ts';
import { matchVectors } from './vector-matching.ts';

const scalars = (expr: Binary, left: Float64Array, right: Float64Array): EvalValue => {
  if (TRIM_OPS.has(expr.op)) throw new PromqlExecutionError(`operator "${expr.op}" not allowed for Scalar operations`);
  const { value } = cellOperator(expr.op, true);
  return { type: 'scalar', values: left.map((a, step) => value(a, right[step] as number)) };
};

/** The histograms of a vector with a scalar on either side. */
const histogramsWithScalar = (expr: Binary, vector: StepVector, scalar: Float64Array, scalarIsLeft: boolean, output: StepVector, scope: QueryScope): void => {
  const apply = histogramOperator(expr, scope);
  for (let cell = 0; cell < vector.present.length; cell++) {
    const float = TRIM_OPS.has(expr.op) && vector.present[cell] === FLOAT ? vector.values[cell] : undefined;
    const own = histogramAt(vector, cell) ?? float;
    if (own === undefined) continue;
    const other = scalar[cell % vector.steps] as number;
    const result = scalarIsLeft ? apply(other, own) : apply(own, other);
    if (result !== undefined) putSample(output, cell, result);
  }
};

/** A vector with a scalar on either side; a filter keeps the vector's value wherever it stands. */
const withScalar = (expr: Binary, vector: StepVector, scalar: Float64Array, scalarIsLeft: boolean, scope: QueryScope): StepVector => {
  const op = cellOperator(expr.op, expr.returnBool);
  scope.reserve(vector.values.length);
  const output = newLike(vector, op.isFilter ? undefined : true);
  for (let cell = 0; cell < vector.values.length; cell++) {
    if (vector.present[cell] !== FLOAT) continue;
    const own = vector.values[cell] as number;
    const other = scalar[cell % vector.steps] as number;
    const a = scalarIsLeft ? other : own;
    const b = scalarIsLeft ? own : other;
    if (!op.keep(a, b)) continue;
    output.values[cell] = op.isFilter ? own : op.value(a, b);
    output.present[cell] = FLOAT;
  }
  if (vector.histograms !== undefined || op.isForHistograms) histogramsWithScalar(expr, vector, scalar, scalarIsLeft, output, scope);
  return op.isFilter ? withoutEmptyRows(output) : output;
};

export const evaluateBinary = (expr: Binary, lhs: EvalValue, rhs: EvalValue, scope: QueryScope): EvalValue => {
  if (lhs.type === 'scalar' && rhs.type === 'scalar') return scalars(expr, lhs.values, rhs.values);
  if (lhs.type === 'scalar') return vectorValue(withScalar(expr, asVector(rhs), lhs.values, true, scope));
  if (rhs.type === 'scalar') return vectorValue(withScalar(expr, asVector(lhs), asScalar(rhs), false, scope));
  const combine = SET_OPS.has(expr.op) ? combineSets : matchVectors;
  return vectorValue(combine(expr, asVector(lhs), asVector(rhs), scope));
};
