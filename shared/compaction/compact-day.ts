import { allPartitions, entryOf, type Manifest, type PartitionEntry, type PartitionFile, type PartitionVersion, readEntry, readManifest } from '../catalog/partitions.ts';
import { HOUR_MS, hourStartMs } from '../model/hour.ts';
import { mapBounded } from '../storage/map-bounded.ts';
import { buildTierObject } from '../storage/tier-object.ts';
import { readTierFile } from '../storage/tier-read.ts';
import type { TierColumns } from '../tiers/bucket.ts';
import { joinTiers } from '../tiers/join-tiers.ts';
import { mergeBuckets } from '../tiers/merge-buckets.ts';
import { withoutBuckets } from '../tiers/without-buckets.ts';
import { type CompactPorts, commitAttempt } from './commit-attempt.ts';
import type { CompactRun, CompactSettings, HourOutcome } from './compact-hour.ts';
import { announceAttempt } from './garbage.ts';
import { hoursOfDay } from './plan-days.ts';
import { putFile, requireObjects } from './write-buckets.ts';

/** Each holds the buckets of an hour, 100 bytes a row. */
const PARALLEL_HOURS = 2;

/**
 * Brings the 1h partition of a day (`YYYY-MM-DD`) up to the 1m partitions of its hours as they stand. Hours that it holds already in
 * their current version stay as they are, and so do those whose 1m partition has expired or never was. Safe to repeat and to run
 * beside another, as `compactHour` is. Rejects with MissingObjectError, having committed nothing, when a file is not there.
 */
export const compactDay = async (ports: CompactPorts, day: string, settings: Pick<CompactSettings, 'promotedLabels'>, run: CompactRun): Promise<HourOutcome> => {
  const { objects, catalog } = ports;
  const before = await readEntry(catalog, '1h', day);
  const current = before === undefined ? undefined : await readManifest(objects, before.manifestKey);
  const hours = newerHours(hoursOfDay(await allPartitions(catalog, '1m'), day), before);
  const sources = await mapBounded(hours, PARALLEL_HOURS, ({ manifestKey }) => readManifest(objects, manifestKey));
  const manifests = [...(current === undefined ? [] : [current]), ...sources];
  await requireObjects(objects, manifests.flatMap(({ files }) => files.map(({ key }) => key)));
  const version: PartitionVersion = { tier: '1h', dt: day, version: (before?.version ?? 0) + 1, attempt: run.attempt };
  // Partitions of one number of buckets have the same series in each; of several, all go into one.
  const buckets = new Set(manifests.map((manifest) => manifest.buckets)).size === 1 ? (manifests[0] as Manifest).buckets : 1;
  const ticket = await announceAttempt(catalog, [version], buckets, run.nowMs);
  const replaced = new Set(hours.map(({ dt }) => hourStartMs(dt)));
  const files: PartitionFile[] = [];
  for (let bucket = 0; bucket < buckets; bucket++) {
    const ofBucket = ({ files: all }: Manifest): readonly PartitionFile[] => all.filter((file) => buckets === 1 || file.bucket === bucket);
    const kept = await mapBounded(current === undefined ? [] : ofBucket(current), 1, async (file) => withoutBuckets(await readTierFile(objects, file), replaced));
    const built = buildTierObject(joinTiers([...kept, ...(await readHours(ports, sources.flatMap(ofBucket)))]), settings);
    if (built !== undefined) files.push(await putFile(objects, version, bucket, built));
  }
  const manifest: Manifest = { ...version, buckets, files, hotKeys: [], ...(before === undefined ? {} : { predecessor: before.manifestKey }) };
  const entry = entryOf(manifest, standingOf(before, hours));
  if (!(await commitAttempt(ports, { ticket, versions: [version], buckets, manifests: [manifest], entries: [entry] }, run.nowMs))) return { kind: 'lost' };
  return { kind: 'merged', version: version.version, hotFiles: 0, rows: entry.rows, bytes: entry.bytes };
};

const newerHours = (hours: readonly PartitionEntry[], day: PartitionEntry | undefined): readonly PartitionEntry[] =>
  hours.filter(({ dt, version }) => day?.builtFrom?.[dt] !== version);

/** An hour's partition is one bucket of an hour for each series, so that little of it stays in memory. */
const readHours = ({ objects }: CompactPorts, files: readonly PartitionFile[]): Promise<readonly TierColumns[]> =>
  mapBounded(files, PARALLEL_HOURS, async (file) => mergeBuckets(await readTierFile(objects, file), HOUR_MS));

const standingOf = (before: PartitionEntry | undefined, hours: readonly PartitionEntry[]): Pick<PartitionEntry, 'isClosed' | 'lateMerges' | 'builtFrom'> => ({
  isClosed: true,
  lateMerges: before === undefined ? 0 : before.lateMerges + 1,
  builtFrom: { ...before?.builtFrom, ...Object.fromEntries(hours.map(({ dt, version }) => [dt, version])) },
});
