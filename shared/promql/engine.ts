import type { Histogram } from '../histograms/histogram.ts';
import type { Labels } from '../model/labels.ts';
import { type Expr, type ValueType, withoutParens } from './ast.ts';
import { PromqlExecutionError, PromqlParseError } from './errors.ts';
import { resolveDurations } from './duration-value.ts';
import type { EvalValue } from './eval-value.ts';
import { evaluate } from './evaluator.ts';
import { detectHints } from './histogram-hints.ts';
import { extendedSamples } from './extended-samples.ts';
import { selectInfo } from './info-selector.ts';
import { withoutName } from './label-edit.ts';
import { parseQuery } from './parser.ts';
import type { QueryResult, QueryValue, ResultSeries } from './query-result.ts';
import { type QueryLimits, QueryScope, type QueryTimes } from './query-scope.ts';
import { loadSelectors, markInvariant, type Sources } from './select-plan.ts';
import type { SelectSeries } from './series-source.ts';
import { compareLabels, dropNames, FLOAT, type Grid, HISTOGRAM, histogramAt, mergeSameLabels, newVector, type StepVector, timeAt } from './step-vector.ts';
import { TYPE_NAMES, typeOf } from './type-checker.ts';
import type { Windows } from './windows.ts';

export interface QueryOptions {
  /** How long a sample counts as the current value; Prometheus' default of 5 m. */
  readonly lookbackMs?: number;
  /** Samples a query may hold in memory; Prometheus' default of 50 million. */
  readonly maxSamples?: number;
  /** What storage offers beside whole selectors. */
  readonly sources?: Omit<Sources, 'select'>;
  /** Called regularly while the query runs; what it throws ends the query. */
  readonly check?: () => void;
}

export interface RangeBounds {
  readonly startMs: number;
  readonly endMs: number; // inclusive
  /** Greater than 0. */
  readonly stepMs: number;
}

/** Prometheus' own (`--query.lookback-delta`). */
export const DEFAULT_LOOKBACK_MS = 300_000;
const DEFAULT_MAX_SAMPLES = 50_000_000;

const limitsOf = (options: QueryOptions): QueryLimits => ({
  lookbackMs: options.lookbackMs ?? DEFAULT_LOOKBACK_MS,
  maxSamples: options.maxSamples ?? DEFAULT_MAX_SAMPLES,
  check: options.check ?? (() => undefined),
});

/** Times and values of the float cells, the histogram cells beside them. */
const mixedSeries = (vector: StepVector, row: number, times: Float64Array): ResultSeries => {
  const from = row * vector.steps;
  const cells = Array.from(times.keys(), (step) => from + step);
  const floats = cells.filter((cell) => vector.present[cell] === FLOAT);
  const histograms = cells.filter((cell) => vector.present[cell] === HISTOGRAM);
  const timesOf = (chosen: readonly number[]): Float64Array => Float64Array.from(chosen, (cell) => times[cell - from] as number);
  return {
    labels: vector.labels[row] as Labels,
    tMs: timesOf(floats),
    values: Float64Array.from(floats, (cell) => vector.values[cell] as number),
    histograms: { tMs: timesOf(histograms), histograms: histograms.map((cell) => histogramAt(vector, cell) as Histogram) },
  };
};

/** The present cells of a row; a row without gaps shares the times of the grid and the memory of the vector. */
const rowSeries = (vector: StepVector, row: number, times: Float64Array): ResultSeries => {
  const labels = vector.labels[row] as Labels;
  const present = vector.present.subarray(row * vector.steps, (row + 1) * vector.steps);
  const values = vector.values.subarray(row * vector.steps, (row + 1) * vector.steps);
  if (vector.histograms !== undefined && present.includes(HISTOGRAM)) return mixedSeries(vector, row, times);
  let count = 0;
  for (let step = 0; step < present.length; step++) count += present[step] as number;
  if (count === present.length) return { labels, tMs: times, values };
  const keep = (_: number, step: number): boolean => present[step] === 1;
  return { labels, tMs: times.filter(keep), values: values.filter(keep) };
};

const inOrder = (series: readonly ResultSeries[]): ResultSeries[] =>
  series.filter(({ tMs, histograms }) => tMs.length + (histograms?.tMs.length ?? 0) > 0).sort((a, b) => compareLabels(a.labels, b.labels));

const seriesOf = (vector: StepVector, grid: Grid): ResultSeries[] => {
  const times = Float64Array.from({ length: grid.steps }, (_, step) => timeAt(grid, step));
  const series = vector.labels.map((_, row) => rowSeries(vector, row, times));
  return inOrder(series);
};

const mixedSamples = (windows: Windows, labels: Labels, from: number, to: number, histograms: ReadonlyMap<number, Histogram>): ResultSeries => {
  const places = Array.from({ length: to - from }, (_, i) => from + i);
  const floats = places.filter((place) => !histograms.has(place));
  const others = places.filter((place) => histograms.has(place));
  return {
    labels,
    tMs: Float64Array.from(floats, (place) => windows.tMs[place] as number),
    values: Float64Array.from(floats, (place) => windows.values[place] as number),
    ...(others.length > 0 && {
      histograms: {
        tMs: Float64Array.from(others, (place) => windows.tMs[place] as number),
        histograms: others.map((place) => histograms.get(place) as Histogram),
      },
    }),
  };
};

