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
  /** Told the samples that are looked at, before they are; may throw to end the query. */
  readonly work: (samples: number) => void;
}

/**
 * Evaluates the windows of the steps `firstStep` to `endStep` (exclusive) of one series. It has the loop over the steps to itself:
 * a call per window costs more than most windows do, and a number that a call returns is an object once the callers are many.
 */
export type RowFunction = (bounds: WindowBounds, firstStep: number, endStep: number, target: SlideTarget) => void;

/** The samples that each step of one series sees: `from[step]` to `to[step]` (exclusive), equal where there are none. */
export class WindowBounds {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly endMs: Float64Array;
  readonly steps: number;
  private readonly rangeMs: number;

  constructor({ rangeMs, firstEndMs, stepMs, steps }: Pick<Windows, 'rangeMs' | 'firstEndMs' | 'stepMs' | 'steps'>) {
    this.from = new Int32Array(steps);
    this.to = new Int32Array(steps);
    this.endMs = new Float64Array(steps);
    for (let step = 0; step < steps; step++) this.endMs[step] = firstEndMs + step * stepMs;
    this.steps = steps;
    this.rangeMs = rangeMs;
  }

  /** Of the samples `begin` to `end` (exclusive), ascending in time. */
  find(tMs: Float64Array, begin: number, end: number): void {
    this.findAfter(tMs, begin, end, 0, this.to);
    this.findAfter(tMs, begin, end, this.rangeMs, this.from);
  }

  /**
   * Puts the first sample later than `backMs` before each step's end into `places`. Where samples are regular it is as far from that
   * of the step before as that one was from its own: the inner loop, kept free of further loops for the compiler's sake.
   */
  private findAfter(tMs: Float64Array, begin: number, end: number, backMs: number, places: Int32Array): void {
    const { endMs, steps } = this;
    let place = begin;
    for (let step = 0; step < steps; step++) {
      const before = place;
      while (place < end && (tMs[place] as number) <= (endMs[step] as number) - backMs) place++;
      places[step] = place;
      const stride = place - before;
      if (stride === 0) continue;
      for (; step + 1 < steps && place + stride < end; step++) {
        const ms = (endMs[step + 1] as number) - backMs;
        const next = place + stride;
        if ((tMs[next - 1] as number) > ms || (tMs[next] as number) <= ms) break;
        place = next;
        places[step + 1] = place;
      }
    }
  }
}

/** A function of single windows, one after the other. */
export const eachWindow = (evaluate: WindowFunction): RowFunction => (bounds, firstStep, endStep, { values, present, at, work }) => {
  const { from, to, endMs } = bounds;
  for (let step = firstStep; step < endStep; step++) {
    const first = from[step] as number;
    const after = to[step] as number;
    if (first === after) continue;
    work(after - first);
    const value = evaluate(first, after, step, endMs[step] as number);
    if (value === undefined) continue;
    values[at + step] = value;
    present[at + step] = 1;
  }
};

/** Evaluates all windows of one series. `bounds` is memory for theirs. */
export const slide = ({ tMs, offsets }: Windows, series: number, bounds: WindowBounds, evaluate: RowFunction, target: SlideTarget): void => {
  bounds.find(tMs, offsets[series] as number, offsets[series + 1] as number);
  evaluate(bounds, 0, bounds.steps, target);
};
