import { type BucketColumns, newBuckets, type TierColumns } from './bucket.ts';

/** The tier without the buckets of these starts. The same tier where it has none of them; a series that loses all of its rows goes. */
export const withoutBuckets = (tier: TierColumns, startsMs: ReadonlySet<number>): TierColumns =>
  tier.startMs.some((startMs) => startsMs.has(startMs)) ? withoutRows(tier, (_, row) => startsMs.has(tier.startMs[row] as number)) : tier;

/** The tier without some rows, each told by the number of its series and its own. A series that loses all of its rows goes. */
export const withoutRows = (tier: TierColumns, isGone: (series: number, row: number) => boolean): TierColumns => {
  const metrics: string[] = [];
  const labels: string[] = [];
  const offsets: number[] = [0];
  const kept: number[] = [];
  tier.metrics.forEach((metric, k) => {
    const before = kept.length;
    for (let i = tier.offsets[k] as number; i < (tier.offsets[k + 1] as number); i++) if (!isGone(k, i)) kept.push(i);
    if (kept.length === before) return;
    metrics.push(metric);
    labels.push(tier.labels[k] as string);
    offsets.push(kept.length);
  });
  return { metrics, labels, offsets: Uint32Array.from(offsets), ...copyRows(tier, kept) };
};

/** In stretches, so that a NaN stays as it is. */
const copyRows = (from: BucketColumns, kept: readonly number[]): BucketColumns => {
  const rows = newBuckets(kept.length);
  for (let start = 0, end = 0; start < kept.length; start = end) {
    const first = kept[start] as number;
    while (end < kept.length && kept[end] === first + end - start) end++;
    for (const name of Object.keys(rows) as (keyof BucketColumns)[]) rows[name].set(from[name].subarray(first, first + end - start), start);
  }
  return rows;
};
