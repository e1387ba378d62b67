import { type Manifest, manifestKeyOf, type PartitionFile, partitionFileKey, type PartitionVersion } from '../catalog/partitions.ts';
import type { SortedSamples } from '../storage/hot-sort.ts';
import { mapBounded } from '../storage/map-bounded.ts';
import type { MergedFile } from '../storage/merge-writer.ts';
import type { ObjectStore } from '../storage/object-store.ts';
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

interface BucketSettings {
  readonly promotedLabels: readonly string[];
  readonly openRollup?: OpenRollup;
}

const PARALLEL_CHECKS = 16;

/** Rejects with MissingObjectError when one is gone: an hour is not made of what is left of it. */
export const requireFiles = async (objects: Pick<ObjectStore, 'get'>, files: readonly PartitionFile[]): Promise<void> => {
  await mapBounded(files, PARALLEL_CHECKS, ({ key }) => objects.get(key, { offset: 0, length: 1 }));
};

/** Writes the buckets that have new samples, one after the other, and returns the manifests of all tiers, raw first. */
export const writeBuckets = async (objects: ObjectStore, rewrite: Rewrite, hot: HotSamples, settings: BucketSettings): Promise<readonly Manifest[]> => {
  const { buckets, raw, minute, isWhole } = rewrite;
  const [rawVersion, minuteVersion] = rewrite.versions as readonly [PartitionVersion, PartitionVersion?];
  const touched = isWhole ? Array.from({ length: buckets }, (_, bucket) => bucket) : [...hot.byBucket.keys()];
  const rawFiles = new Map(raw?.files.map((file) => [file.bucket, file]));
  const minuteFiles = new Map(minute?.files.map((file) => [file.bucket, file]));
  for (const bucket of touched) {
    const series = hot.byBucket.get(bucket) ?? new Uint32Array(0);
    const current = rawFiles.get(bucket);
    const rollup = minuteVersion === undefined ? undefined : settings.openRollup?.(rawVersion.dt, hot.samples.tMs.length + (current?.rows ?? 0));
    const onSeries = rollup?.series.bind(rollup);
    const { promotedLabels } = settings;
    const merged = await mergeBucket(objects, hot.samples, series, current, { promotedLabels, ...(onSeries === undefined ? {} : { onSeries }) });
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
  if (merged === undefined) return;
  const { bytes, ...about } = merged;
  const key = partitionFileKey(version, bucket);
  // False where the answer to a first try was lost: nobody else has this name.
  await objects.putIfAbsent(key, bytes);
  files.set(bucket, { ...about, key, bucket, bytes: bytes.length });
};

const manifestOf = (version: PartitionVersion, buckets: number, files: ReadonlyMap<number, PartitionFile>, hotKeys: readonly string[], before: Manifest | undefined): Manifest => ({
  ...version,
  buckets,
  files: [...files.values()].sort((a, b) => a.bucket - b.bucket),
  hotKeys,
  ...(before === undefined ? {} : { predecessor: manifestKeyOf(before) }),
});
