/** Lengths of the tiers' buckets. */
export const TIER_BUCKET_MS = { '1m': 60_000, '1h': 3_600_000 } as const;

/**
 * Buckets, one a row: what is left of the samples of one series in `[start, start + T)`. Stale markers are no samples: they
 * count nowhere and are told by `staleEnd` alone. NaNs are quiet and without payload, so that equal samples make equal bytes
 * on every processor.
 *
 * A row with count 0 stands for a bucket of nothing but stale markers. Its sum, corr, resets and changes are 0, its
 * firstMs, lastMs, min, max, first and last NaN, its staleEnd 1.
 */
export interface BucketColumns {
  /** Unix milliseconds, a multiple of the bucket's length. */
  readonly startMs: Float64Array;
  readonly count: Float64Array;
  /** By `compensatedSum` in the order of time. */
  readonly sum: Float64Array;
  /** NaN only where every value is. The earliest of equal values (zeros) stays. */
  readonly min: Float64Array;
  readonly max: Float64Array;
  /** Unix milliseconds. */
  readonly firstMs: Float64Array;
  readonly first: Float64Array;
  /** Unix milliseconds. */
  readonly lastMs: Float64Array;
  readonly last: Float64Array;
  /** The sum of the values before each drop inside the bucket: increase = last - first + corr. */
  readonly corr: Float64Array;
  /** Values less than the one before them, inside the bucket. NaN is less than nothing. */
  readonly resets: Float64Array;
  /** Values other than the one before them, inside the bucket. NaN follows NaN without a change. */
  readonly changes: Float64Array;
  /** 1 where a stale marker is the last thing in the bucket, else 0. */
  readonly staleEnd: Uint8Array;
}

/** Series k owns the rows `offsets[k]` to `offsets[k + 1]` (exclusive), ascending by start. */
export interface BucketRows extends BucketColumns {
  readonly offsets: Uint32Array;
}

/**
 * Buckets by series, sorted by (metric, labels, start) in UTF-8 byte order. Series k owns the rows `offsets[k]` to
 * `offsets[k + 1]` (exclusive); no series stands twice, and none has two rows of one start.
 */
export interface TierColumns extends BucketRows {
  readonly metrics: readonly string[];
  /** Canonical labels JSON of each series. */
  readonly labels: readonly string[];
}

/** Rows to be filled; all numbers are 0. */
export const newBuckets = (rows: number): BucketColumns => ({
  startMs: new Float64Array(rows),
  count: new Float64Array(rows),
  sum: new Float64Array(rows),
  min: new Float64Array(rows),
  max: new Float64Array(rows),
  firstMs: new Float64Array(rows),
  first: new Float64Array(rows),
  lastMs: new Float64Array(rows),
  last: new Float64Array(rows),
  corr: new Float64Array(rows),
  resets: new Float64Array(rows),
  changes: new Float64Array(rows),
  staleEnd: new Uint8Array(rows),
});

/** The start of the bucket that holds `tMs`. */
export const bucketStart = (tMs: number, bucketMs: number): number => Math.floor(tMs / bucketMs) * bucketMs;

/** Makes an untouched row that of a bucket of nothing but stale markers. */
export const putEmpty = (buckets: BucketColumns, row: number): void => {
  for (const column of [buckets.min, buckets.max, buckets.firstMs, buckets.first, buckets.lastMs, buckets.last]) putNumber(column, row, Number.NaN);
  buckets.staleEnd[row] = 1;
};

/** Stores a number; any NaN as the quiet one without payload: what NaN arithmetic leaves differs between processors. */
export const putNumber = (column: Float64Array, row: number, value: number): void => {
  column[row] = value;
  if (value === value) return;
  const view = new DataView(column.buffer, column.byteOffset + 8 * row, 8);
  view.setUint32(0, 0, true);
  view.setUint32(4, 0x7ff80000, true);
};
