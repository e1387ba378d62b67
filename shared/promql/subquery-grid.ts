import type { Subquery } from './ast.ts';
import { lastTime, type QueryScope } from './query-scope.ts';
import type { Grid } from './step-vector.ts';

/** The step of `[5m:]`: Prometheus takes its global evaluation interval, 1 m unless configured. */
const DEFAULT_STEP_MS = 60_000;

/**
 * The times at which the inside of a subquery is evaluated: absolute multiples of its step, over the union of the windows
 * of all outer steps. `steps` is 0 when no multiple falls into it.
 */
export const subqueryGrid = (expr: Subquery, grid: Grid, scope: QueryScope): Grid => {
  const outer = scope.shift(grid, expr);
  const stepMs = expr.stepMs === 0 ? DEFAULT_STEP_MS : expr.stepMs;
  const startMs = (Math.floor((outer.startMs - expr.rangeMs) / stepMs) + 1) * stepMs;
  return { startMs, stepMs, steps: Math.max(0, Math.floor((lastTime(outer) - startMs) / stepMs) + 1) };
};
