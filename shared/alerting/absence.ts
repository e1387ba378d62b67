import { childrenOf, withoutParens } from '../promql/ast.ts';
import type { Binary, Expr } from '../promql/ast.ts';
import type { RuleSource } from '../rules/rule-group.ts';

/** Functions whose value tells of samples that are not there. */
const TELL_ABSENCE: ReadonlySet<string> = new Set(['absent', 'absent_over_time', 'timestamp']);

/** What gets less when samples are missing. */
const SHRINKING: ReadonlySet<string> = new Set(['count', 'sum', 'count_over_time', 'sum_over_time', 'rate', 'increase', 'changes', 'resets']);

/**
 * Whether an expression may match because samples are missing: it says nothing then in an incomplete slot. Told by its form:
 * absence by name, `unless`, an `or` that gives a value to be compared, and counts, sums and rates that are found too low.
 * Arithmetic is not followed, so `1 - rate(x[5m]) > 0.5` is missed.
 */
export const firesOnAbsence = (expr: Expr): boolean => firesAt(expr, true);

/** Of a statement nobody knows. */
export const mayFireOnAbsence = (source: RuleSource): boolean => source.language === 'sql' || firesOnAbsence(source.expr);

/** `isCondition`: whether nothing but `and` and `or` stand above, so that an `or` is one of conditions. */
const firesAt = (expr: Expr, isCondition: boolean): boolean => {
  const inner = withoutParens(expr);
  if (inner.kind === 'call' && TELL_ABSENCE.has(inner.name)) return true;
  if (inner.kind === 'binary' && (inner.op === 'unless' || (inner.op === 'or' && !isCondition) || comparesLow(inner))) return true;
  const stays = isCondition && inner.kind === 'binary' && (inner.op === 'and' || inner.op === 'or');
  return childrenOf(inner).some((child) => firesAt(child, stays));
};

const comparesLow = ({ op, lhs, rhs }: Binary): boolean => {
  switch (op) {
    case '<':
    case '<=':
      return shrinks(lhs);
    case '>':
    case '>=':
      return shrinks(rhs);
    case '==':
    case '!=':
      return shrinks(lhs) || shrinks(rhs);
    default:
      return false;
  }
};

const shrinks = (expr: Expr): boolean =>
  (expr.kind === 'aggregate' && SHRINKING.has(expr.op)) || (expr.kind === 'call' && SHRINKING.has(expr.name)) || childrenOf(expr).some(shrinks);
