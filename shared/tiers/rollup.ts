import { bitsOf, isStaleAt } from '../model/stale.ts';
import type { SampleColumns } from '../storage/hot-read.ts';
import { type BucketColumns, bucketStart, newBuckets, putEmpty, putNumber, type TierColumns } from './bucket.ts';
import { compensatedSum } from './compensated-sum.ts';

/** The buckets of raw samples, for each series those in which it has a sample or a stale marker. */
export const rollUp = (samples: SampleColumns, bucketMs: number): TierColumns => {
  const { metrics, labels } = samples;
  const offsets = bucketOffsets(samples, bucketMs);
  const buckets = newBuckets(offsets.at(-1) as number);
  const roller = new Roller(samples, buckets);
  let row = 0;
  for (let k = 0; k < metrics.length; k++) {
    const end = samples.offsets[k + 1] as number;
    for (let from = samples.offsets[k] as number; from < end; ) {
      const startMs = bucketStart(samples.tMs[from] as number, bucketMs);
      const to = endOfBucket(samples.tMs, from, end, startMs + bucketMs);
      buckets.startMs[row] = startMs;
      roller.roll(row++, from, to);
      from = to;
    }
  }
  return { metrics, labels, offsets, ...buckets };
};

const endOfBucket = (tMs: Float64Array, from: number, end: number, endMs: number): number => {
  let to = from + 1;
  while (to < end && (tMs[to] as number) < endMs) to++;
  return to;
};

/** Counted first: columns that grow would be copied more often than the times are read twice. */
const bucketOffsets = ({ offsets, tMs }: SampleColumns, bucketMs: number): Uint32Array => {
  const rowOffsets = new Uint32Array(offsets.length);
  let rows = 0;
  for (let k = 0; k + 1 < offsets.length; k++) {
    const end = offsets[k + 1] as number;
    let endMs = -Infinity;
    for (let i = offsets[k] as number; i < end; i++) {
      const t = tMs[i] as number;
      if (t < endMs) continue;
      rows++;
      endMs = bucketStart(t, bucketMs) + bucketMs;
    }
    rowOffsets[k + 1] = rows;
  }
  return rowOffsets;
};

/** Fills rows with the samples of a bucket each. */
class Roller {
  private readonly samples: SampleColumns;
  private readonly bits: Uint32Array;
  private readonly out: BucketColumns;

  constructor(samples: SampleColumns, out: BucketColumns) {
    this.samples = samples;
    this.bits = bitsOf(samples.values);
    this.out = out;
  }

  /** The samples `from` to `to` (exclusive, at least one) as row `row`. */
  roll(row: number, from: number, to: number): void {
    const { tMs, values } = this.samples;
    const sum = compensatedSum(values, from, to);
    // A stale marker is a NaN, so only a bucket whose sum is NaN can have one.
    if (sum !== sum && this.hasStale(from, to)) this.rollWithStale(row, from, to);
    else fillRow(this.out, row, tMs, values, from, to, sum);
  }

  private hasStale(from: number, to: number): boolean {
    for (let i = from; i < to; i++) if (isStaleAt(this.bits, i)) return true;
    return false;
  }

  private rollWithStale(row: number, from: number, to: number): void {
    const isSample = (_: number, i: number): boolean => !isStaleAt(this.bits, from + i);
    const tMs = this.samples.tMs.subarray(from, to).filter(isSample);
    const values = this.samples.values.subarray(from, to).filter(isSample);
    if (values.length === 0) putEmpty(this.out, row);
    else fillRow(this.out, row, tMs, values, 0, values.length, compensatedSum(values, 0, values.length));
    this.out.staleEnd[row] = isStaleAt(this.bits, to - 1) ? 1 : 0;
  }
}

const fillRow = (out: BucketColumns, row: number, tMs: Float64Array, values: Float64Array, from: number, to: number, sum: number): void => {
  out.count[row] = to - from;
  putNumber(out.sum, row, sum);
  out.firstMs[row] = tMs[from] as number;
  putNumber(out.first, row, values[from] as number);
  out.lastMs[row] = tMs[to - 1] as number;
  putNumber(out.last, row, values[to - 1] as number);
  fillExtremes(out, row, values, from, to);
  fillSteps(out, row, values, from, to);
};

const fillExtremes = (out: BucketColumns, row: number, values: Float64Array, from: number, to: number): void => {
  let min = values[from] as number;
  let max = min;
  for (let i = from + 1; i < to; i++) {
    const value = values[i] as number;
    if (value < min || min !== min) min = value;
    if (value > max || max !== max) max = value;
  }
  putNumber(out.min, row, min);
  putNumber(out.max, row, max);
};

const fillSteps = (out: BucketColumns, row: number, values: Float64Array, from: number, to: number): void => {
  let corr = 0;
  let resets = 0;
  let changes = 0;
  let before = values[from] as number;
  for (let i = from + 1; i < to; i++) {
    const value = values[i] as number;
    if (value !== before && (value === value || before === before)) changes++;
    if (value < before) {
      resets++;
      corr += before;
    }
    before = value;
  }
  out.corr[row] = corr;
  out.resets[row] = resets;
  out.changes[row] = changes;
};
