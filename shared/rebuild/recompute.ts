import { allPartitions, type Manifest, type PartitionEntry, type PartitionFile, readEntry, readManifest } from '../catalog/partitions.ts';
import { bucketOf } from '../compaction/bucket.ts';
import { isCovered, readCoverage } from '../compaction/coverage.ts';
import { hoursOfDay } from '../compaction/plan-days.ts';
import type { CompactPorts, RewriteRun, RewriteSettings } from '../deletion/deletion-ports.ts';
import { readPartition, rewriteTier, type TierChange, type TierPartition } from '../deletion/rewrite-tier.ts';
import { HOUR_MS, hourStartMs } from '../model/hour.ts';
import { mapBounded } from '../storage/map-bounded.ts';
import { readGroups } from '../storage/merge-read.ts';
import { withoutHistograms } from '../storage/number-samples.ts';
import { readTierFile } from '../storage/tier-read.ts';
import { bucketStart, TIER_BUCKET_MS, type TierColumns } from '../tiers/bucket.ts';
import { joinTiers } from '../tiers/join-tiers.ts';
import { mergeBuckets } from '../tiers/merge-buckets.ts';
import type { Retention } from '../tiers/retention.ts';
import { RollupBuilder } from '../tiers/rollup.ts';
import { withoutRows } from '../tiers/without-buckets.ts';
import { addDifferences, compareTiers, NO_DIFFERENCES, type TierDifferences } from './compare-tiers.ts';

export type RollupTier = '1m' | '1h';

/** What a partition should be, bucket by bucket, and what it was made of in which version. */
interface Expected {
  readonly builtFrom: Readonly<Record<string, number>>;
  /** All rows of a bucket: those that can be computed, and as they stand those that cannot. */
  readonly bucket: (bucket: number, standing: TierColumns) => Promise<TierColumns>;
}

/** What decides which finer partitions are whole: what is about to expire may lack cells that were filled in the coarser tier since. */
export interface RebuildAge {
  readonly retention: Retention;
  readonly nowMs: number;
}

/** Undefined where there is no such partition, or nothing finer to compute it from. */
export const verifyPartition = async (ports: CompactPorts, tier: RollupTier, dt: string, age: RebuildAge): Promise<TierDifferences | undefined> => {
  const partition = await readPartition(ports, tier, dt);
  const expected = partition === undefined ? undefined : await expectedOf(ports, partition, age);
  return partition === undefined || expected === undefined ? undefined : (await compare(ports, partition, expected)).differences;
};

/**
 * Makes a partition what `verifyPartition` expects, in a new version, where it differs or is not said to be made of what stands.
 * Returns how it differed. Raw samples that are committed meanwhile bring their own 1m version, and this one is planned anew.
 */
export const rebuildPartition = async (ports: CompactPorts, tier: RollupTier, dt: string, settings: RewriteSettings, run: RewriteRun): Promise<TierDifferences | undefined> => {
  let differences: TierDifferences | undefined;
  const plan = async (partition: TierPartition): Promise<TierChange | undefined> => {
    const expected = await expectedOf(ports, partition, { retention: settings.retention, nowMs: run.nowMs });
    if (expected === undefined) return undefined;
    const compared = await compare(ports, partition, expected);
    differences ??= compared.differences;
    const { isClosed, lateMerges, builtFrom } = partition.entry;
    const isNamed = Object.entries(expected.builtFrom).every(([source, version]) => builtFrom?.[source] === version);
    return compared.rows.size === 0 && isNamed ? undefined : { rows: compared.rows, standing: { isClosed, lateMerges, builtFrom: { ...builtFrom, ...expected.builtFrom } } };
  };
  await rewriteTier(ports, tier, dt, plan, settings, run);
  return differences;
};

const EMPTY: TierColumns = new RollupBuilder(HOUR_MS).build();

