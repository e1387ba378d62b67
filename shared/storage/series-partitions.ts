import { listPartitions, type PartitionEntry, type PartitionFile } from '../catalog/partitions.ts';
import { HOUR_MS, hourStartMs } from '../model/hour.ts';
import { TIER_BUCKET_MS } from '../tiers/bucket.ts';
import { mapBounded } from './map-bounded.ts';
import { type FilePorts, mergedHour } from './sample-files.ts';
import type { TimeRange } from './series-search.ts';

const DAY_MS = 24 * HOUR_MS;

/** Manifests are a few KB, and S3 answers in tens of ms. */
const PARALLEL_MANIFESTS = 32;

/**
 * Entries of the indexes one request reads: a year of 10,000 series by day has 3.7 M. A million takes 0.2 s where the series of a
 * host share their label set, and 4 s where each has one of its own (measured).
 */
export const MAX_INDEX_ENTRIES = 5_000_000;

/** A compacted file whose index is to be read. */
export interface IndexedFile {
  readonly file: PartitionFile;
  /** Rows are of so much time from their `ts` on; samples of 1 ms. */
  readonly rowMs: number;
}

export interface IndexedFiles {
  readonly files: readonly IndexedFile[];
  /** Where older ones were left out for want of room: the time from which on all are there. */
  readonly sinceMs: number | undefined;
}

/** What the catalog has of some time, tier by tier. */
export interface TierEntries {
  readonly raw: readonly PartitionEntry[];
  readonly minutes: readonly PartitionEntry[];
  readonly days: readonly PartitionEntry[];
}

/**
 * The files whose indexes name all series of the range that are compacted. Who also reads hot rows reads them before this. At most
 * `maxEntries` series stand in them, counted once for each, but those of the newest partition in any case.
 */
export const indexedFiles = async (ports: FilePorts, range: TimeRange, maxEntries = MAX_INDEX_ENTRIES): Promise<IndexedFiles> => {
  if (!(range.fromMs <= range.toMs)) return { files: [], sinceMs: undefined };
  // Samples go this way, and leave a tier when the next has had them for long: an overlap is harmless, a gap would not be.
  const raw = await listDays(ports, 'raw', range);
  const minutes = await listDays(ports, '1m', range);
  const days = await listDays(ports, '1h', range);
  const chosen = [...choosePartitions({ raw, minutes, days }, range)].sort((a, b) => b.maxTMs - a.maxTMs);
  const partitions = await mapBounded(chosen, PARALLEL_MANIFESTS, async (entry) => ({ entry, ...(await mergedHour(ports, entry)) }));
  const files: IndexedFile[] = [];
  let entries = 0;
  for (const { entry, files: all } of partitions) {
    entries += all.reduce((sum, { seriesIndex }) => sum + seriesIndex.series, 0);
    if (entries > maxEntries && files.length > 0) return { files, sinceMs: endOf(entry) };
    for (const file of all) files.push({ file, rowMs: rowMsOf(entry) });
  }
  return { files, sinceMs: undefined };
};

/** The entries of all days that the range touches: what a day was built from is known by its hours. */
const listDays = ({ catalog }: FilePorts, tier: PartitionEntry['tier'], { fromMs, toMs }: TimeRange): Promise<readonly PartitionEntry[]> =>
  listPartitions(catalog, tier, Math.floor(fromMs / DAY_MS) * DAY_MS, Math.floor(toMs / DAY_MS) * DAY_MS + DAY_MS - 1);

const rowMsOf = ({ tier }: PartitionEntry): number => (tier === 'raw' ? 1 : TIER_BUCKET_MS[tier]);

/** Exclusive. */
const endOf = (entry: PartitionEntry): number => entry.maxTMs + rowMsOf(entry);

const touches = (entry: PartitionEntry, { fromMs, toMs }: TimeRange): boolean => entry.minTMs <= toMs && endOf(entry) > fromMs;

/**
 * The fewest partitions that hold all series of the range. A day's 1h partition stands for its hours where all of it lies within the
 * range: at the range's ends the hours themselves tell better when a series was there. Hours that changed since the day was built
 * are read too. A raw hour and its 1m partition have the same series, so the raw one, which knows their times, is taken of the two.
 */
export const choosePartitions = ({ raw, minutes, days }: TierEntries, range: TimeRange): readonly PartitionEntry[] => {
  const rawOf = new Map(raw.map((entry) => [entry.dt, entry]));
  const minuteOf = new Map(minutes.map((entry) => [entry.dt, entry]));
  /** Whether the 1m partition of an hour holds all that the raw one does. */
  const isRolledUp = (dt: string): boolean => {
    const rawVersion = rawOf.get(dt)?.version;
    return rawVersion === undefined || minuteOf.get(dt)?.builtFrom?.[dt] === rawVersion;
  };
  const chosen: PartitionEntry[] = [];
  const covered = new Set<string>();
  for (const day of days.filter((entry) => touches(entry, range))) {
    const hours = Object.entries(day.builtFrom ?? {});
    if (day.minTMs >= range.fromMs && endOf(day) - 1 <= range.toMs) {
      chosen.push(day);
      for (const [dt, version] of hours) if (minuteOf.get(dt)?.version === version && isRolledUp(dt)) covered.add(dt);
    } else if (hours.some(([dt]) => !rawOf.has(dt) && !minuteOf.has(dt) && hourTouches(dt, range))) chosen.push(day);
  }
  for (const dt of new Set([...rawOf.keys(), ...minuteOf.keys()])) {
    if (covered.has(dt)) continue;
    const ofRaw = rawOf.get(dt);
    const minute = minuteOf.get(dt);
    if (ofRaw !== undefined) chosen.push(ofRaw);
    if (minute !== undefined && (ofRaw === undefined || !isRolledUp(dt))) chosen.push(minute);
  }
  return chosen.filter((entry) => touches(entry, range));
};

const hourTouches = (dt: string, { fromMs, toMs }: TimeRange): boolean => hourStartMs(dt) <= toMs && hourStartMs(dt) + HOUR_MS > fromMs;