/** The samples of the one window of a range vector, names removed where that is pending. */
const windowSeries = (windows: Windows): ResultSeries[] => {
  const labels = windows.labels.map((own, i): Labels => (windows.dropName[i] === true ? withoutName(own) : own));
  // Two series of one name-less label set have no meaning; the check of instant vectors is used for it.
  mergeSameLabels({ ...newVector(1, labels, labels.map(() => false)), present: new Uint8Array(labels.length).fill(1) });
  const startMs = windows.firstEndMs - windows.rangeMs;
  const series = labels.map((own, i): ResultSeries => {
    let from = windows.offsets[i] as number;
    let to = windows.offsets[i + 1] as number;
    while (from < to && (windows.tMs[from] as number) <= startMs) from++;
    while (to > from && (windows.tMs[to - 1] as number) > windows.firstEndMs) to--;
    return windows.histograms === undefined
      ? { labels: own, tMs: windows.tMs.slice(from, to), values: windows.values.slice(from, to) }
      : mixedSamples(windows, own, from, to, windows.histograms);
  });
  return inOrder(series);
};

const instantValue = (value: EvalValue, tMs: number): QueryValue => {
  switch (value.type) {
    case 'scalar':
      return { type: 'scalar', tMs, value: value.values[0] as number };
    case 'string':
      return { type: 'string', tMs, value: value.value };
    case 'matrix':
      return { type: 'matrix', series: windowSeries(extendedSamples(value.windows)) };
    case 'vector': {
      const vector = dropNames(value.vector);
      const { labels, values, present } = vector;
      const rows = Array.from(labels.keys()).filter((row) => present[row] !== 0);
      const histograms = rows.flatMap((row, i): [number, Histogram][] => (present[row] === HISTOGRAM ? [[i, histogramAt(vector, row) as Histogram]] : []));
      return {
        ...(histograms.length > 0 && { histograms: new Map(histograms) }), type: 'vector', tMs, labels: rows.map((row) => labels[row] as Labels), values: Float64Array.from(rows, (row) => (present[row] === HISTOGRAM ? 0 : (values[row] as number))) };
    }
  }
};

const rangeValue = (value: EvalValue, grid: Grid): QueryValue => {
  if (value.type === 'scalar') {
    const vector = { ...newVector(grid.steps, [[]], [false]), values: value.values };
    vector.present.fill(1);
    return { type: 'matrix', series: seriesOf(vector, grid) };
  }
  if (value.type !== 'vector') throw new TypeError(`range query: found a ${value.type}, a scalar or a vector is allowed`);
  return { type: 'matrix', series: seriesOf(dropNames(value.vector), grid) };
};

/** The expression as a query over `times` evaluates it. */
const prepare = (expr: Expr, times: QueryTimes): Expr => selectInfo(resolveDurations(expr, times));

const run = async (select: SelectSeries, expr: Expr, grid: Grid, scope: QueryScope, sources: QueryOptions['sources']): Promise<EvalValue> => {
  markInvariant(expr, scope);
  scope.limits.check();
  await loadSelectors(expr, grid, scope, { select, ...sources });
  detectHints(expr, scope);
  scope.limits.check();
  refuseBucketSamples(expr, scope);
  return evaluate(expr, grid, scope);
};

/** A range selector that is the query itself asks for samples. */
const refuseBucketSamples = (expr: Expr, scope: QueryScope): void => {
  const selector = withoutParens(expr);
  if (selector.kind !== 'matrix' || !scope.tiered.has(selector.selector)) return;
  throw new PromqlExecutionError('a range selector needs raw samples, which have been replaced by buckets for a part of its range: ask for a later time, or for a function of it');
};

const withAnnotations = (value: QueryValue, { warnings, infos, samplesRead, samplesReleased, tiersRead }: QueryScope): QueryResult => ({
  ...value,
  warnings,
  infos,
  samplesRead: samplesRead + samplesReleased,
  tiers: [...tiersRead].sort(),
});

/**
 * The value of `query` at one time.
 * @throws PromqlParseError, PromqlExecutionError, PromqlLimitError, and whatever `select` and `check` throw.
 */
export const evaluateInstant = async (select: SelectSeries, query: string, tMs: number, options: QueryOptions = {}): Promise<QueryResult> => {
  const times: QueryTimes = { startMs: tMs, endMs: tMs, stepMs: 0 };
  const expr = prepare(parseQuery(query), times);
  const grid: Grid = { startMs: tMs, stepMs: 0, steps: 1 };
  const scope = new QueryScope(query, times, true, limitsOf(options));
  return withAnnotations(instantValue(await run(select, expr, grid, scope, options.sources), tMs), scope);
};

const refuseType = (type: ValueType): void => {
  if (type !== 'scalar' && type !== 'vector') {
    throw new PromqlParseError(`invalid expression type "${TYPE_NAMES[type]}" for range query, must be Scalar or instant Vector`);
  }
};

/**
 * The values of `query` at startMs, startMs + stepMs, … up to endMs: always a matrix.
 * @throws as {@link evaluateInstant}; RangeError when the bounds make no grid.
 */
export const evaluateRange = async (select: SelectSeries, query: string, bounds: RangeBounds, options: QueryOptions = {}): Promise<QueryResult> => {
  const { startMs, endMs, stepMs } = bounds;
  if (!(stepMs > 0) || !(endMs >= startMs)) {
    throw new RangeError(`range query: found start ${startMs} ms, end ${endMs} ms, step ${stepMs} ms, a positive step and an end not before the start are allowed`);
  }
  const expr = prepare(parseQuery(query), bounds);
  refuseType(typeOf(expr));
  const grid: Grid = { startMs, stepMs, steps: Math.floor((endMs - startMs) / stepMs) + 1 };
  const scope = new QueryScope(query, bounds, false, limitsOf(options));
  return withAnnotations(rangeValue(await run(select, expr, grid, scope, options.sources), grid), scope);
};
