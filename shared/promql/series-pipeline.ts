import { type Aggregate, childrenOf, type Expr, type VectorSelector } from './ast.ts';
import { typeOf } from './type-checker.ts';

/** Functions whose result for a series depends on that series alone, and keeps its labels but for the name. */
const PER_SERIES = new Set(
  `rate increase delta irate idelta resets changes deriv predict_linear sum_over_time avg_over_time min_over_time max_over_time
  count_over_time last_over_time first_over_time present_over_time stddev_over_time stdvar_over_time quantile_over_time
  abs ceil floor exp ln log2 log10 sqrt sgn round clamp clamp_min clamp_max timestamp`.split(/\s+/),
);

/** The selector of an expression that works on each series by itself, without another selector; undefined for any other. */
const selectorOf = (expr: Expr): VectorSelector | undefined => {
  switch (expr.kind) {
    case 'selector':
      return expr;
    case 'matrix':
      return expr.selector;
    case 'paren':
    case 'unary':
      return selectorOf(expr.expr);
    case 'call':
      return PER_SERIES.has(expr.name) ? selectorAmong(expr.args) : undefined;
    case 'binary':
      return selectorAmong([expr.lhs, expr.rhs]);
    default:
      return undefined;
  }
};

/** Of operands of which one is a vector, the others scalars without selectors. */
const selectorAmong = (operands: readonly Expr[]): VectorSelector | undefined => {
  const [vector, ...more] = operands.filter((operand) => typeOf(operand) !== 'scalar');
  const scalars = operands.filter((operand) => typeOf(operand) === 'scalar');
  return vector === undefined || more.length > 0 || scalars.some(hasSelector) ? undefined : selectorOf(vector);
};

const hasSelector = (expr: Expr): boolean => expr.kind === 'selector' || childrenOf(expr).some(hasSelector);

/** The selector under an aggregation whose series, and its parameter, can be evaluated one after the other; undefined for any other. */
export const foldedSelector = (expr: Aggregate): VectorSelector | undefined => {
  const selector = expr.param !== undefined && hasSelector(expr.param) ? undefined : selectorOf(expr.expr);
  return selector?.extended === undefined ? selector : undefined;
};
