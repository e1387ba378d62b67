import type { Histogram } from '../histograms/histogram.ts';
import type { Labels } from '../model/labels.ts';
import type { Matcher } from './matcher.ts';

/**
 * Whole series, column by column: series k owns the samples `offsets[k]` to `offsets[k + 1]` (exclusive).
 * Series are sorted by labels (`__name__` is one of them) and stand once; their samples ascend in time, no time twice.
 * A stale marker is a NaN told by its bits (`model/stale.ts`).
 */
export interface SeriesBlock {
  readonly labels: readonly Labels[];
  /** One more than there are series. */
  readonly offsets: Uint32Array;
  /** Unix milliseconds, integers. */
  readonly tMs: Float64Array;
  readonly values: Float64Array;
  /** The samples that are histograms, by their place in `tMs`; their `values` mean nothing but must be no stale marker. */
  readonly histograms?: ReadonlyMap<number, Histogram>;
  /** When the counter of each sample began, beside `tMs`, Unix milliseconds; 0 = unknown. Left out when no sample tells. */
  readonly startMs?: Float64Array;
}

export interface SelectRequest {
  /** All of them must match; at least one does not match the empty string. */
  readonly matchers: readonly Matcher[];
  readonly fromMs: number; // inclusive
  readonly toMs: number; // inclusive
}

/**
 * The samples of the series that match, within the time range. Samples outside of it may be given too: the engine skips them.
 * Series without samples may be left out. A failure rejects and becomes the query's failure.
 */
export type SelectSeries = (request: SelectRequest) => Promise<SeriesBlock>;
