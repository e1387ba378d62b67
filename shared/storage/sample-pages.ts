import { cutHistograms } from '../model/histogram-column.ts';
import type { Segment } from './series-merge.ts';

/** Pages grow up to this, 1 MiB of times and values: a small query pays for a small one. */
const FIRST_PAGE_SAMPLES = 1024;
const MAX_PAGE_SAMPLES = 65_536;

/** Samples of which some are copied. */
export type SampleRows = Pick<Segment, 'tMs' | 'values' | 'histograms'>;

/** Copies of samples side by side, so that the decoded files they came from can be let go. */
export class SamplePages {
  private tMs = new Float64Array(0);
  private values = new Float64Array(0);
  private end = 0;

  copy({ tMs, values, histograms }: SampleRows, from: number, to: number): Segment {
    const start = this.end;
    if (start + to - from > this.tMs.length) return this.copyToNext({ tMs, values, histograms }, from, to);
    this.tMs.set(tMs.subarray(from, to), start);
    // Between arrays of one kind bytes are copied, so a NaN keeps its payload.
    this.values.set(values.subarray(from, to), start);
    this.end = start + to - from;
    // These begin at `start` as the samples do, so that a segment's places are those of its page.
    return { tMs: this.tMs, values: this.values, histograms: cutHistograms(histograms, from, to, start), start, end: this.end };
  }

  private copyToNext(rows: SampleRows, from: number, to: number): Segment {
    const samples = Math.max(to - from, Math.min(2 * this.tMs.length, MAX_PAGE_SAMPLES), FIRST_PAGE_SAMPLES);
    this.tMs = new Float64Array(samples);
    this.values = new Float64Array(samples);
    this.end = 0;
    return this.copy(rows, from, to);
  }
}
