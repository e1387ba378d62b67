import type { WindowFunction, Windows } from './windows.ts';

/** Prometheus extrapolates to the window's edge when it is nearer than this many average sample distances. */
const EXTRAPOLATION_THRESHOLD = 1.1;

/** Whole numbers below this add up exactly in any order: half a dozen of them stay below 2^53. */
const EXACT_BELOW = 2 ** 50;

/**
 * corrections[i] = the values before every drop up to sample i of the series, so that those of a window are a difference
 * of two entries. 'none' when the series never drops. 'inexact' when such a difference could lose bits that Prometheus'
 * addition per window keeps: values that are not whole, or too great.
 */
const resetCorrections = (values: Float64Array, from: number, to: number): Float64Array | 'none' | 'inexact' => {
  let drops = false;
  let exact = true;
  for (let i = from; i < to; i++) {
    const value = values[i] as number;
    if (i > from && value < (values[i - 1] as number)) drops = true;
    if (!(Number.isInteger(value) && Math.abs(value) < EXACT_BELOW)) exact = false;
  }
  if (!drops) return 'none';
  if (!exact) return 'inexact';
  const corrections = new Float64Array(to - from);
  let total = 0;
  for (let i = from + 1; i < to; i++) {
    if ((values[i] as number) < (values[i - 1] as number)) total += values[i - 1] as number;
    corrections[i - from] = total;
  }
  return total < EXACT_BELOW ? corrections : 'inexact';
};

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

/** rate, increase and delta of one series. */
const extrapolated = (windows: Windows, series: number, isCounter: boolean, isRate: boolean): WindowFunction => {
  const { values, tMs, rangeMs } = windows;
  const seriesFrom = windows.offsets[series] as number;
  const corrections = isCounter ? resetCorrections(values, seriesFrom, windows.offsets[series + 1] as number) : 'none';
  return (from, to, _step, endMs) => {
    const last = to - 1;
    if (from === last) return undefined;
    let change = (values[last] as number) - (values[from] as number);
    if (typeof corrections === 'object') {
      change += (corrections[last - seriesFrom] as number) - (corrections[from - seriesFrom] as number);
    } else if (corrections === 'inexact') {
      for (let i = from + 1; i <= last; i++) if ((values[i] as number) < (values[i - 1] as number)) change += values[i - 1] as number;
    }
    const first = values[from] as number;
    const sampled = ((tMs[last] as number) - (tMs[from] as number)) / 1000;
    const zeroSeconds = isCounter && change > 0 && first >= 0 ? sampled * (first / change) : Infinity;
    const factor = extrapolation(tMs, from, last, endMs, rangeMs, zeroSeconds);
    return change * (isRate ? factor / (rangeMs / 1000) : factor);
  };
};

/** irate and idelta: the last two samples alone. */
const instant = (windows: Windows, isRate: boolean): WindowFunction => {
  const { values, tMs } = windows;
  return (from, to) => {
    if (to - from < 2) return undefined;
    const last = values[to - 1] as number;
    const before = values[to - 2] as number;
    const change = isRate && last < before ? last : last - before;
    if (!isRate) return change;
    const distanceMs = (tMs[to - 1] as number) - (tMs[to - 2] as number);
    return change / (distanceMs / 1000);
  };
};

/** Counts neighbours inside the window that `differ`, by a prefix count over the series. */
const neighbours = (windows: Windows, series: number, differ: (before: number, after: number) => boolean): WindowFunction => {
  const start = windows.offsets[series] as number;
  const end = windows.offsets[series + 1] as number;
  const counts = new Uint32Array(end - start);
  for (let i = start + 1; i < end; i++) {
    counts[i - start] = (counts[i - start - 1] as number) + (differ(windows.values[i - 1] as number, windows.values[i] as number) ? 1 : 0);
  }
  return (from, to) => (counts[to - 1 - start] as number) - (counts[from - start] as number);
};

export const isChange = (before: number, after: number): boolean => after !== before && !(Number.isNaN(after) && Number.isNaN(before));

type RateKernel = (windows: Windows, series: number) => WindowFunction;

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
