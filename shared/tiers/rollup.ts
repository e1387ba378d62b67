import { bitsOf, isStaleAt } from '../model/stale.ts';
import type { SampleColumns } from '../storage/hot-read.ts';
import { type BucketColumns, bucketStart, newBuckets, putEmpty, putNumber, type TierColumns } from './bucket.ts';
import { compensatedSum } from './compensated-sum.ts';

/** The buckets of raw samples, for each series those in which it has a sample or a stale marker. */
export const rollUp = ({ metrics, labels, offsets, tMs, values }: SampleColumns, bucketMs: number): TierColumns => {
  const builder = new RollupBuilder(bucketMs);
  metrics.forEach((metric, k) => builder.series(metric, labels[k] as string, tMs, values, offsets[k] as number, offsets[k + 1] as number));
  return builder.build();
};

/** Rows at first; more by doubling. */
const FIRST_ROWS = 4096;

/** Makes buckets of raw samples series by series. */
export class RollupBuilder {
  private readonly bucketMs: number;
  private readonly metrics: string[] = [];
  private readonly labels: string[] = [];
  private readonly offsets: number[] = [0];
  private out = newBuckets(FIRST_ROWS);
  private rows = 0;
  private values: Float64Array = new Float64Array(0);
  private bits: Uint32Array = new Uint32Array(0);

  constructor(bucketMs: number) {
    this.bucketMs = bucketMs;
  }

  /**
   * The samples `from` to `to` (exclusive) of one series, ascending, each time once. Series come in the order of (metric,
   * labels), none twice. The arrays are used during the call alone.
   */
  series(metric: string, labels: string, tMs: Float64Array, values: Float64Array, from: number, to: number): void {
    if (from === to) return;
    if (this.values !== values) {
      this.values = values;
      this.bits = bitsOf(values);
    }
    const { bucketMs } = this;
    for (let start = from; start < to; ) {
      const startMs = bucketStart(tMs[start] as number, bucketMs);
      const endMs = startMs + bucketMs;
      let end = start + 1;
      while (end < to && (tMs[end] as number) < endMs) end++;
      this.bucket(startMs, tMs, start, end);
      start = end;
    }
    this.metrics.push(metric);
    this.labels.push(labels);
    this.offsets.push(this.rows);
  }

  /** What came so far, over the builder's memory: the builder is used up. */
  build(): TierColumns {
    return { metrics: this.metrics, labels: this.labels, offsets: Uint32Array.from(this.offsets), ...firstRows(this.out, this.rows) };
  }

  private bucket(startMs: number, tMs: Float64Array, from: number, to: number): void {
    if (this.rows === this.out.count.length) this.out = grown(this.out);
    const row = this.rows++;
    this.out.startMs[row] = startMs;
    const sum = compensatedSum(this.values, from, to);
    // A stale marker is a NaN, so only a bucket whose sum is NaN can have one.
    if (sum !== sum && this.hasStale(from, to)) this.withStale(row, tMs, from, to);
    else fillRow(this.out, row, tMs, this.values, from, to, sum);
  }

  private hasStale(from: number, to: number): boolean {
    for (let i = from; i < to; i++) if (isStaleAt(this.bits, i)) return true;
    return false;
  }

  private withStale(row: number, tMs: Float64Array, from: number, to: number): void {
    const isSample = (_: number, i: number): boolean => !isStaleAt(this.bits, from + i);
    const times = tMs.subarray(from, to).filter(isSample);
    const values = this.values.subarray(from, to).filter(isSample);
    if (values.length === 0) putEmpty(this.out, row);
    else fillRow(this.out, row, times, values, 0, values.length, compensatedSum(values, 0, values.length));
    this.out.staleEnd[row] = isStaleAt(this.bits, to - 1) ? 1 : 0;
  }
}

const COLUMNS = Object.keys(newBuckets(0)) as (keyof BucketColumns)[];

const grown = (buckets: BucketColumns): BucketColumns => {
  const more = newBuckets(2 * buckets.count.length);
  for (const name of COLUMNS) more[name].set(buckets[name]);
  return more;
};

const firstRows = (buckets: BucketColumns, rows: number): BucketColumns => ({
  startMs: buckets.startMs.subarray(0, rows),
  count: buckets.count.subarray(0, rows),
  sum: buckets.sum.subarray(0, rows),
  min: buckets.min.subarray(0, rows),
  max: buckets.max.subarray(0, rows),
  firstMs: buckets.firstMs.subarray(0, rows),
  first: buckets.first.subarray(0, rows),
  lastMs: buckets.lastMs.subarray(0, rows),
  last: buckets.last.subarray(0, rows),
  corr: buckets.corr.subarray(0, rows),
  resets: buckets.resets.subarray(0, rows),
  changes: buckets.changes.subarray(0, rows),
  staleEnd: buckets.staleEnd.subarray(0, rows),
});

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
