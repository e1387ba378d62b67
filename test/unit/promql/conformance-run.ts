import { childrenOf, type DurationExpr, type Expr } from '../../../shared/promql/ast.ts';
import { evaluateInstant, evaluateRange } from '../../../shared/promql/engine.ts';
import { PromqlExecutionError, PromqlParseError } from '../../../shared/promql/errors.ts';
import { parseQuery } from '../../../shared/promql/parser.ts';
import { printDuration, printExpr } from '../../../shared/promql/printer.ts';
import type { QueryResult } from '../../../shared/promql/query-result.ts';
import { labelsKey } from '../../../shared/promql/step-vector.ts';
import type { SelectSeries } from '../../../shared/promql/series-source.ts';
import { type EvalBlock, type LoadBlock, parseCaseFile } from './conformance-case.ts';
import { differsFromPinned, differsFromPoint, fits, mismatch } from './conformance-compare.ts';
import { customBucketSeries } from './custom-bucket-load.ts';
import { MemorySeries } from './load.ts';
import { type NotedSeries, noteToColumns, parseLabels, parseSeriesLine } from './series-notation.ts';
import { type NotedStart, parseStartLine } from './start-notation.ts';

export interface CaseOutcome {
  readonly line: number;
  readonly query: string;
  /** 'skipped' = a form of case that this runner does not know. */
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly reason: string;
}

/** The series of one `load` block; the last line counts of a series that stands twice. */
const seriesOf = (block: LoadBlock): NotedSeries[] => {
  const loaded = new Map<string, NotedSeries>();
  const starts = new Map<string, readonly NotedStart[]>();
  for (const line of block.lines) {
    const start = parseStartLine(line);
    if (start === undefined) {
      const series = parseSeriesLine(line);
      loaded.set(labelsKey(series.labels), series);
    } else starts.set(labelsKey(parseLabels(start.series)), start.starts);
  }
  const series = [...loaded].map(([key, one]) => ({ ...one, ...(starts.has(key) && { starts: starts.get(key) as readonly NotedStart[] }) }));
  return block.withCustomBuckets ? [...series, ...customBucketSeries(series)] : series;
};

const loadInto = (memory: MemorySeries, block: LoadBlock): void => {
  for (const { labels, values, starts } of seriesOf(block)) memory.add(labels, noteToColumns(values, block.stepMs, starts));
};

const CLOCK = new Set(['time', 'timestamp', 'predict_linear', 'minute', 'hour', 'day_of_week', 'day_of_month', 'day_of_year', 'days_in_month', 'month', 'year']);
const QUERY_TIMES = new Set(['start', 'end', 'step', 'range']);

