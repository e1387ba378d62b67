import type { ItemTable } from '../catalog/item-table.ts';
import { allPartitions, type PartitionEntry, type PartitionFile, readEntry } from '../catalog/partitions.ts';
import { installationWatermark } from '../catalog/watermarks.ts';
import { compactDay } from '../compaction/compact-day.ts';
import { isCovered, readCoverage } from '../compaction/coverage.ts';
import { hoursOfDay } from '../compaction/plan-days.ts';
import { UnavailableError } from '../errors.ts';
import { HOUR_MS, hourStartMs } from '../model/hour.ts';
import { readTierFile } from '../storage/tier-read.ts';
import { bucketStart, TIER_BUCKET_MS, type TierColumns } from '../tiers/bucket.ts';
import { withoutRows } from '../tiers/without-buckets.ts';
import { type CompactPorts, MAX_LOST, type RewriteRun, type RewriteSettings } from './deletion-ports.ts';
import { refreshListOf } from './refresh-list.ts';
import { readPartition, rewriteTier, type TierChange, type TierPartition } from './rewrite-tier.ts';
import { type Selection, seriesOf } from './selection.ts';

type CoarseTier = '1m' | '1h';

/** How many rows of a 1m or 1h partition there are that a selection means: of its series, with all of their time inside of it. */
export const findBuckets = async (ports: CompactPorts, tier: CoarseTier, dt: string, selection: Selection): Promise<number> => {
  const partition = await readPartition(ports, tier, dt);
  return partition === undefined ? 0 : (await withoutMeant(ports, partition, selection)).found;
};

/**
 * Deletes these rows, but for those that are made of finer rows which still stand: what the selection means has left these before,
 * and what they hold of it came since. A 1h partition is brought up to the 1m partitions of its day first, so that of hours which
 * the selection cuts only the rest counts. Returns how many it found. Safe to repeat from any point.
 */
export const deleteBuckets = async (ports: CompactPorts, tier: CoarseTier, dt: string, selection: Selection, settings: RewriteSettings, run: RewriteRun): Promise<number> => {
  const before = await findBuckets(ports, tier, dt, selection);
  if (tier === '1h') await bringUp(ports, dt, settings, run);
  const plan = async (partition: TierPartition): Promise<TierChange | undefined> => {
    const { found, rows } = await withoutMeant(ports, partition, selection, await madeHours(ports.catalog, partition.entry, settings, run));
    const { isClosed, lateMerges, builtFrom } = partition.entry;
    return found === 0 ? undefined : { rows, standing: { isClosed, lateMerges, ...(builtFrom === undefined ? {} : { builtFrom }) } };
  };
  await rewriteTier(ports, tier, dt, plan, settings, run);
  return before;
};

/** Where a day is behind its hours, as the planner would within the minute. What the compactor commits first may be of older hours. */
const bringUp = async (ports: CompactPorts, day: string, settings: RewriteSettings, { nowMs, attempt }: RewriteRun): Promise<void> => {
  for (let lost = 0; lost < MAX_LOST; lost++) {
    const entry = await readEntry(ports.catalog, '1h', day);
    const hours = hoursOfDay(await allPartitions(ports.catalog, '1m'), day);
    if (entry === undefined || hours.every(({ dt, version }) => entry.builtFrom?.[dt] === version)) return refreshListOf(ports, '1h', day, { addressOf: settings.addressOf, nowMs });
    await compactDay(ports, day, settings, { nowMs, watermarkMs: await installationWatermark(ports.catalog), attempt: `${attempt}.day${lost}` });
  }
  throw new UnavailableError(`rewrite 1h ${day}: found ${MAX_LOST} other rewrites, one after the other; run it again`, 1);
};

/** The starts of the hours whose rows are made of the finer partitions that stand. Once those may have expired, cells are filled beside. */
const madeHours = async (catalog: ItemTable, { tier, dt, builtFrom }: PartitionEntry, { retention }: RewriteSettings, { nowMs }: RewriteRun): Promise<ReadonlySet<number>> => {
  const coverage = await readCoverage(catalog, retention);
  const raw = tier === '1m' ? await readEntry(catalog, 'raw', dt) : undefined;
  const finer = tier === '1m' ? (raw === undefined ? [] : [raw]) : hoursOfDay(await allPartitions(catalog, '1m'), dt);
  return new Set(finer.filter((entry) => isCovered(coverage, entry, nowMs) && builtFrom?.[entry.dt] === entry.version).map((entry) => hourStartMs(entry.dt)));
};

const NO_HOURS: ReadonlySet<number> = new Set();

interface Split {
  readonly found: number;
  /** By bucket what is left; buckets without such rows are not in the map. */
  readonly rows: ReadonlyMap<number, TierColumns>;
}

const withoutMeant = async (ports: CompactPorts, { manifest }: TierPartition, selection: Selection, kept = NO_HOURS): Promise<Split> => {
  const bucketMs = TIER_BUCKET_MS[manifest.tier as CoarseTier];
  const isMeant = seriesOf(selection);
  const rows = new Map<number, TierColumns>();
  let count = 0;
  for (const file of manifest.files.filter((each) => mayHold(each, bucketMs, selection))) {
    const tier = await readTierFile(ports.objects, file);
    const meant = tier.metrics.map((metric, k) => isMeant(metric, tier.labels[k] as string));
    const before = count;
    const left = withoutRows(tier, (k, row) => {
      const startMs = tier.startMs[row] as number;
      if (meant[k] !== true || !isInside(startMs, bucketMs, selection) || kept.has(bucketStart(startMs, HOUR_MS))) return false;
      count++;
      return true;
    });
    if (count > before) rows.set(file.bucket, left);
  }
  return { found: count, rows };
};

const isInside = (startMs: number, bucketMs: number, { fromMs, toMs }: Selection): boolean => startMs >= fromMs && startMs + bucketMs <= toMs;

const mayHold = ({ minTMs, maxTMs }: PartitionFile, bucketMs: number, { fromMs, toMs }: Selection): boolean => minTMs + bucketMs <= toMs && maxTMs >= fromMs;
