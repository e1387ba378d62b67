import { type Expr, childrenOf, type VectorSelector } from './ast.ts';

/** The times whose samples a step at t sees: [t - backMs, t + aheadMs]. */
export interface StepExtent {
  readonly backMs: number;
  readonly aheadMs: number;
}

/** Functions that read more than their arguments at the time of the step. */
const SEES_MORE = new Set(['info', 'start', 'end', 'step', 'range', 'start_timestamp']);
const NOTHING: StepExtent = { backMs: 0, aheadMs: 0 };

const isPlain = ({ at, offsetExpr }: Pick<VectorSelector, 'at' | 'offsetExpr'>): boolean => at === undefined && offsetExpr === undefined;

const moved = (inner: StepExtent, offsetMs: number, rangeMs: number): StepExtent => ({ backMs: inner.backMs + offsetMs + rangeMs, aheadMs: inner.aheadMs - offsetMs });

/** Undefined where a step depends on the bounds of its query, or on a time of its own. */
export const stepExtent = (expr: Expr, lookbackMs: number): StepExtent | undefined => {
  switch (expr.kind) {
    case 'selector':
      return isPlain(expr) && expr.extended === undefined ? moved(NOTHING, expr.offsetMs, lookbackMs) : undefined;
    case 'matrix':
      return isPlain(expr.selector) && expr.selector.extended === undefined && expr.rangeExpr === undefined ? moved(NOTHING, expr.selector.offsetMs, expr.rangeMs) : undefined;
    case 'subquery': {
      const inner = stepExtent(expr.expr, lookbackMs);
      return inner === undefined || !isPlain(expr) || expr.rangeExpr !== undefined || expr.stepExpr !== undefined ? undefined : moved(inner, expr.offsetMs, expr.rangeMs);
    }
    default:
      return expr.kind === 'call' && SEES_MORE.has(expr.name) ? undefined : widest(childrenOf(expr).map((child) => stepExtent(child, lookbackMs)));
  }
};

const widest = (extents: readonly (StepExtent | undefined)[]): StepExtent | undefined => {
  let all = NOTHING;
  for (const extent of extents) {
    if (extent === undefined) return undefined;
    all = { backMs: Math.max(all.backMs, extent.backMs), aheadMs: Math.max(all.aheadMs, extent.aheadMs) };
  }
  return all;
};
