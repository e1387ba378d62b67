import { KahanSum, meanOf } from './kahan.ts';
import { quantileOf } from './quantile.ts';
import { eachWindow, type RowFunction, type WindowFunction, type Windows } from './windows.ts';

const sum = ({ values }: Windows): WindowFunction => (from, to) => {
  const kahan = new KahanSum();
  for (let i = from; i < to; i++) kahan.add(values[i] as number);
  return kahan.total;
};

/** min (sign 1) and max (sign -1) by a monotonic queue: every sample enters and leaves once, whatever the window's length. */
const extreme = (windows: Windows, series: number, sign: 1 | -1): WindowFunction => {
  const { values } = windows;
  const start = windows.offsets[series] as number;
  const queue = new Uint32Array((windows.offsets[series + 1] as number) - start);
  let head = 0;
  let tail = 0;
  let entered = start;
  return (from, to) => {
    // Windows only move forward, so samples between `entered` and `from` were never in one.
    if (entered < from) entered = from;
    for (; entered < to; entered++) {
      const value = sign * (values[entered] as number);
      if (Number.isNaN(value)) continue;
      // Equal ones stay, so that of two zeros the first one is the least, as in Prometheus.
      while (tail > head && sign * (values[queue[tail - 1] as number] as number) > value) tail--;
      queue[tail++] = entered;
    }
    while (head < tail && (queue[head] as number) < from) head++;
    return head === tail ? NaN : (values[queue[head] as number] as number);
  };
};

/** Population variance by Welford's method with compensated mean and sum of squares. */
const variance = ({ values }: Windows): ((from: number, to: number) => number) => (from, to) => {
  const mean = new KahanSum();
  const squares = new KahanSum();
  for (let i = from; i < to; i++) {
    const value = values[i] as number;
    const delta = value - mean.total;
    mean.add(delta / (i - from + 1));
    squares.add(delta * (value - mean.total));
  }
  return squares.total / (to - from);
};

/** quantile_over_time; `q` per step. */
export const quantileKernel = ({ values }: Windows, q: Float64Array): WindowFunction =>
  (from, to, step) => quantileOf(q[step] as number, values.slice(from, to));

/** mad_over_time: the median of the distances from the median; NaN when any sample is. */
const medianDeviation = ({ values }: Windows): WindowFunction => (from, to) => {
  const window = values.slice(from, to);
  if (window.some(Number.isNaN)) return NaN;
  const median = quantileOf(0.5, window);
  return quantileOf(0.5, window.map((value) => Math.abs(value - median)));
};

/** The time of the least (sign 1) or greatest (sign -1) sample, the last of several, or of all when they are NaN. */
const extremeTime = ({ values, tMs }: Windows, sign: 1 | -1): WindowFunction => (from, to) => {
  let at = from;
  for (let i = from + 1; i < to; i++) {
    const known = sign * (values[at] as number);
    if (Number.isNaN(known) || sign * (values[i] as number) <= known) at = i;
  }
  return (tMs[at] as number) / 1000;
};

type OverTimeKernel = (windows: Windows, series: number) => RowFunction;

/** The `*_over_time` functions of one range vector. */
export const OVER_TIME_KERNELS: Readonly<Record<string, OverTimeKernel>> = {
  sum_over_time: (windows) => eachWindow(sum(windows)),
  avg_over_time: ({ values }) => eachWindow((from, to) => meanOf(values, from, to)),
  min_over_time: (windows, series) => eachWindow(extreme(windows, series, 1)),
  max_over_time: (windows, series) => eachWindow(extreme(windows, series, -1)),
  count_over_time: () => eachWindow((from, to) => to - from),
  present_over_time: () => eachWindow(() => 1),
  first_over_time: ({ values }) => eachWindow((from) => values[from] as number),
  last_over_time: ({ values }) => eachWindow((_from, to) => values[to - 1] as number),
  mad_over_time: (windows) => eachWindow(medianDeviation(windows)),
  ts_of_first_over_time: ({ tMs }) => eachWindow((from) => (tMs[from] as number) / 1000),
  ts_of_last_over_time: ({ tMs }) => eachWindow((_from, to) => (tMs[to - 1] as number) / 1000),
  ts_of_min_over_time: (windows) => eachWindow(extremeTime(windows, 1)),
  ts_of_max_over_time: (windows) => eachWindow(extremeTime(windows, -1)),
  stdvar_over_time: (windows) => eachWindow(variance(windows)),
  stddev_over_time: (windows) => {
    const squared = variance(windows);
    return eachWindow((from, to) => Math.sqrt(squared(from, to)));
  },
};