/** `rows` are those of the buckets that differ. One bucket at a time is in memory, and what it is made of. */
const compare = async (ports: CompactPorts, { manifest }: TierPartition, { bucket: expect }: Expected): Promise<{ readonly differences: TierDifferences; readonly rows: ReadonlyMap<number, TierColumns> }> => {
  let differences = NO_DIFFERENCES;
  const rows = new Map<number, TierColumns>();
  for (let bucket = 0; bucket < manifest.buckets; bucket++) {
    const file = manifest.files.find((each) => each.bucket === bucket);
    const standing = file === undefined ? EMPTY : await readTierFile(ports.objects, file);
    const expected = await expect(bucket, standing);
    const found = compareTiers(expected, standing);
    differences = addDifferences(differences, found);
    if (found.rows > 0) rows.set(bucket, expected);
  }
  return { differences, rows };
};

const expectedOf = async (ports: CompactPorts, partition: TierPartition, { retention, nowMs }: RebuildAge): Promise<Expected | undefined> => {
  const coverage = await readCoverage(ports.catalog, retention);
  const isWhole = (entry: PartitionEntry): boolean => isCovered(coverage, entry, nowMs);
  return partition.entry.tier === '1m' ? expectedMinutes(ports, partition, isWhole) : expectedHours(ports, partition, isWhole);
};

type IsWhole = (entry: PartitionEntry) => boolean;

const expectedMinutes = async (ports: CompactPorts, { manifest: { dt, buckets } }: TierPartition, isWhole: IsWhole): Promise<Expected | undefined> => {
  const entry = await readEntry(ports.catalog, 'raw', dt);
  if (entry === undefined || !isWhole(entry)) return undefined;
  const raw = await readManifest(ports.objects, entry.manifestKey);
  return {
    builtFrom: { [dt]: entry.version },
    bucket: async (bucket) => joinTiers(await mapBounded(filesOf(raw, buckets, bucket), 1, async (file) => ofBucket(await rollUpFile(ports, file), raw, buckets, bucket))),
  };
};

const rollUpFile = async ({ objects }: CompactPorts, { key, bytes }: PartitionFile): Promise<TierColumns> => {
  const builder = new RollupBuilder(TIER_BUCKET_MS['1m']);
  for await (const { metrics, labels, offsets, tMs, values, histograms } of readGroups((offset, length) => objects.get(key, { offset, length }), bytes)) {
    metrics.forEach((metric, k) => {
      const numbers = withoutHistograms({ tMs, values, from: offsets[k] as number, to: offsets[k + 1] as number }, histograms);
      if (numbers.from < numbers.to) builder.series(metric, labels[k] as string, numbers.tMs, numbers.values, numbers.from, numbers.to);
    });
  }
  return builder.build();
};

/** Hours without a 1m partition have expired there, or never had one: their rows, too, are taken as they stand. */
const expectedHours = async (ports: CompactPorts, { manifest: { dt, buckets } }: TierPartition, isWhole: IsWhole): Promise<Expected | undefined> => {
  const hours = hoursOfDay(await allPartitions(ports.catalog, '1m'), dt).filter(isWhole);
  if (hours.length === 0) return undefined;
  const known = new Set(hours.map((hour) => hourStartMs(hour.dt)));
  const sources = await mapBounded(hours, 1, ({ manifestKey }) => readManifest(ports.objects, manifestKey));
  return {
    builtFrom: Object.fromEntries(hours.map((hour) => [hour.dt, hour.version])),
    bucket: async (bucket, standing) => {
      const parts: TierColumns[] = [withoutRows(standing, (_, row) => known.has(bucketStart(standing.startMs[row] as number, HOUR_MS)))];
      for (const source of sources) {
        for (const file of filesOf(source, buckets, bucket)) parts.push(mergeBuckets(ofBucket(await readTierFile(ports.objects, file), source, buckets, bucket), HOUR_MS));
      }
      return joinTiers(parts);
    },
  };
};

/** The files of a source in which series of a bucket, of so many, may lie. */
const filesOf = (source: Manifest, buckets: number, bucket: number): readonly PartitionFile[] => (source.buckets === buckets ? source.files.filter((file) => file.bucket === bucket) : source.files);

const ofBucket = (tier: TierColumns, source: Manifest, buckets: number, bucket: number): TierColumns =>
  source.buckets === buckets ? tier : withoutRows(tier, (k) => bucketOf(tier.labels[k] as string, buckets) !== bucket);
