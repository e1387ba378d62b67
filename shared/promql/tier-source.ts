import type { Labels } from '../model/labels.ts';
import type { BucketColumns, BucketRows } from '../tiers/bucket.ts';
import type { SelectRequest, SeriesBlock } from './series-source.ts';

/** Samples as they came, or their buckets of a minute or of an hour. */
export type TierName = 'raw' | '1m' | '1h';

/**
 * Which tier a query would rather read. `raw`, the default: samples wherever they still are. `1m`, `1h`: buckets of that length
 * wherever they are. `auto`: for each selector the longest buckets that all of its windows begin and end with, else samples.
 */
export const RESOLUTIONS = ['raw', '1m', '1h', 'auto'] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

/** Whole series of buckets, sorted by labels, each once; its buckets ascend and do not overlap. */
export interface BucketBlock extends BucketRows {
  readonly labels: readonly Labels[];
}

/** A time that buckets of one length answer. Its ends are multiples of an hour. */
export interface TierSegment {
  readonly tier: Exclude<TierName, 'raw'>;
  readonly fromMs: number; // inclusive
  readonly endMs: number; // exclusive
}

export interface TieredRequest extends SelectRequest {
  readonly prefer: TierName;
  /** The columns of the buckets that are read; the start comes always. */
  readonly columns: readonly (keyof BucketColumns)[];
}

/** What storage has of a time range. */
export interface TieredBlock {
  /** Samples outside of the segments alone. */
  readonly raw: SeriesBlock;
  /** Buckets that start inside the segments. */
  readonly buckets: BucketBlock;
  /** Ascending, no two overlap. Empty: all is raw. */
  readonly segments: readonly TierSegment[];
}

/**
 * The series that match, every time of the range out of one tier: the preferred one where it has all that was stored, else a
 * finer one, else a coarser one.
 */
export type SelectTiers = (request: TieredRequest) => Promise<TieredBlock>;
