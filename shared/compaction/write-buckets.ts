import { type Manifest, manifestKeyOf, type PartitionFile, partitionFileKey, type PartitionVersion, seriesIndexKey } from '../catalog/partitions.ts';
import type { SortedSamples } from '../storage/hot-sort.ts';
import { mapBounded } from '../storage/map-bounded.ts';
import type { MergedFile } from '../storage/merge-writer.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { Segment } from '../storage/series-merge.ts';
import { mergeBucket } from './merge.ts';
import type { OpenRollup } from './rollup-sink.ts';

/** What a run makes of an hour: the next version of the raw partition, and of the 1m partition where there are rollups. */
export interface Rewrite {
  /** Raw first. */
  readonly versions: readonly PartitionVersion[];
  readonly buckets: number;
  /** The current versions. */
  readonly raw: Manifest | undefined;
  readonly minute: Manifest | undefined;
  /** Whether buckets without new samples are rewritten too. */
  readonly isWhole: boolean;
}

export interface HotSamples {
  readonly samples: SortedSamples;
  readonly byBucket: ReadonlyMap<number, Uint32Array>;
  readonly keys: readonly string[];
}

/** Samples that the next version leaves out, in whichever file they stand. */
export interface Erasure {
  /** The buckets, of so many, in which such samples stand. */
  readonly bucketsOf: (buckets: number) => Iterable<number>;
  /** What is left of the segments of a series. */
  readonly keep: (metric: string, labels: string, segments: Segment[]) => Segment[];
}

interface BucketSettings {
  readonly promotedLabels: readonly string[];
  readonly erasure?: Erasure;
  readonly openRollup?: OpenRollup;
}

const PARALLEL_CHECKS = 16;

/** Rejects with MissingObjectError when one is gone: an hour is not made of what is left of it. */
export const requireObjects = async (objects: Pick<ObjectStore, 'get'>, keys: readonly string[]): Promise<void> => {
  await mapBounded(keys, PARALLEL_CHECKS, (key) => objects.get(key, { offset: 0, length: 1 }));
};

/** Writes the buckets that have new samples or lose some, one after the other, and returns the manifests of all tiers, raw first. */
export const writeBuckets = async (objects: ObjectStore, rewrite: Rewrite, hot: HotSamples, settings: BucketSettings): Promise<readonly Manifest[]> => {
  const { buckets, raw, minute, isWhole } = rewrite;
  const { promotedLabels, erasure } = settings;
  const [rawVersion, minuteVersion] = rewrite.versions as readonly [PartitionVersion, PartitionVersion?];
  const touched = isWhole ? Array.from({ length: buckets }, (_, bucket) => bucket) : new Set([...hot.byBucket.keys(), ...(erasure?.bucketsOf(buckets) ?? [])]);
  const rawFiles = new Map(raw?.files.map((file) => [file.bucket, file]));
  const minuteFiles = new Map(minute?.files.map((file) => [file.bucket, file]));
  for (const bucket of touched) {
    const series = hot.byBucket.get(bucket) ?? new Uint32Array(0);
    const current = rawFiles.get(bucket);
    const rollup = minuteVersion === undefined ? undefined : settings.openRollup?.(rawVersion.dt, hot.samples.tMs.length + (current?.rows ?? 0));
    const onSeries = rollup?.series.bind(rollup);
    const options = { promotedLabels, ...(erasure === undefined ? {} : { keep: erasure.keep }), ...(onSeries === undefined ? {} : { onSeries }) };
    const merged = await mergeBucket(objects, hot.samples, series, current, options);
    await place(objects, rawFiles, rawVersion, bucket, merged);
    if (minuteVersion !== undefined) await place(objects, minuteFiles, minuteVersion, bucket, rollup?.finish());
  }
  const hotKeys = [...new Set([...(raw?.hotKeys ?? []), ...hot.keys])].sort();
  const manifests = [manifestOf(rawVersion, buckets, rawFiles, hotKeys, raw)];
  if (minuteVersion !== undefined) manifests.push(manifestOf(minuteVersion, buckets, minuteFiles, [], minute));
  return manifests;
};

/** Puts the file of a bucket in the place of the one before. */
const place = async (
  objects: ObjectStore,
  files: Map<number, PartitionFile>,
  version: PartitionVersion,
  bucket: number,
  merged: MergedFile | undefined,
): Promise<void> => {
  files.delete(bucket);
  if (merged !== undefined) files.set(bucket, await putFile(objects, version, bucket, merged));
};

/** Writes a file of a version and its series index. */
export const putFile = async (objects: ObjectStore, version: PartitionVersion, bucket: number, merged: MergedFile): Promise<PartitionFile> => {
  const { bytes, seriesIndex, ...about } = merged;
  const key = partitionFileKey(version, bucket);
  const indexKey = seriesIndexKey(version, bucket);
  // False where the answer to a first try was lost: nobody else has these names.
  await objects.putIfAbsent(key, bytes);
  await objects.putIfAbsent(indexKey, seriesIndex.bytes);
  return { ...about, key, bucket, bytes: bytes.length, seriesIndex: { key: indexKey, series: seriesIndex.series, bytes: seriesIndex.bytes.length } };
};

const manifestOf = (version: PartitionVersion, buckets: number, files: ReadonlyMap<number, PartitionFile>, hotKeys: readonly string[], before: Manifest | undefined): Manifest => ({
  ...version,
  buckets,
  files: [...files.values()].sort((a, b) => a.bucket - b.bucket),
  hotKeys,
  ...(before === undefined ? {} : { predecessor: manifestKeyOf(before) }),
});
