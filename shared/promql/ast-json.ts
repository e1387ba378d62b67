import type { Binary, Call, Expr, TimeShift, VectorSelector } from './ast.ts';
import { FUNCTION_SIGNATURES, type FunctionSignature } from './function-signatures.ts';
import type { Matcher } from './matcher.ts';
import { formatDecimal } from './number-text.ts';
import { typeOf } from './type-checker.ts';

/** A value that JSON.stringify takes as it is. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

const matcherJson = ({ name, op, value }: Matcher): Json => ({ name, value, type: op });

const shiftJson = ({ offsetMs, at }: TimeShift): Readonly<Record<string, Json>> => ({
  offset: offsetMs,
  timestamp: at?.kind === 'time' ? at.tMs : null,
  startOrEnd: at === undefined || at.kind === 'time' ? null : at.kind,
});

const selectorJson = (selector: VectorSelector): Readonly<Record<string, Json>> => ({
  name: selector.metric,
  ...shiftJson(selector),
  matchers: selector.matchers.map(matcherJson),
  anchored: selector.extended === 'anchored',
  smoothed: selector.extended === 'smoothed',
});

/** JSON has no infinities: they are told as PromQL writes them. */
const fillJson = (value: number | undefined): Json => (value === undefined ? null : Number.isFinite(value) ? value : formatDecimal(value));

/** Null where an operand is no vector, as nothing is matched then. */
const matchingJson = ({ lhs, rhs, matching }: Binary): Json => {
  if (typeOf(lhs) !== 'vector' || typeOf(rhs) !== 'vector') return null;
  const { card, labels, on, include, fillLeft, fillRight } = matching;
  return { card, labels, on, include, fillValues: { lhs: fillJson(fillLeft), rhs: fillJson(fillRight) } };
};

const callJson = ({ name, args }: Call): Json => {
  const { args: argTypes, variadic, returns } = FUNCTION_SIGNATURES.get(name) as FunctionSignature;
  return { type: 'call', func: { name, argTypes, variadic, returnType: returns }, args: args.map(astJson) };
};

/**
 * The syntax tree as Prometheus' `/api/v1/parse_query` gives it (web/api/v1/translate_ast.go). Durations are milliseconds; 0
 * where arithmetic stands that only a query's times decide.
 */
export const astJson = (expr: Expr): Json => {
  switch (expr.kind) {
    case 'number':
      return { type: 'numberLiteral', val: formatDecimal(expr.value) };
    case 'string':
      return { type: 'stringLiteral', val: expr.value };
    case 'selector':
      return { type: 'vectorSelector', ...selectorJson(expr) };
    case 'matrix':
      return { type: 'matrixSelector', range: expr.rangeMs, ...selectorJson(expr.selector) };
    case 'subquery':
      return { type: 'subquery', expr: astJson(expr.expr), range: expr.rangeMs, step: expr.stepMs, ...shiftJson(expr) };
    case 'paren':
      return { type: 'parenExpr', expr: astJson(expr.expr) };
    case 'unary':
      return { type: 'unaryExpr', op: expr.op, expr: astJson(expr.expr) };
    case 'binary':
      return { type: 'binaryExpr', op: expr.op, lhs: astJson(expr.lhs), rhs: astJson(expr.rhs), matching: matchingJson(expr), bool: expr.returnBool };
    case 'aggregate': {
      const { op, param, grouping, without } = expr;
      return { type: 'aggregation', op, expr: astJson(expr.expr), param: param === undefined ? null : astJson(param), grouping, without };
    }
    case 'call':
      return callJson(expr);
  }
};
