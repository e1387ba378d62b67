import { entryOf, type Manifest, manifestKeyOf, objectKeysOf, type PartitionEntry, type PartitionFile, readEntry, readManifest, type Standing, type Tier } from '../catalog/partitions.ts';
import { commitAttempt } from '../compaction/commit-attempt.ts';
import { announceAttempt } from '../compaction/garbage.ts';
import { putFile, requireObjects } from '../compaction/write-buckets.ts';
import { UnavailableError } from '../errors.ts';
import { buildTierObject } from '../storage/tier-object.ts';
import type { TierColumns } from '../tiers/bucket.ts';
import { type CompactPorts, MAX_LOST, type RewriteRun, type RewriteSettings } from './deletion-ports.ts';
import { refreshListOf } from './refresh-list.ts';

export interface TierPartition {
  readonly entry: PartitionEntry;
  readonly manifest: Manifest;
}

/** What is to become of a partition: by bucket the new rows; buckets that are left out stay as they are. */
export interface TierChange {
  readonly rows: ReadonlyMap<number, TierColumns>;
  readonly standing: Standing;
}

/** Undefined where the partition may stay as it is. */
export type PlanChange = (partition: TierPartition) => Promise<TierChange | undefined>;

export const readPartition = async ({ objects, catalog }: CompactPorts, tier: Tier, dt: string): Promise<TierPartition | undefined> => {
  const entry = await readEntry(catalog, tier, dt);
  return entry === undefined ? undefined : { entry, manifest: await readManifest(objects, entry.manifestKey) };
};

/**
 * Commits a new version of a 1m or 1h partition with some of its rows changed, planned anew from what stands when another run
 * commits first. Whatever line it dies at, its files are cleared up and the next call begins again. Returns whether there was a change.
 */
export const rewriteTier = async (ports: CompactPorts, tier: '1m' | '1h', dt: string, plan: PlanChange, settings: RewriteSettings, run: RewriteRun): Promise<boolean> => {
  for (let lost = 0; lost < MAX_LOST; lost++) {
    const partition = await readPartition(ports, tier, dt);
    const change = partition === undefined ? undefined : await plan(partition);
    if (partition === undefined || change === undefined) return false;
    if (!(await commitChange(ports, partition, change, settings, { ...run, attempt: `${run.attempt}.${lost}` }))) continue;
    await refreshListOf(ports, tier, dt, { addressOf: settings.addressOf, nowMs: run.nowMs });
    return true;
  }
  throw new UnavailableError(`rewrite ${tier} ${dt}: found ${MAX_LOST} other rewrites, one after the other; run it again`, 1);
};

const commitChange = async (ports: CompactPorts, { entry, manifest }: TierPartition, { rows, standing }: TierChange, settings: RewriteSettings, run: RewriteRun): Promise<boolean> => {
  const { tier, dt, buckets, hotKeys } = manifest;
  const kept = manifest.files.filter(({ bucket }) => !rows.has(bucket));
  // As the compactor: a partition is not made of what is left of it.
  await requireObjects(ports.objects, objectKeysOf(kept));
  const version = { tier, dt, version: entry.version + 1, attempt: run.attempt };
  const ticket = await announceAttempt(ports.catalog, [version], buckets, run.nowMs);
  const files: PartitionFile[] = [...kept];
  for (const [bucket, columns] of rows) {
    const built = buildTierObject(columns, settings);
    if (built !== undefined) files.push(await putFile(ports.objects, version, bucket, built));
  }
  const next: Manifest = { ...version, buckets, files: files.sort((a, b) => a.bucket - b.bucket), hotKeys, predecessor: manifestKeyOf(manifest) };
  return commitAttempt(ports, { ticket, versions: [version], buckets, manifests: [next], entries: [entryOf(next, standing)] }, run.nowMs);
};
