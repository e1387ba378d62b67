import { type BucketColumns, bucketStart, newBuckets, putEmpty, putNumber, type TierColumns } from './bucket.ts';
import { changesOf, corrOf, countOf, firstFilled, lastFilled, maxOf, minOf, resetsOf, sumOf } from './union.ts';

/** Longer buckets out of shorter ones, of which `bucketMs` is a multiple: a function of the shorter buckets alone. */
export const mergeBuckets = (tier: TierColumns, bucketMs: number): TierColumns => {
  const { metrics, labels, startMs } = tier;
  const offsets = new Uint32Array(metrics.length + 1);
  const ends: number[] = [];
  for (let k = 0; k < metrics.length; k++) {
    const end = tier.offsets[k + 1] as number;
    for (let from = tier.offsets[k] as number; from < end; ) {
      const endMs = bucketStart(startMs[from] as number, bucketMs) + bucketMs;
      let to = from + 1;
      while (to < end && (startMs[to] as number) < endMs) to++;
      ends.push(to);
      from = to;
    }
    offsets[k + 1] = ends.length;
  }
  const merged = newBuckets(ends.length);
  ends.forEach((to, row) => {
    const from = ends[row - 1] ?? 0;
    merged.startMs[row] = bucketStart(startMs[from] as number, bucketMs);
    uniteRows(tier, from, to, merged, row);
  });
  return { metrics, labels, offsets, ...merged };
};

/** The rows `from` to `to` (exclusive, at least one) of one series as row `row` of `out`, all of it but the start. */
export const uniteRows = (buckets: BucketColumns, from: number, to: number, out: BucketColumns, row: number): void => {
  const first = firstFilled(buckets, from, to);
  if (first === to) putEmpty(out, row);
  else {
    const last = lastFilled(buckets, from, to);
    out.count[row] = countOf(buckets, from, to);
    putNumber(out.sum, row, sumOf(buckets, from, to));
    putNumber(out.min, row, minOf(buckets, from, to));
    putNumber(out.max, row, maxOf(buckets, from, to));
    out.firstMs[row] = buckets.firstMs[first] as number;
    putNumber(out.first, row, buckets.first[first] as number);
    out.lastMs[row] = buckets.lastMs[last] as number;
    putNumber(out.last, row, buckets.last[last] as number);
    out.corr[row] = corrOf(buckets, from, to);
    out.resets[row] = resetsOf(buckets, from, to);
    out.changes[row] = changesOf(buckets, from, to);
  }
  out.staleEnd[row] = buckets.staleEnd[to - 1] as number;
};
