import type { Expr, TimeShift, VectorSelector } from './ast.ts';
import { type ByteRange, linePosition, tooManySamples } from './errors.ts';
import type { SeriesBlock } from './series-source.ts';
import type { Grid, StepVector } from './step-vector.ts';
import type { TieredSelector } from './tier-eval.ts';
import type { TierName } from './tier-source.ts';

/** Cells and samples handled between two calls of the caller's check; about 10 ms of kernel time. */
const CHECK_EVERY = 500_000;
/** So that a query over many series cannot answer with a book of warnings. */
const MAX_ANNOTATIONS = 100;

export interface QueryLimits {
  readonly lookbackMs: number;
  readonly maxSamples: number;
  /** Throws when the query must end: its time is over, or nobody waits for it. */
  readonly check: () => void;
}

/** The times of a whole query. */
export interface QueryTimes {
  readonly startMs: number;
  readonly endMs: number; // inclusive, maybe between two steps
  /** 0 for an instant query. */
  readonly stepMs: number;
}

/** What one query carries through its evaluation: its text, bounds, limits, samples and annotations. */
export class QueryScope {
  readonly query: string;
  /** The bounds of the whole query, for `@ start()` and `@ end()`. */
  readonly startMs: number;
  readonly endMs: number; // inclusive
  /** Between two evaluations; 0 when there is only one time, as `step()` has it. */
  readonly stepMs: number;
  /** Whether the query is evaluated at one time: only then does the order of a vector mean anything. */
  readonly isInstant: boolean;
  readonly limits: QueryLimits;
  /** Sub-trees whose value is the same at every step. */
  readonly invariant: Set<Expr> = new Set();
  readonly blocks: Map<Expr, SeriesBlock> = new Map();
  /** The selectors of which buckets answer a part. */
  readonly tiered: Map<Expr, TieredSelector> = new Map();
  readonly tiersRead: Set<TierName> = new Set();
  /** Buckets hold what is before a time, not at it: where some selector reads them, all of them see the samples up to 1 ms before. */
  sampleShiftMs: 0 | 1 = 0;
  /** Whether those that read samples alone see these up to the time itself nevertheless. */
  keepsSampleTimes = false;
  /** Samples that are in memory, and those that were and are no more. */
  samplesRead = 0;
  samplesReleased = 0;
  /** Aggregations that were folded while their samples were read. */
  readonly folded: Map<Expr, StepVector> = new Map();
  private readonly warningTexts: Set<string> = new Set();
  private readonly infoTexts: Set<string> = new Set();
  private sinceCheck = 0;

  constructor(query: string, times: QueryTimes, isInstant: boolean, limits: QueryLimits) {
    this.query = query;
    this.startMs = times.startMs;
    this.endMs = times.endMs;
    this.stepMs = times.endMs > times.startMs ? times.stepMs : 0;
    this.isInstant = isInstant;
    this.limits = limits;
  }

  get warnings(): string[] {
    return [...this.warningTexts];
  }

  get infos(): string[] {
    return [...this.infoTexts];
  }

  warn(problem: string, range: ByteRange): void {
    this.annotate(this.warningTexts, `PromQL warning: ${problem}`, range);
  }

  info(problem: string, range: ByteRange): void {
    this.annotate(this.infoTexts, `PromQL info: ${problem}`, range);
  }

  private annotate(texts: Set<string>, text: string, range: ByteRange): void {
    if (texts.size < MAX_ANNOTATIONS) texts.add(`${text} (${linePosition(this.query, range.start)})`);
  }

  /** Accounts for samples that now are in memory for good. */
  load(samples: number): void {
    this.samplesRead += samples;
    this.reserve(0);
  }

  /** The samples of a batch have gone out of memory again. */
  release(samples: number): void {
    this.samplesRead -= samples;
    this.samplesReleased += samples;
  }

  /**
   * Before memory for `cells` samples is taken.
   * @throws PromqlLimitError in Prometheus' words.
   */
  reserve(cells: number): void {
    if (this.samplesRead + cells > this.limits.maxSamples) {
      throw tooManySamples(this.limits.maxSamples);
    }
    this.work(cells);
  }

  /** Called as work is done, so that a deadline is seen in time. */
  work(cells: number): void {
    this.sinceCheck += cells + 1;
    if (this.sinceCheck < CHECK_EVERY) return;
    this.sinceCheck = 0;
    this.limits.check();
  }

  /** The times whose samples a selector sees. */
  sampleTimes(grid: Grid, selector: VectorSelector): Grid {
    const times = this.shift(grid, selector);
    const isExact = this.keepsSampleTimes && !this.tiered.has(selector);
    return isExact ? times : { ...times, startMs: times.startMs - this.sampleShiftMs };
  }

  /** The times a shifted selector looks at: those of `grid`, pinned by `@`, moved by `offset`. */
  shift(grid: Grid, { offsetMs, at }: TimeShift): Grid {
    if (at === undefined) return { ...grid, startMs: grid.startMs - offsetMs };
    const pinnedMs = at.kind === 'time' ? at.tMs : at.kind === 'start' ? this.startMs : this.endMs;
    return { startMs: pinnedMs - offsetMs, stepMs: 0, steps: grid.steps };
  }
}

/** The last time of a grid. */
export const lastTime = (grid: Grid): number => grid.startMs + (grid.steps - 1) * grid.stepMs;

/** The times at which an expression is evaluated: the first alone of what is the same at all of them. */
export const evaluatedGrid = (expr: Expr, grid: Grid, { invariant }: Pick<QueryScope, 'invariant'>): Grid =>
  grid.steps > 1 && invariant.has(expr) ? { startMs: grid.startMs, stepMs: 0, steps: 1 } : grid;
