import { childrenOf, type Expr, type VectorSelector } from './ast.ts';
import { lastTime, type QueryScope } from './query-scope.ts';
import type { SelectRequest, SelectSeries, SeriesBlock } from './series-source.ts';
import type { Grid } from './step-vector.ts';
import { subqueryGrid } from './subquery-grid.ts';

/** Functions whose value depends on the evaluation time even when their arguments are pinned by `@`. */
const READS_THE_CLOCK = new Set(['time', 'predict_linear', 'timestamp']);
const CLOCK_WITHOUT_ARGUMENT = new Set(['minute', 'hour', 'day_of_week', 'day_of_month', 'day_of_year', 'days_in_month', 'month', 'year']);

/** Fills `scope.invariant`; whether `expr` itself is the same at every step. */
export const markInvariant = (expr: Expr, scope: QueryScope): boolean => {
  const children = childrenOf(expr).map((child) => markInvariant(child, scope));
  const invariant = isInvariant(expr, children);
  if (invariant) scope.invariant.add(expr);
  return invariant;
};

const isInvariant = (expr: Expr, children: readonly boolean[]): boolean => {
  switch (expr.kind) {
    case 'selector':
    case 'subquery':
      return expr.at !== undefined;
    case 'call':
      if (READS_THE_CLOCK.has(expr.name) && !(expr.name === 'timestamp' && isPinnedSelector(expr.args[0]))) return false;
      if (CLOCK_WITHOUT_ARGUMENT.has(expr.name) && expr.args.length === 0) return false;
      return children.every(Boolean);
    default:
      return children.every(Boolean);
  }
};

/** `timestamp(x @ 10)` reads the samples' own times, which are pinned; of anything else it reads the clock. */
const isPinnedSelector = (arg: Expr | undefined): boolean => arg?.kind === 'selector' && arg.at !== undefined;

interface Wanted {
  readonly selector: VectorSelector;
  readonly fromMs: number;
  readonly toMs: number;
}

const collect = (expr: Expr, grid: Grid, scope: QueryScope, wanted: Wanted[]): void => {
  if (grid.steps === 0) return;
  const selector = expr.kind === 'matrix' ? expr.selector : expr;
  if (selector.kind === 'selector') {
    const times = scope.shift(grid, selector);
    const backMs = expr.kind === 'matrix' ? expr.rangeMs : scope.limits.lookbackMs;
    // Windows are left-open, times whole milliseconds.
    wanted.push({ selector, fromMs: times.startMs - backMs + 1, toMs: lastTime(times) });
    return;
  }
  const inner = expr.kind === 'subquery' ? subqueryGrid(expr, grid, scope) : grid;
  for (const child of childrenOf(expr)) collect(child, inner, scope, wanted);
};

/** Reads the samples of every selector, each distinct request once, all at the same time. */
export const loadSelectors = async (expr: Expr, grid: Grid, scope: QueryScope, select: SelectSeries): Promise<void> => {
  const wanted: Wanted[] = [];
  collect(expr, grid, scope, wanted);
  const requests = new Map<string, Promise<SeriesBlock>>();
  await Promise.all(
    wanted.map(async ({ selector, fromMs, toMs }) => {
      const request: SelectRequest = { matchers: selector.matchers, fromMs, toMs };
      const key = JSON.stringify(request);
      const known = requests.get(key);
      const answer = known ?? select(request);
      if (known === undefined) requests.set(key, answer);
      const block = await answer;
      if (known === undefined) scope.load(block.tMs.length);
      scope.blocks.set(selector, block);
    }),
  );
};
