import type { Histogram } from '../histograms/histogram.ts';
import type { Labels } from '../model/labels.ts';

/**
 * The samples of a range selector or a subquery, stale markers removed, and the window each step looks at:
 * step s sees the samples of (endMs − rangeMs, endMs] with endMs = firstEndMs + s * stepMs.
 */
export interface Windows {
  readonly labels: readonly Labels[];
  readonly dropName: readonly boolean[];
  /** Series k owns the samples `offsets[k]` to `offsets[k + 1]` (exclusive). */
  readonly offsets: Uint32Array;
  readonly tMs: Float64Array;
  readonly values: Float64Array;
  /** The samples that are histograms, by their place in `tMs`; their `values` mean nothing. */
  readonly histograms?: ReadonlyMap<number, Histogram>;
  /** When the counter of each sample began, beside `tMs`; 0 = unknown. Undefined when no sample tells. */
  readonly startMs?: Float64Array;
  /** Of `anchored` and `smoothed` ranges: their own length and the lookback behind their ends, both within `rangeMs`. */
  readonly extended?: ExtendedRange;
  readonly rangeMs: number;
  readonly firstEndMs: number;
  /** 0 when `@` pins every step to one window. */
  readonly stepMs: number;
  readonly steps: number;
}

/** A range whose windows also hold the samples around it. */
export interface ExtendedRange {
  readonly mode: 'anchored' | 'smoothed';
  readonly rangeMs: number;
  /** How far the windows reach beyond the end of the range. */
  readonly afterMs: number;
}

/** What a window holds: samples `from` to `to` (exclusive, never empty), evaluated at step `step`. Undefined = no result. */
export type WindowFunction = (from: number, to: number, step: number, endMs: number) => number | undefined;

/** Where the results of one series go: cell `at + step`. */
export interface SlideTarget {
  readonly values: Float64Array;
  readonly present: Uint8Array;
  readonly at: number;
  /** Told the samples that each window held, before it is evaluated; may throw to end the query. */
  readonly work: (samples: number) => void;
}

/** Slides over the windows of one series with two pointers that only move forward. */
export const slide = (windows: Windows, series: number, evaluate: WindowFunction, { values, present, at, work }: SlideTarget): void => {
  const { tMs, rangeMs, firstEndMs, stepMs, steps } = windows;
  const end = windows.offsets[series + 1] as number;
  let from = windows.offsets[series] as number;
  let to = from;
  for (let step = 0; step < steps; step++) {
    const endMs = firstEndMs + step * stepMs;
    const startMs = endMs - rangeMs;
    while (to < end && (tMs[to] as number) <= endMs) to++;
    while (from < to && (tMs[from] as number) <= startMs) from++;
    if (from === to) continue;
    work(to - from);
    const value = evaluate(from, to, step, endMs);
    if (value === undefined) continue;
    values[at + step] = value;
    present[at + step] = 1;
  }
};
