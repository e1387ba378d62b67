import { type HotFile, hotFilesOf, hoursWithSamples } from '../catalog/hot-files.ts';
import type { ItemTable } from '../catalog/item-table.ts';
import { mayHoldRows, type PartitionEntry, type PartitionFile, partitionsOf, readManifest } from '../catalog/partitions.ts';
import { mapBounded } from './map-bounded.ts';
import { MissingObjectError, type ObjectStore } from './object-store.ts';
import type { MergedHour, PieceCache } from './piece-cache.ts';

export interface FilePorts {
  readonly objects: Pick<ObjectStore, 'get'>;
  readonly catalog: ItemTable;
  readonly cache: PieceCache;
  /** Which compacted files are asked for, all where left out. Hot files always are. */
  readonly compacted?: 'none' | ((file: PartitionFile) => Promise<boolean>) | undefined;
}

/** All that holds raw samples of an hour. */
export interface HourFiles {
  /** `YYYY-MM-DD-HH`, UTC. */
  readonly hour: string;
  /** A sample stands in one of these at most, and once. */
  readonly compacted: readonly PartitionFile[];
  /** Those that are not merged into `compacted`. A sample may stand in several, and in `compacted` too. */
  readonly hot: readonly HotFile[];
}

/** S3 and DynamoDB answer in ms to tens of ms: some at once hide the wait. */
const PARALLEL_HOURS = 8;

/**
 * The files of the hours in which samples of [fromMs, toMs] may lie, in order of the hours. Rejects with MissingObjectError when a
 * manifest went while this read: the catalog names another one then.
 */
export const sampleFiles = async (ports: FilePorts, fromMs = -Infinity, toMs = Infinity): Promise<readonly HourFiles[]> => {
  if (!(fromMs <= toMs)) return [];
  const { catalog } = ports;
  const hours = await hoursWithSamples(catalog, fromMs, toMs);
  const hot = new Map(await mapBounded(hours, PARALLEL_HOURS, async (hour) => [hour, await hotFilesOf(catalog, hour)] as const));
  // After the hot rows: what a compaction takes from there it has put here before. An overlap is harmless, a gap would not be.
  const partitions = await partitionsOf(catalog, 'raw', fromMs, toMs);
  // Also where its rows lie elsewhere: the hot files that it has merged say nothing new, and a deletion may have left out what they hold.
  const isNeeded = (entry: PartitionEntry): boolean => mayHoldRows(entry, fromMs, toMs) || (hot.get(entry.dt) ?? []).length > 0;
  const entries = new Map(partitions.filter(isNeeded).map((entry) => [entry.dt, entry]));
  return mapBounded([...new Set([...hours, ...entries.keys()])].sort(), PARALLEL_HOURS, async (hour) => {
    const rows = hot.get(hour) ?? [];
    if (ports.compacted === 'none' && rows.length === 0) return { hour, compacted: [], hot: [] };
    const { files, hotKeys } = await mergedHour(ports, entries.get(hour));
    return { hour, compacted: await wantedOf(files, ports.compacted), hot: rows.filter(({ key }) => !hotKeys.has(key)) };
  });
};

const wantedOf = async (files: readonly PartitionFile[], compacted: FilePorts['compacted']): Promise<readonly PartitionFile[]> => {
  if (compacted === undefined) return files;
  if (compacted === 'none') return [];
  const isWanted = await mapBounded(files, PARALLEL_HOURS, compacted);
  return files.filter((_, i) => isWanted[i]);
};

const NOTHING_MERGED: MergedHour = { files: [], hotKeys: new Set() };

/** What the current version of a partition holds; nothing of none. */
export const mergedHour = async ({ objects, cache }: FilePorts, entry: PartitionEntry | undefined): Promise<MergedHour> => {
  if (entry === undefined) return NOTHING_MERGED;
  return cache.manifests.get(entry.manifestKey, async () => {
    const { files, hotKeys } = await readManifest(objects, entry.manifestKey);
    return { files, hotKeys: new Set(hotKeys) };
  });
};

/** Each needs a whole grace between its look at the catalog and its last file, or the removal of a partition in between. */
const MAX_RETRIES = 3;

/** For reads of files: those that were replaced go a grace later, so who meets one that has gone reads the catalog again. */
export const overCurrentFiles = async <T>(read: () => Promise<T>): Promise<T> => {
  for (let retries = 0; ; retries++) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof MissingObjectError) || retries === MAX_RETRIES) throw error;
    }
  }
};
