import { countBelow } from './places.ts';
import { eachWindow, type RowFunction, type SlideTarget, type WindowBounds, type Windows } from './windows.ts';

/** Prometheus extrapolates to the window's edge when it is nearer than this many average sample distances. */
const EXTRAPOLATION_THRESHOLD = 1.1;

/** How much of the window beyond the first and last sample the change is extended over, as a factor. */
export const extrapolation = (tMs: Float64Array, first: number, last: number, endMs: number, rangeMs: number, zeroSeconds: number): number => {
  const firstMs = tMs[first] as number;
  const lastMs = tMs[last] as number;
  const sampled = (lastMs - firstMs) / 1000;
  const average = sampled / (last - first);
  const threshold = average * EXTRAPOLATION_THRESHOLD;
  let toStart = (firstMs - (endMs - rangeMs)) / 1000;
  let toEnd = (endMs - lastMs) / 1000;
  if (toStart >= threshold) toStart = average / 2;
  // A counter cannot have been below zero: extrapolate at most to where it would have been zero.
  if (zeroSeconds < toStart) toStart = zeroSeconds;
  if (toEnd >= threshold) toEnd = average / 2;
  return (sampled + toStart + toEnd) / sampled;
};

/** Whether a value may be less than the one before. By pairs, which takes half the time: a counter hardly ever drops. */
const mayDrop = (values: Float64Array, begin: number, end: number): boolean => {
  let before = -Infinity;
  for (let i = begin + 1; i < end; i += 2) {
    const value = values[i - 1] as number;
    const next = values[i] as number;
    if (value < before || next < value) return true;
    before = next;
  }
  return (values[end - 1] as number) < before;
};

/** The samples of a series that are less than the one before: there a counter began anew. */
const dropsOf = (values: Float64Array, begin: number, end: number): readonly number[] => {
  const drops: number[] = [];
  if (!mayDrop(values, begin, end)) return drops;
  for (let i = begin + 1; i < end; i++) if ((values[i] as number) < (values[i - 1] as number)) drops.push(i);
  return drops;
};

/**
 * Puts the changes of the windows of a counter that dropped into their cells: last − first, and the values before the drops, added one
 * after the other, since a sum of theirs could round otherwise.
 */
const changesOfDropping = (values: Float64Array, drops: readonly number[], { from, to }: WindowBounds, firstStep: number, endStep: number, { values: cells, at, work }: SlideTarget): void => {
  for (let step = firstStep; step < endStep; step++) {
    if (from[step] !== to[step]) cells[at + step] = (values[(to[step] as number) - 1] as number) - (values[from[step] as number] as number);
  }
  let begin = firstStep;
  // A drop at the first sample of the first window, or before it, is in none of them.
  for (let next = countBelow(drops, (from[firstStep] as number) + 1); next < drops.length && begin < endStep; next++) {
    const drop = drops[next] as number;
    while (begin < endStep && (to[begin] as number) <= drop) begin++;
    let step = begin;
    for (; step < endStep && (from[step] as number) < drop; step++) cells[at + step] = (cells[at + step] as number) + (values[drop - 1] as number);
    work(step - begin);
  }
};

/** rate, increase and delta of one series. The loop over the windows has none inside, for the compiler's sake. */
const extrapolated = ({ values, tMs, rangeMs, offsets }: Windows, series: number, isCounter: boolean, isRate: boolean): RowFunction => {
  const drops = isCounter ? dropsOf(values, offsets[series] as number, offsets[series + 1] as number) : [];
  const hasDrops = drops.length > 0;
  const seconds = isRate ? rangeMs / 1000 : 1;
  return (bounds, firstStep, endStep, target) => {
    if (hasDrops) changesOfDropping(values, drops, bounds, firstStep, endStep, target);
    const { from, to, endMs } = bounds;
    const { values: cells, present, at } = target;
    // Windows over regular samples are all alike: what these three decide is computed once.
    let gaps = 0;
    let spanMs = 0;
    let toEndMs = 0;
    let factor = 0;
    for (let step = firstStep; step < endStep; step++) {
      const first = from[step] as number;
      const last = (to[step] as number) - 1;
      if (last <= first) continue;
      const atMs = endMs[step] as number;
      const lastMs = tMs[last] as number;
      if (last - first !== gaps || lastMs - (tMs[first] as number) !== spanMs || atMs - lastMs !== toEndMs) {
        gaps = last - first;
        spanMs = lastMs - (tMs[first] as number);
        toEndMs = atMs - lastMs;
        factor = extrapolation(tMs, first, last, atMs, rangeMs, Infinity) / seconds;
      }
      const start = values[first] as number;
      const change = hasDrops ? (cells[at + step] as number) : (values[last] as number) - start;
      // A counter that was at least at its change was at zero before the first sample by more than all samples span.
      const fromZero = isCounter && change > 0 && start >= 0 && (start < change || gaps === 1);
      cells[at + step] = change * (fromZero ? extrapolation(tMs, first, last, atMs, rangeMs, (spanMs / 1000) * (start / change)) / seconds : factor);
      present[at + step] = 1;
    }
  };
};

/** irate and idelta: the last two samples alone. */
const instant = (windows: Windows, isRate: boolean): RowFunction => {
  const { values, tMs } = windows;
  return eachWindow((from, to) => {
    if (to - from < 2) return undefined;
    const last = values[to - 1] as number;
    const before = values[to - 2] as number;
    const change = isRate && last < before ? last : last - before;
    if (!isRate) return change;
    const distanceMs = (tMs[to - 1] as number) - (tMs[to - 2] as number);
    return change / (distanceMs / 1000);
  });
};

/** Counts neighbours inside the window that `differ`, by a prefix count over the series. */
const neighbours = (windows: Windows, series: number, differ: (before: number, after: number) => boolean): RowFunction => {
  const start = windows.offsets[series] as number;
  const end = windows.offsets[series + 1] as number;
  const counts = new Uint32Array(end - start);
  for (let i = start + 1; i < end; i++) {
    counts[i - start] = (counts[i - start - 1] as number) + (differ(windows.values[i - 1] as number, windows.values[i] as number) ? 1 : 0);
  }
  return eachWindow((from, to) => (counts[to - 1 - start] as number) - (counts[from - start] as number));
};

export const isChange = (before: number, after: number): boolean => after !== before && !(Number.isNaN(after) && Number.isNaN(before));

type RateKernel = (windows: Windows, series: number) => RowFunction;

/** The functions over the changes between samples. */
export const RATE_KERNELS: Readonly<Record<string, RateKernel>> = {
  rate: (windows, series) => extrapolated(windows, series, true, true),
  increase: (windows, series) => extrapolated(windows, series, true, false),
  delta: (windows, series) => extrapolated(windows, series, false, false),
  irate: (windows) => instant(windows, true),
  idelta: (windows) => instant(windows, false),
  resets: (windows, series) => neighbours(windows, series, (before, after) => after < before),
  changes: (windows, series) => neighbours(windows, series, isChange),
};
