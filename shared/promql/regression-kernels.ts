import { PromqlExecutionError } from './errors.ts';
import { KahanSum } from './kahan.ts';
import { formatValue } from './number-text.ts';
import type { WindowFunction, Windows } from './windows.ts';

interface Line {
  readonly slope: number;
  /** The value at the origin. */
  readonly intercept: number;
}

const isConstant = (values: Float64Array, from: number, to: number): boolean => {
  for (let i = from + 1; i < to; i++) if (values[i] !== values[from]) return false;
  return true;
};

/** Least squares over the samples of a window; seconds from `originMs` are the abscissa. */
const regression = ({ values, tMs }: Windows, from: number, to: number, originMs: number): Line => {
  // A constant series has slope 0 exactly, whatever its size (Prometheus takes the same shortcut).
  if (isConstant(values, from, to)) {
    const level = values[from] as number;
    return Math.abs(level) === Infinity ? { slope: NaN, intercept: NaN } : { slope: 0, intercept: level };
  }
  const [x, y, xy, x2] = [new KahanSum(), new KahanSum(), new KahanSum(), new KahanSum()];
  for (let i = from; i < to; i++) {
    const seconds = ((tMs[i] as number) - originMs) / 1000;
    const value = values[i] as number;
    x.add(seconds);
    y.add(value);
    xy.add(seconds * value);
    x2.add(seconds * seconds);
  }
  const count = to - from;
  const slope = (xy.total - (x.total * y.total) / count) / (x2.total - (x.total * x.total) / count);
  return { slope, intercept: y.total / count - (slope * x.total) / count };
};

/** deriv: the slope, seen from the window's first sample. */
export const derivKernel = (windows: Windows): WindowFunction => (from, to) =>
  to - from < 2 ? undefined : regression(windows, from, to, windows.tMs[from] as number).slope;

/** predict_linear: the line at `seconds` after the evaluation time of the step (not the end of its window). */
export const predictKernel = (windows: Windows, seconds: Float64Array, evaluatedAtMs: (step: number) => number): WindowFunction =>
  (from, to, step) => {
    if (to - from < 2) return undefined;
    const { slope, intercept } = regression(windows, from, to, evaluatedAtMs(step));
    return slope * (seconds[step] as number) + intercept;
  };

const checkedFactor = (name: string, short: string, factor: number): number => {
  if (factor > 0 && factor < 1) return factor;
  throw new PromqlExecutionError(`invalid ${name} factor. Expected: 0 < ${short} < 1, got: ${Number.isFinite(factor) ? factor.toFixed(6) : formatValue(factor)}`);
};

/**
 * double_exponential_smoothing (Holt's linear method): a level and its trend, each a mean of what the samples say and of
 * what was expected.
 * @throws PromqlExecutionError when a factor is not between 0 and 1.
 */
export const smoothingKernel = ({ values }: Windows, smoothing: Float64Array, trends: Float64Array): WindowFunction => (from, to, step) => {
  const weight = checkedFactor('smoothing', 'sf', smoothing[step] as number);
  const trendWeight = checkedFactor('trend', 'tf', trends[step] as number);
  if (to - from < 2) return undefined;
  let before = 0;
  let level = values[from] as number;
  let trend = (values[from + 1] as number) - level;
  for (let i = from + 1; i < to; i++) {
    if (i > from + 1) trend = trendWeight * (level - before) + (1 - trendWeight) * trend;
    const next = weight * (values[i] as number) + (1 - weight) * (level + trend);
    before = level;
    level = next;
  }
  return level;
};
