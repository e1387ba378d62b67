import { isChange } from './rate-kernels.ts';
import { eachWindow, type RowFunction, type WindowFunction, type Windows } from './windows.ts';

/** Functions that may look at samples beyond the ends of their range; of all others the result would be wrong. */
export const EXTENDED_FUNCTIONS: Readonly<Record<'anchored' | 'smoothed', readonly string[]>> = {
  anchored: ['changes', 'delta', 'increase', 'rate', 'resets'],
  smoothed: ['delta', 'increase', 'rate'],
};

/** The samples a window of an extended range is about: `first` may lie before its start, `last` after its end. */
export interface ExtendedWindow {
  readonly first: number;
  readonly last: number;
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * The samples at the ends of a range: the newest one up to its start or else the first inside, and the last one, or in a
 * smoothed range the first from its end on. `from` to `to` (exclusive) are those of the range and of the lookback
 * around it. Undefined when none is inside.
 */
export const extendedWindow = (windows: Windows, tMs: Float64Array, from: number, to: number, extendedEndMs: number): ExtendedWindow | undefined => {
  const { extended } = windows;
  if (extended === undefined) throw new TypeError('extended window: found a plain range vector, an extended one is allowed');
  const endMs = extendedEndMs - extended.afterMs;
  const startMs = endMs - extended.rangeMs;
  let inside = from;
  while (inside < to - 1 && (tMs[inside] as number) <= startMs) inside++;
  const first = Math.max(from, inside - 1);
  let last = to - 1;
  if (extended.mode === 'smoothed') {
    last = from;
    while (last < to - 1 && (tMs[last] as number) < endMs) last++;
  }
  if ((tMs[last] as number) <= startMs || (extended.mode === 'smoothed' && (tMs[first] as number) > endMs)) return undefined;
  return { first, last, startMs, endMs };
};

/** A line between two neighbours; a counter that was reset between them starts at zero. */
export const interpolate = ({ tMs, values }: Pick<Windows, 'tMs' | 'values'>, before: number, atMs: number, isCounter: boolean): number => {
  const [x1, x2] = [tMs[before] as number, tMs[before + 1] as number];
  const y2 = values[before + 1] as number;
  const y1 = isCounter && y2 < (values[before] as number) ? 0 : (values[before] as number);
  return y1 + ((y2 - y1) * (atMs - x1)) / (x2 - x1);
};

/** What a counter lost by the resets between `left` and `right`, the values at the ends of the range. */
const resetCorrection = (windows: Windows, { first, last, startMs, endMs }: ExtendedWindow, left: number, right: number): number => {
  const { tMs, values } = windows;
  const from = (tMs[first] as number) <= startMs ? first + 1 : first;
  const to = (tMs[last] as number) >= endMs ? last - 1 : last;
  let correction = 0;
  let before = left;
  for (let i = from; i <= to; i++) {
    if ((values[i] as number) < before) correction += before;
    before = values[i] as number;
  }
  return right < before ? correction + before : correction;
};

const extendedRate = (windows: Windows, isCounter: boolean, isRate: boolean): WindowFunction => {
  const { tMs, values, extended } = windows;
  const isSmoothed = extended?.mode === 'smoothed';
  return (from, to, _step, extendedEndMs) => {
    const window = extendedWindow(windows, tMs, from, to, extendedEndMs);
    if (window === undefined) return undefined;
    const { first, last, startMs, endMs } = window;
    const left = isSmoothed && (tMs[first] as number) < startMs ? interpolate(windows, first, startMs, isCounter) : (values[first] as number);
    const right = isSmoothed && last > from && (tMs[last] as number) > endMs ? interpolate(windows, last - 1, endMs, isCounter) : (values[last] as number);
    const change = right - left + (isCounter ? resetCorrection(windows, window, left, right) : 0);
    return isRate ? change / ((endMs - startMs) / 1000) : change;
  };
};

const neighbours = (windows: Windows, differ: (before: number, after: number) => boolean): WindowFunction => (from, to, _step, extendedEndMs) => {
  const window = extendedWindow(windows, windows.tMs, from, to, extendedEndMs);
  if (window === undefined) return undefined;
  let count = 0;
  for (let i = window.first + 1; i <= window.last; i++) {
    if (differ(windows.values[i - 1] as number, windows.values[i] as number)) count++;
  }
  return count;
};

/** The functions of {@link EXTENDED_FUNCTIONS} over floats. */
export const EXTENDED_KERNELS: Readonly<Record<string, (windows: Windows) => RowFunction>> = {
  rate: (windows) => eachWindow(extendedRate(windows, true, true)),
  increase: (windows) => eachWindow(extendedRate(windows, true, false)),
  delta: (windows) => eachWindow(extendedRate(windows, false, false)),
  changes: (windows) => eachWindow(neighbours(windows, isChange)),
  resets: (windows) => eachWindow(neighbours(windows, (before, after) => after < before)),
};
