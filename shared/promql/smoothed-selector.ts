import type { Histogram } from '../histograms/histogram.ts';
import type { Call, VectorSelector } from './ast.ts';
import { withoutParens } from './ast.ts';
import { PromqlExecutionError } from './errors.ts';
import { EXTENDED_FUNCTIONS, interpolate } from './extended-kernels.ts';
import { HistogramAnnotations } from './histogram-annotations.ts';
import { interpolateHistograms } from './interpolate-histograms.ts';
import type { QueryScope } from './query-scope.ts';
import { blockOf } from './selector-eval.ts';
import type { SeriesBlock } from './series-source.ts';
import { type Grid, newVector, putSample, type StepVector, timeAt, withoutEmptyRows } from './step-vector.ts';
import { withoutStale } from './without-stale.ts';

/** @throws PromqlExecutionError when the function of an `anchored` or `smoothed` range cannot do with samples beyond it. */
export const refuseExtended = (call: Call, scope: QueryScope): void => {
  for (const arg of call.args) {
    const range = withoutParens(arg);
    if (range.kind !== 'matrix' || range.selector.extended === undefined) continue;
    const { extended } = range.selector;
    const allowed = EXTENDED_FUNCTIONS[extended];
    if (!allowed.includes(call.name)) {
      throw new PromqlExecutionError(`${extended} modifier can only be used with: ${allowed.join(', ')} - not with ${call.name}`);
    }
    refuseBuckets(range.selector, scope);
  }
};

const refuseBuckets = (selector: VectorSelector, scope: QueryScope): void => {
  if (!scope.tiered.has(selector)) return;
  throw new PromqlExecutionError(`${selector.extended} needs raw samples, which have been replaced by buckets for a part of its range: ask for a later time`);
};

interface Neighbours {
  /** The last sample before the time, within the lookback; undefined when there is none. */
  readonly before: number | undefined;
  /** The first one from the time on. */
  readonly after: number | undefined;
}

/** The value of a series at `atMs`: on the line between its neighbours; the one before when none follows. */
const between = (block: SeriesBlock, { before, after }: Neighbours, atMs: number, annotations: HistogramAnnotations): number | Histogram | undefined => {
  const valueOf = (place: number): number | Histogram => block.histograms?.get(place) ?? (block.values[place] as number);
  if (after !== undefined && block.tMs[after] === atMs) return valueOf(after);
  if (before === undefined) return undefined;
  const [left, right] = [valueOf(before), after === undefined ? undefined : valueOf(after)];
  if (right === undefined) return left;
  if (typeof left === 'number' || typeof right === 'number') return interpolate(block, before, atMs, false);
  const fraction = (atMs - (block.tMs[before] as number)) / ((block.tMs[before + 1] as number) - (block.tMs[before] as number));
  const isCounter = left.counterResetHint !== 'gauge' && right.counterResetHint !== 'gauge';
  return interpolateHistograms(left, right, fraction, isCounter, annotations);
};

/** Whether places `from` to `to` (exclusive) hold floats as well as histograms. */
const isMixed = ({ histograms }: SeriesBlock, from: number, to: number): boolean => {
  if (histograms === undefined) return false;
  for (let i = from + 1; i < to; i++) if (histograms.has(i) !== histograms.has(from)) return true;
  return false;
};

/** A `smoothed` instant selector: at every step the value on the line between the samples around it, within the lookback. */
export const smoothedSelector = (selector: VectorSelector, grid: Grid, scope: QueryScope): StepVector => {
  refuseBuckets(selector, scope);
  const block = withoutStale(blockOf(selector, scope));
  const times = scope.sampleTimes(grid, selector);
  const { lookbackMs } = scope.limits;
  const annotations = new HistogramAnnotations(scope, selector.range);
  scope.reserve(block.labels.length * grid.steps);
  const output = newVector(grid.steps, [...block.labels], block.labels.map(() => false));
  block.labels.forEach((labels, series) => {
    const end = block.offsets[series + 1] as number;
    let [from, at, to] = [block.offsets[series] as number, block.offsets[series] as number, block.offsets[series] as number];
    for (let step = 0; step < grid.steps; step++) {
      const t = timeAt(times, step);
      while (to < end && (block.tMs[to] as number) <= t + lookbackMs) to++;
      while (at < to && (block.tMs[at] as number) < t) at++;
      while (from < to && (block.tMs[from] as number) <= t - lookbackMs) from++;
      if (from === to) continue;
      if (isMixed(block, from, to)) {
        annotations.mixedSamples(labels);
        continue;
      }
      const neighbours = { before: at > from ? at - 1 : undefined, after: at < to ? at : undefined };
      const value = between(block, neighbours, t, annotations);
      if (value !== undefined) putSample(output, series * grid.steps + step, value);
      else if (neighbours.before !== undefined) annotations.mixedBuckets(labels);
    }
  });
  return withoutEmptyRows(output);
};
