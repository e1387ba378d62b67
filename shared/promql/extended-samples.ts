import type { Labels } from '../model/labels.ts';
import { extendedWindow, interpolate } from './extended-kernels.ts';
import type { Windows } from './windows.ts';

interface Points {
  readonly labels: Labels;
  readonly dropName: boolean;
  readonly tMs: number[];
  readonly values: number[];
}

/** The samples inside the range of one series of floats, and one at each end of it: what its functions see. */
const pointsOf = (windows: Windows, series: number): Points | undefined => {
  const { tMs, values, labels, dropName } = windows;
  let [from, to] = [windows.offsets[series] as number, windows.offsets[series + 1] as number];
  while (from < to && (tMs[from] as number) <= windows.firstEndMs - windows.rangeMs) from++;
  while (to > from && (tMs[to - 1] as number) > windows.firstEndMs) to--;
  const window = from === to ? undefined : extendedWindow(windows, tMs, from, to, windows.firstEndMs);
  if (window === undefined) return undefined;
  const { first, last, startMs, endMs } = window;
  const isSmoothed = windows.extended?.mode === 'smoothed';
  const left = isSmoothed && (tMs[first] as number) < startMs ? interpolate(windows, first, startMs, false) : (values[first] as number);
  const right = isSmoothed && last > from && (tMs[last] as number) > endMs ? interpolate(windows, last - 1, endMs, false) : (values[last] as number);
  const inside = Array.from({ length: last - first + 1 }, (_, i) => first + i).filter((i) => (tMs[i] as number) > startMs && (tMs[i] as number) < endMs);
  return {
    labels: labels[series] as Labels,
    dropName: dropName[series] as boolean,
    tMs: [startMs, ...inside.map((i) => tMs[i] as number), endMs],
    values: [left, ...inside.map((i) => values[i] as number), right],
  };
};

/**
 * An `anchored` or `smoothed` range vector that is itself the result, at one time: as samples of a plain one, whose window
 * includes its start. Series of histograms are left out.
 */
export const extendedSamples = (windows: Windows): Windows => {
  const { extended, histograms } = windows;
  if (extended === undefined) return windows;
  const ofFloats = [...windows.labels.keys()].filter((series) => {
    for (let i = windows.offsets[series] as number; i < (windows.offsets[series + 1] as number); i++) if (histograms?.has(i) === true) return false;
    return true;
  });
  const all = ofFloats.map((series) => pointsOf(windows, series)).filter((points) => points !== undefined);
  const offsets = new Uint32Array(all.length + 1);
  all.forEach(({ tMs }, i) => (offsets[i + 1] = (offsets[i] as number) + tMs.length));
  return {
    labels: all.map(({ labels }) => labels),
    dropName: all.map(({ dropName }) => dropName),
    offsets,
    tMs: Float64Array.from(all.flatMap(({ tMs }) => tMs)),
    values: Float64Array.from(all.flatMap(({ values }) => values)),
    rangeMs: extended.rangeMs + 1,
    firstEndMs: windows.firstEndMs - extended.afterMs,
    stepMs: windows.stepMs,
    steps: windows.steps,
  };
};
