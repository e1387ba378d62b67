import type { Segment } from './series-merge.ts';

/** Pages grow up to this, 1 MiB of times and values: a small query pays for a small one. */
const FIRST_PAGE_SAMPLES = 1024;
const MAX_PAGE_SAMPLES = 65_536;

/** Copies of samples side by side, so that the decoded files they came from can be let go. */
export class SamplePages {
  private tMs = new Float64Array(0);
  private values = new Float64Array(0);
  private end = 0;

  copy(tMs: Float64Array, values: Float64Array, from: number, to: number): Segment {
    const start = this.end;
    if (start + to - from > this.tMs.length) return this.copyToNext(tMs, values, from, to);
    this.tMs.set(tMs.subarray(from, to), start);
    // Between arrays of one kind bytes are copied, so a NaN keeps its payload.
    this.values.set(values.subarray(from, to), start);
    this.end = start + to - from;
    return { tMs: this.tMs, values: this.values, start, end: this.end };
  }

  private copyToNext(tMs: Float64Array, values: Float64Array, from: number, to: number): Segment {
    const samples = Math.max(to - from, Math.min(2 * this.tMs.length, MAX_PAGE_SAMPLES), FIRST_PAGE_SAMPLES);
    this.tMs = new Float64Array(samples);
    this.values = new Float64Array(samples);
    this.end = 0;
    return this.copy(tMs, values, from, to);
  }
}
