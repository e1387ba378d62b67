import { power } from './arithmetic.ts';
import { childrenOf, type DurationExpr, type DurationOperand, type Expr, withChildren } from './ast.ts';
import { MAX_DURATION_MS } from './duration-parser.ts';
import { PromqlParseError } from './errors.ts';
import type { QueryTimes } from './query-scope.ts';

/** Prometheus prints byte positions as `start:end` here, not as line and column. */
const problemAt = ({ range }: DurationExpr, problem: string): PromqlParseError => new PromqlParseError(`${range.start}:${range.end}: ${problem}`, range);

const divisor = (expr: DurationExpr, value: number, problem: string): number => {
  if (value === 0) throw problemAt(expr, problem);
  return value;
};

const evaluate = (expr: DurationOperand, times: QueryTimes): number => {
  if (expr.kind === 'number') return expr.value;
  const lhs = expr.lhs === undefined ? 0 : evaluate(expr.lhs, times);
  const rhs = expr.rhs === undefined ? 0 : evaluate(expr.rhs, times);
  switch (expr.op) {
    case 'step':
      return times.endMs > times.startMs ? times.stepMs / 1000 : 0;
    case 'range':
      return (times.endMs - times.startMs) / 1000;
    case 'min_of':
      return Math.min(lhs, rhs);
    case 'max_of':
      return Math.max(lhs, rhs);
    case '+':
      return lhs + rhs;
    case '-':
      return lhs - rhs;
    case '*':
      return lhs * rhs;
    case '/':
      return lhs / divisor(expr, rhs, 'division by zero');
    case '%':
      return lhs % divisor(expr, rhs, 'modulo by zero');
    case '^':
      return power(lhs, rhs);
  }
};

const milliseconds = (expr: DurationExpr, times: QueryTimes, mayBeNegative: boolean): number => {
  const valueMs = evaluate(expr, times) * 1000;
  if (valueMs <= 0 && !mayBeNegative) throw problemAt(expr, 'duration must be greater than 0');
  if (!(Math.abs(valueMs) <= MAX_DURATION_MS)) throw problemAt(expr, 'duration is out of range');
  // Rounded at nanoseconds first: 0.1 + 0.2 seconds are 300 ms.
  const cutMs = Math.trunc(Math.round(valueMs * 1e6) / 1e6);
  if (cutMs === 0 && !mayBeNegative) throw problemAt(expr, 'duration must be greater than 0');
  return cutMs;
};

/** The durations of one node in place of their expressions. */
const resolveNode = (expr: Expr, times: QueryTimes): Expr => {
  let resolved = expr;
  if ((resolved.kind === 'selector' || resolved.kind === 'subquery') && resolved.offsetExpr !== undefined) {
    const { offsetExpr, ...rest } = resolved;
    resolved = { ...rest, offsetMs: milliseconds(offsetExpr, times, true) };
  }
  if (resolved.kind === 'subquery' && resolved.stepExpr !== undefined) {
    const { stepExpr, ...rest } = resolved;
    resolved = { ...rest, stepMs: milliseconds(stepExpr, times, false) };
  }
  if ((resolved.kind === 'matrix' || resolved.kind === 'subquery') && resolved.rangeExpr !== undefined) {
    const { rangeExpr, ...rest } = resolved;
    resolved = { ...rest, rangeMs: milliseconds(rangeExpr, times, false) };
  }
  return resolved;
};

/**
 * The expression with plain durations, as a query over `times` sees them. The very same one when it has no others.
 * @throws PromqlParseError with Prometheus' message when a range or step is not positive, or a duration too long.
 */
export const resolveDurations = (expr: Expr, times: QueryTimes): Expr => {
  const children = childrenOf(expr);
  const resolved = children.map((child) => resolveDurations(child, times));
  const changed = resolved.some((child, i) => child !== children[i]);
  return resolveNode(changed ? withChildren(expr, resolved) : expr, times);
};
