import { type Labels, labelValue, METRIC_NAME } from '../model/labels.ts';
import type { ByteRange } from './errors.ts';
import type { QueryScope } from './query-scope.ts';
import { extrapolation } from './rate-kernels.ts';
import { quote } from './string-text.ts';
import { eachWindow, type RowFunction, type WindowFunction, type Windows } from './windows.ts';

/** A sample's own time and the time its counter counts from; a start of 0 is unknown. */
export interface StartedSample {
  readonly tMs: number;
  readonly startMs: number;
}

/**
 * Whether the counter began anew between two samples, told by the later one's start. A start at its own time is OTel's
 * unknown one. A start at the earlier sample is a delta, or a counter whose start is unknown as that one's.
 */
export const isStartReset = (before: StartedSample, after: StartedSample): boolean => {
  if (after.startMs === 0 || after.startMs >= after.tMs || after.startMs < before.tMs) return false;
  if (after.startMs > before.tMs) return true;
  return before.startMs !== 0 && before.startMs < before.tMs;
};

/** A start before the earlier sample that is not the earlier start: two sources write one series. */
export const isOverlap = (before: StartedSample, after: StartedSample): boolean =>
  after.startMs !== 0 && after.startMs < before.tMs && after.startMs !== before.startMs;

export const warnOverlap = (scope: QueryScope, labels: Labels, range: ByteRange): void =>
  scope.warn(`sample has start time that overlaps with previous sample timestamp for metric ${quote(labelValue(labels, METRIC_NAME))}`, range);

const startedSample = ({ tMs, startMs }: Windows, place: number): StartedSample => ({ tMs: tMs[place] as number, startMs: startMs?.[place] as number });

const isReset = (windows: Windows, place: number): boolean =>
  (windows.values[place] as number) < (windows.values[place - 1] as number) || isStartReset(startedSample(windows, place - 1), startedSample(windows, place));

/** Whether a counter is known to have begun inside the window, at zero. */
export const beginsInside = ({ tMs, startMs }: StartedSample, windowStartMs: number): boolean => startMs !== 0 && startMs > windowStartMs && startMs < tMs;

/** The change of a window that begins with a known zero: nothing is guessed towards its start. */
export const sinceStart = (first: StartedSample, lastMs: number, endMs: number, samples: number): number => {
  const sampled = (lastMs - first.startMs) / 1000;
  const average = samples < 2 ? 0 : (lastMs - first.tMs) / 1000 / (samples - 1);
  const toEnd = (endMs - lastMs) / 1000;
  return (sampled + (toEnd >= average * 1.1 ? average / 2 : toEnd)) / sampled;
};

/** rate and increase where samples know when their counter began. */
const startedRate = (windows: Windows, isRate: boolean, tellOverlap: () => void): WindowFunction => {
  const { values, tMs, rangeMs } = windows;
  return (from, to, _step, endMs) => {
    const last = to - 1;
    const first = startedSample(windows, from);
    let change = (values[last] as number) - (values[from] as number);
    for (let i = from + 1; i <= last; i++) {
      if (isOverlap(startedSample(windows, i - 1), startedSample(windows, i))) tellOverlap();
      if (isReset(windows, i)) change += values[i - 1] as number;
    }
    let factor: number;
    if (beginsInside(first, endMs - rangeMs)) {
      change += values[from] as number;
      factor = sinceStart(first, tMs[last] as number, endMs, to - from);
    } else {
      if (from === last) return undefined;
      const sampled = ((tMs[last] as number) - (tMs[from] as number)) / 1000;
      const value = values[from] as number;
      factor = extrapolation(tMs, from, last, endMs, rangeMs, change > 0 && value >= 0 ? sampled * (value / change) : Infinity);
    }
    return change * (isRate ? factor / (rangeMs / 1000) : factor);
  };
};

const startedStep = (windows: Windows): WindowFunction => (from, to) => {
  if (to - from < 2) return undefined;
  const change = isReset(windows, to - 1) ? (windows.values[to - 1] as number) : (windows.values[to - 1] as number) - (windows.values[to - 2] as number);
  return change / (((windows.tMs[to - 1] as number) - (windows.tMs[to - 2] as number)) / 1000);
};

const startedResets = (windows: Windows): WindowFunction => (from, to) => {
  let resets = 0;
  for (let i = from + 1; i < to; i++) if (isReset(windows, i)) resets++;
  return resets;
};

/** The functions that look at start times, over samples that have them. */
export const STARTED_KERNELS: Readonly<Record<string, (windows: Windows, tellOverlap: () => void) => RowFunction>> = {
  rate: (windows, tellOverlap) => eachWindow(startedRate(windows, true, tellOverlap)),
  increase: (windows, tellOverlap) => eachWindow(startedRate(windows, false, tellOverlap)),
  irate: (windows) => eachWindow(startedStep(windows)),
  resets: (windows) => eachWindow(startedResets(windows)),
};
