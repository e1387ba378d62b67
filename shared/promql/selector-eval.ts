import { bitsOf, isStaleAt } from '../model/stale.ts';
import type { Expr, MatrixSelector, VectorSelector } from './ast.ts';
import type { QueryScope } from './query-scope.ts';
import type { SeriesBlock } from './series-source.ts';
import { type Grid, newVector, putHistogram, type StepVector, timeAt, withoutEmptyRows } from './step-vector.ts';
import { selectOverTiers } from './tier-calls.ts';
import type { Windows } from './windows.ts';
import { withoutStale } from './without-stale.ts';

const EMPTY: SeriesBlock = { labels: [], offsets: new Uint32Array(1), tMs: new Float64Array(0), values: new Float64Array(0) };

export const blockOf = (selector: Expr, scope: QueryScope): SeriesBlock => scope.blocks.get(selector) ?? EMPTY;

/**
 * The newest sample of (t − lookback, t] at every step; none when it is a stale marker.
 * 'seconds' are the samples' own times instead of their values, for timestamp().
 */
export const evaluateSelector = (selector: VectorSelector, grid: Grid, scope: QueryScope, wanted: 'value' | 'seconds'): StepVector => {
  const tiered = scope.tiered.get(selector);
  const raw = latestSamples(selector, grid, scope, wanted);
  return tiered === undefined ? raw : selectOverTiers(raw, selector, grid, scope, tiered, wanted);
};

/** As {@link evaluateSelector}, of raw samples alone; 'start' are the times their counters began. */
export const latestSamples = (selector: VectorSelector, grid: Grid, scope: QueryScope, wanted: 'value' | 'seconds' | 'start'): StepVector => {
  const block = blockOf(selector, scope);
  const { tMs, values, offsets, startMs } = block;
  const times = scope.sampleTimes(grid, selector);
  const column = wanted === 'value' ? values : wanted === 'seconds' ? tMs : (startMs ?? new Float64Array(values.length));
  const unit = wanted === 'value' ? 1 : 1000;
  const { lookbackMs } = scope.limits;
  const bits = bitsOf(values);
  scope.reserve(block.labels.length * grid.steps);
  const output = newVector(grid.steps, [...block.labels], block.labels.map(() => false));
  for (let series = 0; series < block.labels.length; series++) {
    const end = offsets[series + 1] as number;
    let after = offsets[series] as number;
    const first = after;
    for (let step = 0; step < grid.steps; step++) {
      const t = timeAt(times, step);
      while (after < end && (tMs[after] as number) <= t) after++;
      const newest = after - 1;
      if (newest < first || (tMs[newest] as number) <= t - lookbackMs || isStaleAt(bits, newest)) continue;
      const cell = series * grid.steps + step;
      output.values[cell] = (column[newest] as number) / unit;
      output.present[cell] = 1;
      const histogram = wanted === 'value' ? block.histograms?.get(newest) : undefined;
      if (histogram !== undefined) putHistogram(output, cell, histogram);
    }
  }
  return withoutEmptyRows(output);
};

/** Windows of an `anchored` or `smoothed` range reach over the lookback around it. */
const extendedBounds = ({ selector, rangeMs }: MatrixSelector, endMs: number, scope: QueryScope): Partial<Pick<Windows, 'rangeMs' | 'firstEndMs' | 'extended'>> => {
  if (selector.extended === undefined) return {};
  const { lookbackMs } = scope.limits;
  const afterMs = selector.extended === 'smoothed' ? lookbackMs : 0;
  return { rangeMs: rangeMs + lookbackMs + afterMs, firstEndMs: endMs + afterMs, extended: { mode: selector.extended, rangeMs, afterMs } };
};

export const evaluateMatrix = (expr: MatrixSelector, grid: Grid, scope: QueryScope): Windows => {
  const block = withoutStale(blockOf(expr.selector, scope));
  scope.work(block.values.length);
  const times = scope.sampleTimes(grid, expr.selector);
  return {
    ...block,
    dropName: block.labels.map(() => false),
    rangeMs: expr.rangeMs,
    firstEndMs: times.startMs,
    ...extendedBounds(expr, times.startMs, scope),
    stepMs: times.stepMs,
    steps: grid.steps,
  };
};
