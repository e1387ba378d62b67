import { type Labels, labelValue } from '../../../shared/model/labels.ts';
import type { Expr } from '../../../shared/promql/ast.ts';
import { childrenOf } from '../../../shared/promql/ast.ts';
import { evaluateInstant, evaluateRange } from '../../../shared/promql/engine.ts';
import { PromqlExecutionError, PromqlParseError } from '../../../shared/promql/errors.ts';
import { compileMatcher } from '../../../shared/promql/matcher.ts';
import { parseQuery } from '../../../shared/promql/parser.ts';
import { printExpr } from '../../../shared/promql/printer.ts';
import type { QueryResult } from '../../../shared/promql/query-result.ts';
import { labelsKey } from '../../../shared/promql/step-vector.ts';
import type { SelectSeries } from '../../../shared/promql/series-source.ts';
import { type EvalBlock, type LoadBlock, parseCaseFile } from './conformance-case.ts';
import { differsFromPinned, differsFromPoint, fits, mismatch } from './conformance-compare.ts';
import { customBucketSeries } from './custom-bucket-load.ts';
import { MemorySeries } from './load.ts';
import { type NotedSeries, noteToColumns, parseLabels, parseSeriesLine, splitSeriesLine, UnsupportedNotation } from './series-notation.ts';

export interface CaseOutcome {
  readonly line: number;
  readonly query: string;
  readonly outcome: 'passed' | 'failed' | 'unsupported';
  readonly reason: string;
}

/** A case that touches series this engine cannot hold yet. */
class UnsupportedSeries extends Error {}

/** Memory of a case file: plain series, and the label sets of those that need what is not there. */
class CaseMemory {
  private readonly plain = new MemorySeries();
  private unsupported: Labels[] = [];

  clear(): void {
    this.plain.clear();
    this.unsupported = [];
  }

  load(block: LoadBlock): void {
    const loaded = new Map<string, NotedSeries>();
    for (const line of block.lines) this.loadLine(line, loaded);
    const series = [...loaded.values(), ...(block.withCustomBuckets ? customBucketSeries([...loaded.values()]) : [])];
    for (const { labels, values } of series) this.plain.add(labels, noteToColumns(values, block.stepMs));
  }

  /** A series that stands twice in a block counts with its last line. */
  private loadLine(line: string, loaded: Map<string, NotedSeries>): void {
    const starts = /^(.*\})?(\S*)@st\s/.exec(line);
    if (starts !== null) {
      this.unsupported.push(parseLabels(`${starts[1] ?? ''}${starts[2] ?? ''}`));
      return;
    }
    try {
      const series = parseSeriesLine(line);
      loaded.set(labelsKey(series.labels), series);
    } catch (error) {
      if (!(error instanceof UnsupportedNotation)) throw error;
      this.unsupported.push(parseLabels(splitSeriesLine(line)[0]));
    }
  }

  readonly select: SelectSeries = (request) => {
    const predicates = request.matchers.map((matcher) => ({ name: matcher.name, matches: compileMatcher(matcher) }));
    if (this.unsupported.some((labels) => predicates.every(({ name, matches }) => matches(labelValue(labels, name))))) {
      return Promise.reject(new UnsupportedSeries('start timestamp'));
    }
    return this.plain.select(request);
  };
}

const CLOCK = new Set(['time', 'timestamp', 'predict_linear', 'minute', 'hour', 'day_of_week', 'day_of_month', 'day_of_year', 'days_in_month', 'month', 'year']);

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
      return { ...expr, args: expr.args.map((arg) => pin(arg, tMs)) };
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
  const problem = await asRange(select, block.query, block.startMs, wanted);
  if (problem !== undefined) return problem;
  const expr = parseQuery(block.query);
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

const runEval = async (memory: CaseMemory, block: EvalBlock): Promise<string | undefined> => {
  const failure = block.expectations.find((text) => /^fail\b/.test(text));
  try {
    const isInstant = block.stepMs === 0;
    const result = isInstant ? await evaluateInstant(memory.select, block.query, block.startMs) : await evaluateRange(memory.select, block.query, block);
    if (failure !== undefined) return `did not fail, wanted ${failure}`;
    const problem = mismatch(block, result);
    return problem ?? (isInstant ? await otherWays(memory.select, block, result) : undefined);
  } catch (error) {
    const isOwn = error instanceof PromqlExecutionError || (error instanceof PromqlParseError && !/unknown function|unexpected/.test(error.message));
    if (!isOwn || failure === undefined) throw error;
    return fits(failure, error.message) ? undefined : `failed with ${error.message}, wanted ${failure}`;
  }
};

const outcomeOf = async (memory: CaseMemory, block: EvalBlock): Promise<CaseOutcome> => {
  const { line, query } = block;
  try {
    const problem = await runEval(memory, block);
    return { line, query, outcome: problem === undefined ? 'passed' : 'failed', reason: problem ?? '' };
  } catch (error) {
    const reason = String(error);
    if (error instanceof UnsupportedSeries || error instanceof UnsupportedNotation || error instanceof PromqlParseError) {
      return { line, query, outcome: 'unsupported', reason };
    }
    return { line, query, outcome: 'failed', reason };
  }
};

/** Runs every case of a file. Parse errors count as unsupported language: the floors of the test keep them few. */
export const runCaseFile = async (text: string): Promise<CaseOutcome[]> => {
  const memory = new CaseMemory();
  const outcomes: CaseOutcome[] = [];
  for (const block of parseCaseFile(text)) {
    if (block.kind === 'clear') memory.clear();
    else if (block.kind === 'load') memory.load(block);
    else outcomes.push(await outcomeOf(memory, block));
  }
  return outcomes;
};
