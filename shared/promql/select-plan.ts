import { type Aggregate, childrenOf, type Expr, type VectorSelector } from './ast.ts';
import { foldBatches } from './batch-aggregate.ts';
import type { SelectBatches, SeriesBatches } from './batch-source.ts';
import { heldSamples } from './histogram-meter.ts';
import { infoTimes } from './info-selector.ts';
import { evaluatedGrid, lastTime, type QueryScope } from './query-scope.ts';
import { foldedSelector } from './series-pipeline.ts';
import type { SelectRequest, SelectSeries } from './series-source.ts';
import type { Grid } from './step-vector.ts';
import { subqueryGrid } from './subquery-grid.ts';
import { columnsOf } from './tier-calls.ts';
import type { Resolution, SelectTiers, TierName } from './tier-source.ts';
import { exactTier } from './tier-steps.ts';

/** Functions whose value depends on the evaluation time even when their arguments are pinned by `@`. */
const READS_THE_CLOCK = new Set(['time', 'predict_linear', 'timestamp', 'start_timestamp']);
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
      if (READS_THE_CLOCK.has(expr.name) && !(expr.name.endsWith('timestamp') && isPinnedSelector(expr.args[0]))) return false;
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
  /** The times its windows end at. */
  readonly times: Grid;
  /** How far each window goes back: the range, or the lookback of an instant selector. */
  readonly backMs: number;
  /** How far samples behind the windows are wanted. */
  readonly afterMs: number;
  readonly isInstant: boolean;
  /** The function of the range selector; undefined where there is none. */
  readonly call: string | undefined;
}

/** What a selector wants around its times; `rangeMs` undefined for an instant one. */
const needOf = (rangeMs: number | undefined, { extended }: VectorSelector, { limits }: QueryScope): Pick<Wanted, 'backMs' | 'afterMs' | 'isInstant'> => ({
  backMs: rangeMs === undefined ? limits.lookbackMs : rangeMs + (extended === undefined ? 0 : limits.lookbackMs),
  afterMs: extended === 'smoothed' ? limits.lookbackMs : 0,
  isInstant: rangeMs === undefined,
});

const collect = (expr: Expr, grid: Grid, scope: QueryScope, wanted: Wanted[], foldings: readonly Folding[], call?: string): void => {
  if (grid.steps === 0 || foldings.some((folding) => folding.expr === expr)) return;
  const selector = expr.kind === 'matrix' ? expr.selector : expr;
  if (selector.kind === 'selector') {
    wanted.push({ ...needOf(expr.kind === 'matrix' ? expr.rangeMs : undefined, selector, scope), selector, times: scope.shift(grid, selector), call });
    return;
  }
  if (expr.kind === 'call' && expr.name === 'info') {
    const [described, info] = expr.args as readonly [Expr, VectorSelector];
    collect(described, grid, scope, wanted, foldings);
    wanted.push({ ...needOf(undefined, info, scope), selector: info, times: infoTimes(described, grid, scope), call });
    return;
  }
  const inner = expr.kind === 'subquery' ? subqueryGrid(expr, grid, scope) : grid;
  const around = expr.kind === 'call' ? expr.name : expr.kind === 'paren' ? call : undefined;
  for (const child of childrenOf(expr)) collect(child, inner, scope, wanted, foldings, around);
};

/** An aggregation that is folded while its series are read. */
interface Folding {
  readonly expr: Aggregate;
  readonly selector: VectorSelector;
  readonly grid: Grid;
  readonly request: SelectRequest;
  readonly batches: SeriesBatches;
}

/** The outermost of the aggregations whose series are many, with the times at which the evaluation comes to them. */
const openFoldings = async (expr: Expr, steps: Grid, scope: QueryScope, { batches, tiers }: Omit<Sources, 'select'>): Promise<readonly Folding[]> => {
  if (batches === undefined || steps.steps === 0) return [];
  const grid = evaluatedGrid(expr, steps, scope);
  const selector = expr.kind === 'aggregate' ? foldedSelector(expr) : undefined;
  if (expr.kind === 'aggregate' && selector !== undefined) {
    const wanted: Wanted[] = [];
    collect(expr.expr, grid, scope, wanted, []);
    const one = wanted[0] as Wanted;
    if (tiers !== undefined && preferred(one, tiers.resolution) !== 'raw') return [];
    const request = requestOf(one);
    const opened = await batches({ ...request, fromMs: request.fromMs - 1 });
    return opened === undefined ? [] : [{ expr, selector, grid, request, batches: opened }];
  }
  const inner = expr.kind === 'subquery' ? subqueryGrid(expr, grid, scope) : grid;
  const foldings = await Promise.all(childrenOf(expr).map((child) => openFoldings(child, inner, scope, { batches, ...(tiers === undefined ? {} : { tiers }) })));
  return foldings.flat();
};