/** What a query asks about its own times: another answer over a range. */
const asksForTimes = (expr: Expr): boolean =>
  some(expr, (one) => (one.kind === 'call' ? QUERY_TIMES.has(one.name) : durationsOf(one).some((duration) => /\b(?:step|range)\(/.test(printDuration(duration)))));

const durationsOf = (expr: Expr): DurationExpr[] => {
  const found = [
    expr.kind === 'selector' || expr.kind === 'subquery' ? expr.offsetExpr : undefined,
    expr.kind === 'matrix' || expr.kind === 'subquery' ? expr.rangeExpr : undefined,
    expr.kind === 'subquery' ? expr.stepExpr : undefined,
  ];
  return found.filter((duration) => duration !== undefined);
};

const some = (expr: Expr, test: (expr: Expr) => boolean): boolean => test(expr) || childrenOf(expr).some((child) => some(child, test));

/** Every selector and subquery pinned to `tMs` that is not inside a subquery and not pinned already. */
const pin = (expr: Expr, tMs: number): Expr => {
  const at = { kind: 'time', tMs } as const;
  switch (expr.kind) {
    case 'selector':
    case 'subquery':
      return expr.at === undefined ? { ...expr, at } : expr;
    case 'matrix':
      return { ...expr, selector: pin(expr.selector, tMs) as typeof expr.selector };
    case 'paren':
    case 'unary':
      return { ...expr, expr: pin(expr.expr, tMs) };
    case 'binary':
      return { ...expr, lhs: pin(expr.lhs, tMs), rhs: pin(expr.rhs, tMs) };
    case 'aggregate':
      return { ...expr, expr: pin(expr.expr, tMs), param: expr.param && pin(expr.param, tMs) };
    case 'call':
      // The second argument of info() is no vector.
      return { ...expr, args: expr.args.map((arg, i) => (expr.name === 'info' && i === 1 ? arg : pin(arg, tMs))) };
    default:
      return expr;
  }
};

const asRange = async (select: SelectSeries, query: string, tMs: number, wanted: QueryResult): Promise<string | undefined> => {
  if (wanted.type === 'string' || wanted.type === 'matrix') return undefined;
  const range = await evaluateRange(select, query, { startMs: tMs - 60_000, endMs: tMs + 60_000, stepMs: 60_000 });
  const difference = differsFromPoint('tMs' in wanted ? { ...wanted, tMs } : wanted, range, tMs);
  return difference === undefined ? undefined : `as range query of ${query} around ${tMs}: ${difference}`;
};

/** The same query over a range, and pinned by `@` at other times, must give the same. */
const otherWays = async (select: SelectSeries, block: EvalBlock, wanted: QueryResult): Promise<string | undefined> => {
  const expr = parseQuery(block.query);
  if (asksForTimes(expr)) return undefined;
  const problem = await asRange(select, block.query, block.startMs, wanted);
  if (problem !== undefined) return problem;
  if (some(expr, (one) => one.kind === 'call' && CLOCK.has(one.name))) return undefined;
  const query = printExpr(pin(expr, block.startMs));
  const t = block.startMs;
  for (const tMs of t === 0 ? [-1000, 0, 1000] : [-10 * t, 0, Math.trunc(t / 5), t, 10 * t]) {
    const pinned = await evaluateInstant(select, query, tMs);
    const difference = differsFromPinned(wanted, pinned) ?? (await asRange(select, query, tMs, pinned));
    if (difference !== undefined) return `as ${query} at ${tMs}: ${difference}`;
  }
  return undefined;
};

const runEval = async (select: SelectSeries, block: EvalBlock): Promise<string | undefined> => {
  const failure = block.expectations.find((text) => /^fail\b/.test(text));
  try {
    const isInstant = block.stepMs === 0;
    const result = isInstant ? await evaluateInstant(select, block.query, block.startMs) : await evaluateRange(select, block.query, block);
    if (failure !== undefined) return `did not fail, wanted ${failure}`;
    return mismatch(block, result) ?? (isInstant ? await otherWays(select, block, result) : undefined);
  } catch (error) {
    const isOwn = error instanceof PromqlExecutionError || error instanceof PromqlParseError;
    if (!isOwn || failure === undefined) return String(error);
    return fits(failure, error.message) ? undefined : `failed with ${error.message}, wanted ${failure}`;
  }
};

const outcomeOf = async (select: SelectSeries, block: EvalBlock): Promise<CaseOutcome> => {
  const reason = await runEval(select, block);
  return { line: block.line, query: block.query, outcome: reason === undefined ? 'passed' : 'failed', reason: reason ?? '' };
};

/** What answers for the series of a file, which stay as they are from then on. */
export type OpenSeries = (series: MemorySeries) => Promise<SelectSeries>;

/** Runs every case of a file. */
export const runCaseFile = async (text: string, open: OpenSeries = async ({ select }) => select): Promise<CaseOutcome[]> => {
  const memory = new MemorySeries();
  const outcomes: CaseOutcome[] = [];
  let select: SelectSeries | undefined;
  for (const block of parseCaseFile(text)) {
    if (block.kind === 'unknown') outcomes.push({ line: block.line, query: block.text, outcome: 'skipped', reason: 'unknown form of case' });
    else if (block.kind === 'eval') outcomes.push(await outcomeOf((select ??= await open(memory)), block));
    else {
      if (block.kind === 'clear') memory.clear();
      else loadInto(memory, block);
      select = undefined;
    }
  }
  return outcomes;
};
