import type { Histogram } from '../histograms/histogram.ts';
import { bitsOf, isStaleAt } from '../model/stale.ts';
import type { Expr, MatrixSelector, VectorSelector } from './ast.ts';
import type { QueryScope } from './query-scope.ts';
import type { SeriesBlock } from './series-source.ts';
import { type Grid, newVector, putHistogram, type StepVector, timeAt, withoutEmptyRows } from './step-vector.ts';
import { selectOverTiers } from './tier-calls.ts';
import type { Windows } from './windows.ts';

const EMPTY: SeriesBlock = { labels: [], offsets: new Uint32Array(1), tMs: new Float64Array(0), values: new Float64Array(0) };

const blockOf = (selector: Expr, scope: QueryScope): SeriesBlock => scope.blocks.get(selector) ?? EMPTY;

/**
 * The newest sample of (t − lookback, t] at every step; none when it is a stale marker.
 * 'seconds' are the samples' own times instead of their values, for timestamp().
 */
export const evaluateSelector = (selector: VectorSelector, grid: Grid, scope: QueryScope, wanted: 'value' | 'seconds'): StepVector => {
  const tiered = scope.tiered.get(selector);
  const raw = latestSamples(selector, grid, scope, wanted === 'seconds');
  return tiered === undefined ? raw : selectOverTiers(raw, selector, grid, scope, tiered, wanted);
};

const latestSamples = (selector: VectorSelector, grid: Grid, scope: QueryScope, sampleTimes: boolean): StepVector => {
  const block = blockOf(selector, scope);
  const { tMs, values, offsets } = block;
  const times = scope.sampleTimes(grid, selector);
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
      output.values[cell] = sampleTimes ? (tMs[newest] as number) / 1000 : (values[newest] as number);
      output.present[cell] = 1;
      const histogram = sampleTimes ? undefined : block.histograms?.get(newest);
      if (histogram !== undefined) putHistogram(output, cell, histogram);
    }
  }
  return withoutEmptyRows(output);
};

/** The block without its stale markers, which range selectors never see. */
const withoutStale = (block: SeriesBlock): SeriesBlock => {
  const bits = bitsOf(block.values);
  const count = block.values.length;
  let firstStale = 0;
  while (firstStale < count && !isStaleAt(bits, firstStale)) firstStale++;
  if (firstStale === count) return block;
  const offsets = new Uint32Array(block.labels.length + 1);
  const tMs = new Float64Array(count);
  const values = new Float64Array(count);
  const histograms = new Map<number, Histogram>();
  let kept = 0;
  for (let series = 0; series < block.labels.length; series++) {
    for (let i = block.offsets[series] as number; i < (block.offsets[series + 1] as number); i++) {
      if (isStaleAt(bits, i)) continue;
      const histogram = block.histograms?.get(i);
      if (histogram !== undefined) histograms.set(kept, histogram);
      tMs[kept] = block.tMs[i] as number;
      values[kept++] = block.values[i] as number;
    }
    offsets[series + 1] = kept;
  }
  return { labels: block.labels, offsets, tMs, values, ...(histograms.size > 0 && { histograms }) };
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
    stepMs: times.stepMs,
    steps: grid.steps,
  };
};