/** One after the other, so that one batch is in memory. Where an aggregation cannot be folded its samples are read at once. */
const fold = async (foldings: readonly Folding[], scope: QueryScope, select: SelectSeries): Promise<void> => {
  for (const { expr, selector, grid, request, batches } of foldings) {
    const folded = await foldBatches(expr, selector, batches, grid, scope);
    if (folded !== undefined) {
      scope.folded.set(expr, folded);
      continue;
    }
    const block = await select({ ...request, fromMs: request.fromMs - 1 });
    scope.load(heldSamples(block));
    scope.blocks.set(selector, block);
  }
};

/** The tiers a query may read, and which it would rather. */
export interface TierChoice {
  readonly select: SelectTiers;
  readonly resolution: Resolution;
  /** For rules, whose recorded series have their samples at the evaluation times: selectors that read samples alone see those. */
  readonly keepsSampleTimes?: boolean;
}

/** What storage offers. */
export interface Sources {
  readonly select: SelectSeries;
  /** The tiers that answer where `select` cannot, or should not; samples alone where left out. */
  readonly tiers?: TierChoice;
  /** For aggregations of many series; all samples are held at once where left out. */
  readonly batches?: SelectBatches;
}

/** Reads what every selector needs, each distinct request once, all at the same time; then what aggregations fold. */
export const loadSelectors = async (expr: Expr, grid: Grid, scope: QueryScope, sources: Sources): Promise<void> => {
  const { select, tiers, batches } = sources;
  let held = 0;
  const open = once(batches ?? (async () => undefined), (opened) => {
    held += opened?.heldSamples ?? 0;
    scope.load(opened?.heldSamples ?? 0);
  });
  const foldings = await openFoldings(expr, grid, scope, { ...sources, ...(batches === undefined ? {} : { batches: open }) });
  const wanted: Wanted[] = [];
  collect(expr, grid, scope, wanted, foldings);
  await (tiers === undefined ? loadSamples(wanted, scope, select) : loadTiers(wanted, scope, tiers));
  // After the others: only now it is known whether one of them reads buckets.
  await fold(foldings, scope, select);
  scope.samplesRead -= held;
  if (foldings.length > 0 || [...scope.blocks.keys()].some((selector) => !scope.tiered.has(selector))) scope.tiersRead.add('raw');
};

/** Windows are left-open, times whole milliseconds. */
const requestOf = ({ selector, times, backMs, afterMs }: Wanted): SelectRequest => ({
  matchers: selector.matchers,
  fromMs: times.startMs - backMs + 1,
  toMs: lastTime(times) + afterMs,
});

const loadSamples = async (wanted: readonly Wanted[], scope: QueryScope, select: SelectSeries): Promise<void> => {
  const read = once(select, (block) => scope.load(heldSamples(block)));
  await Promise.all(
    wanted.map(async (one) => {
      scope.blocks.set(one.selector, await read(requestOf(one)));
    }),
  );
};

const loadTiers = async (wanted: readonly Wanted[], scope: QueryScope, { select, resolution, keepsSampleTimes = false }: TierChoice): Promise<void> => {
  scope.keepsSampleTimes = keepsSampleTimes;
  const read = once(select, ({ raw, buckets }) => scope.load(heldSamples(raw) + buckets.startMs.length));
  await Promise.all(
    wanted.map(async (one) => {
      const request = requestOf(one);
      const columns = columnsOf(one.isInstant ? undefined : one.call) ?? [];
      // Buckets answer a time by what is before it, so the windows may begin 1 ms earlier.
      const block = await read({ ...request, fromMs: request.fromMs - 1, prefer: preferred(one, resolution), columns });
      scope.blocks.set(one.selector, block.raw);
      if (block.segments.length === 0) return;
      scope.tiered.set(one.selector, { block, columns });
      scope.sampleShiftMs = 1;
    }),
  );
};

const preferred = ({ selector, times, backMs, isInstant, call }: Wanted, resolution: Resolution): TierName => {
  if (selector.extended !== undefined) return 'raw';
  if (!isInstant && (call === undefined || columnsOf(call) === undefined)) return 'raw';
  // An instant selector judges samples by their own times, whatever its lookback.
  return resolution === 'auto' ? (exactTier(times, isInstant ? 0 : backMs) ?? 'raw') : resolution;
};

/** Asks the same once; `took` is told each answer once. */
const once = <R, T>(read: (request: R) => Promise<T>, took: (answer: T) => void): ((request: R) => Promise<T>) => {
  const answers = new Map<string, Promise<T>>();
  const readAndTell = async (request: R): Promise<T> => {
    const answer = await read(request);
    took(answer);
    return answer;
  };
  return (request) => {
    const key = JSON.stringify(request);
    const answer = answers.get(key) ?? readAndTell(request);
    answers.set(key, answer);
    return answer;
  };
};
