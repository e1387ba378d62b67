import { bucketOf } from '../compaction/bucket.ts';
import type { SampleFile } from '../compaction/merge.ts';
import { HistogramList } from '../model/histogram-column.ts';
import type { SampleBatch } from '../model/sample-batch.ts';
import { type SortedSamples, sortSamples } from '../storage/hot-sort.ts';
import { readGroups } from '../storage/merge-read.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** A share of all series: of those in bucket `slice` of `slices`. */
export interface Slice {
  readonly slice: number;
  readonly slices: number;
}

/** The samples of a slice out of some files, in memory: 32 bytes a sample while it is made, 16 after. One file is read at a time. */
export const readSlice = async (objects: Pick<ObjectStore, 'get'>, files: readonly SampleFile[], share: Slice): Promise<SortedSamples> => {
  const batches: SampleBatch[] = [];
  for (const { key, bytes } of files) {
    for await (const group of readGroups((offset, length) => objects.get(key, { offset, length }), bytes)) batches.push(seriesOf(group, share));
  }
  return sortSamples(batches);
};

const seriesOf = (batch: SampleBatch, { slice, slices }: Slice): SampleBatch => {
  if (slices === 1) return batch;
  const { metrics, labels, offsets, tMs, values, histograms } = batch;
  const list = new HistogramList();
  const wanted = metrics.flatMap((_, k) => (bucketOf(labels[k] as string, slices) === slice ? [k] : []));
  const ends = new Uint32Array(wanted.length + 1);
  wanted.forEach((k, i) => (ends[i + 1] = (ends[i] as number) + (offsets[k + 1] as number) - (offsets[k] as number)));
  const kept = { tMs: new Float64Array(ends.at(-1) as number), values: new Float64Array(ends.at(-1) as number) };
  wanted.forEach((k, i) => {
    kept.tMs.set(tMs.subarray(offsets[k], offsets[k + 1]), ends[i]);
    kept.values.set(values.subarray(offsets[k], offsets[k + 1]), ends[i]);
    list.addRange(histograms, offsets[k] as number, offsets[k + 1] as number, ends[i] as number);
  });
  return { metrics: wanted.map((k) => metrics[k] as string), labels: wanted.map((k) => labels[k] as string), offsets: ends, ...kept, histograms: list.build(), metadata: [] };
};
