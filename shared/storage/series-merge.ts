import { cutHistograms, type HistogramColumn, type HistogramList } from '../model/histogram-column.ts';
import { sortSeriesSamples } from './sample-order.ts';

/** Samples `start` to `end` (exclusive) of one series, ascending in time. */
export interface Segment {
  readonly tMs: Float64Array;
  readonly values: Float64Array;
  /** By their places in `tMs`. */
  readonly histograms?: HistogramColumn | undefined;
  readonly start: number;
  readonly end: number;
}

/** Samples `start` to `end` (exclusive) of a column where they are. */
export const segmentOf = ({ tMs, values, histograms }: Omit<Segment, 'start' | 'end'>, start: number, end: number): Segment => ({ tMs, values, histograms: cutHistograms(histograms, start, end, start), start, end });

/**
 * Writes one series' samples from `at` on: ascending, each time once. The segments may overlap in any way. Their
 * histograms go behind those of the list.
 * @returns the position behind the last sample written.
 */
export const mergeSegments = (segments: Segment[], tMs: Float64Array, values: Float64Array, at: number, histograms: HistogramList): number => {
  if (segments.length > 1) segments.sort((a, b) => (a.tMs[a.start] as number) - (b.tMs[b.start] as number));
  let end = at;
  let overlaps = false;
  for (const segment of segments) {
    if (end > at && (segment.tMs[segment.start] as number) <= (tMs[end - 1] as number)) overlaps = true;
    tMs.set(segment.tMs.subarray(segment.start, segment.end), end);
    values.set(segment.values.subarray(segment.start, segment.end), end);
    if (segment.histograms !== undefined) histograms.addRange(segment.histograms, segment.start, segment.end, end);
    end += segment.end - segment.start;
  }
  return overlaps ? sortSeriesSamples(tMs, values, at, end, histograms) : end;
};
