import { entryOf, type Manifest, objectKeysOf, type PartitionEntry, type PartitionFile, type PartitionVersion, readEntry, readManifest, type Tier } from '../catalog/partitions.ts';
import { type CompactPorts, commitAttempt } from '../compaction/commit-attempt.ts';
import type { CompactSettings } from '../compaction/compact-hour.ts';
import { isCovered, readCoverage } from '../compaction/coverage.ts';
import { announceAttempt, forgetGarbage } from '../compaction/garbage.ts';
import { putFile, requireObjects } from '../compaction/write-buckets.ts';
import { buildTierObject } from '../storage/tier-object.ts';
import { readTierFile } from '../storage/tier-read.ts';
import { joinTiers } from '../tiers/join-tiers.ts';
import type { Retention } from '../tiers/retention.ts';
import { CellTally, emptyCells, type WaitingHour } from './empty-cells.ts';
import { takenIn } from './taken-cells.ts';

export interface FillRun {
  readonly nowMs: number;
  /** Letters and digits that no other run has, nor a repetition of this one. */
  readonly attempt: string;
}

export interface TierPartition {
  readonly tier: Exclude<Tier, 'raw'>;
  readonly dt: string;
}

/**
 * Fills the empty cells of a tier's partition with the rollup of the waiting samples, as its next version; a cell that holds anything
 * stays as it is. Undefined when another run committed first: nothing of this one is left then. `expired` when the partition has left
 * its tier meanwhile: begun anew, it would stand for all that there ever was of its time. Rejects with MissingObjectError, having
 * committed nothing, when a file is not there.
 */
export const fillPartition = async (
  ports: CompactPorts,
  partition: TierPartition,
  hours: readonly WaitingHour[],
  settings: Pick<CompactSettings, 'promotedLabels' | 'buckets'> & { readonly retention: Retention },
  run: FillRun,
): Promise<CellTally | 'expired' | undefined> => {
  const { objects, catalog } = ports;
  const before = await readEntry(catalog, partition.tier, partition.dt);
  // After the entry, which goes when this is known.
  if (!isCovered(await readCoverage(catalog, settings.retention), partition, run.nowMs)) return 'expired';
  const current = before === undefined ? undefined : await readManifest(objects, before.manifestKey);
  await requireObjects(objects, objectKeysOf(current?.files ?? []));
  const { tier, dt } = partition;
  const version: PartitionVersion = { tier, dt, version: (before?.version ?? 0) + 1, attempt: run.attempt };
  const buckets = current?.buckets ?? settings.buckets;
  const ticket = await announceAttempt(catalog, [version], buckets, run.nowMs);
  const tally = new CellTally();
  const files: PartitionFile[] = [];
  for (let bucket = 0; bucket < buckets; bucket++) {
    const old = current?.files.find((file) => file.bucket === bucket);
    const file = await fillBucket(ports, { ...partition, version, bucket, buckets }, old, hours, settings, tally);
    if (file !== undefined) files.push(file);
  }
  if (tally.filled === 0) {
    await forgetGarbage(catalog, { sk: ticket });
    return tally;
  }
  const manifest: Manifest = { ...version, buckets, files, hotKeys: current?.hotKeys ?? [], ...(before === undefined ? {} : { predecessor: before.manifestKey }) };
  const entry = entryOf(manifest, standingOf(before));
  return (await commitAttempt(ports, { ticket, versions: [version], buckets, manifests: [manifest], entries: [entry] }, run.nowMs)) ? tally : undefined;
};

/** The bucket's file of the next version; the current one where no cell of it is filled. */
const fillBucket = async (
  { objects }: CompactPorts,
  place: { readonly tier: TierPartition['tier']; readonly version: PartitionVersion; readonly bucket: number; readonly buckets: number },
  old: PartitionFile | undefined,
  hours: readonly WaitingHour[],
  { promotedLabels }: Pick<CompactSettings, 'promotedLabels'>,
  tally: CellTally,
): Promise<PartitionFile | undefined> => {
  const { tier, version, bucket, buckets } = place;
  const held = old === undefined ? [] : [await readTierFile(objects, old)];
  const isTaken = takenIn(held);
  const filled = tally.filled;
  const cells = [];
  for (const hour of hours) cells.push(...(await emptyCells(objects, hour, { tier, bucket, buckets }, isTaken, tally)));
  const built = tally.filled === filled ? undefined : buildTierObject(joinTiers([...held, ...cells]), { promotedLabels });
  return built === undefined ? old : putFile(objects, version, bucket, built);
};

/** What it was built from stays: only other versions of its sources may have it built anew, and then `compactDay` keeps the filled hours. */
const standingOf = (before: PartitionEntry | undefined): Pick<PartitionEntry, 'isClosed' | 'lateMerges' | 'builtFrom'> => ({
  isClosed: true,
  lateMerges: before?.lateMerges ?? 0,
  ...(before?.builtFrom === undefined ? {} : { builtFrom: before.builtFrom }),
});
