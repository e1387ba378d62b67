import { isBackfillObject } from '../catalog/backfill-files.ts';
import { addHotFile, type HotFile, hotFilesOf } from '../catalog/hot-files.ts';
import { type ItemTable, type ItemWrite, MAX_TRANSACT_WRITES } from '../catalog/item-table.ts';
import { entryOf, type Manifest, manifestKeyOf, objectKeysOf, type PartitionEntry, readEntry, readManifest, restoreEntry, type Tier } from '../catalog/partitions.ts';
import { leftoverWrite, openManifests } from '../compaction/garbage.ts';
import { isThere } from '../doctor/object-state.ts';
import { messageOf, PermanentError } from '../errors.ts';
import { mapBounded } from '../storage/map-bounded.ts';
import { listAll, type ListedObject, MissingObjectError, type ObjectListing, type ObjectStore } from '../storage/object-store.ts';
import { chooseManifest, uncovered } from './choose-manifest.ts';
import { hotRowOf } from './hot-row.ts';
import type { PartitionName } from './listed-partitions.ts';

export interface RestorePorts {
  readonly objects: Pick<ObjectStore, 'get'> & ObjectListing;
  readonly catalog: ItemTable;
}

/**
 * `restored`: the entry is there again. `hot`: only hot objects lie there. `kept`: the catalog has an entry. `moved`: somebody
 * wrote the entry meanwhile, look again. `none`: nothing that could be restored lies there.
 */
export interface RestoreReport extends PartitionName {
  readonly outcome: 'restored' | 'hot' | 'kept' | 'moved' | 'none';
  readonly version?: number;
  /** Hot rows that were written. */
  readonly hotRows: number;
  /** Objects that do not read, each with its reason: they stay where they are, and what they hold is not there. */
  readonly unread: readonly string[];
}

const PARALLEL = 8;

/**
 * Puts back what the catalog should say of a partition, from the objects alone: an entry for the manifest that `chooseManifest`
 * names, and a hot row for each hot object that this one has not merged (of a backfill's only those that some version has). Without `isForced` a partition that has an entry stays as it
 * is; with it, samples that the entry's version does not hold are added as hot rows, and a rollup of a higher version comes in its
 * place. Safe to interrupt and to repeat: rows come before the entry, and all are the same each time. Not for the watermarks, which
 * come back with the next records and heartbeats, nor for quarantine rows, gaps and metadata.
 */
export const restorePartition = async (ports: RestorePorts, { tier, dt }: PartitionName, { isForced, nowMs }: { readonly isForced: boolean; readonly nowMs: number }): Promise<RestoreReport> => {
  const { catalog } = ports;
  const entry = await readEntry(catalog, tier, dt);
  if (entry !== undefined && !isForced) return { tier, dt, outcome: 'kept', hotRows: 0, unread: [] };
  const { all, complete, unread } = await readManifests(ports, tier, dt);
  const chosen = await choose(ports, { all, complete }, entry, { tier, dt });
  const hot = tier === 'raw' ? await restoreHot(ports, dt, chosen, { all, complete }) : { rows: 0, unread: [] };
  const report = { tier, dt, hotRows: hot.rows, unread: [...unread, ...hot.unread] };
  if (chosen === undefined) return { ...report, outcome: hot.rows > 0 ? 'hot' : 'none' };
  if (entry?.manifestKey === manifestKeyOf(chosen)) return { ...report, outcome: 'kept', version: chosen.version };
  const restored = entryOf(chosen, chosen.standing ?? { isClosed: false, lateMerges: 0 });
  if (!(await restoreEntry(catalog, restored, entry?.version, leftoversOf(chosen, all, nowMs)))) return { ...report, outcome: 'moved' };
  return { ...report, outcome: 'restored', version: chosen.version };
};

interface Found {
  /** Whatever reads, but for those of runs under way. */
  readonly all: readonly Manifest[];
  /** Of these the ones whose files are all there. */
  readonly complete: readonly Manifest[];
  readonly unread: readonly string[];
}

/**
 * The tickets are read after the list and before the files: a run under way has its ticket before its manifest, and takes its files
 * back before its ticket.
 */
const readManifests = async ({ objects, catalog }: RestorePorts, tier: Tier, dt: string): Promise<Found> => {
  const keys: string[] = [];
  for await (const { key } of listAll(objects, `${tier}/dt=${dt}/_v`)) if (key.endsWith('.json')) keys.push(key);
  const open = await openManifests(catalog);
  const unread: string[] = [];
  const read = await mapBounded(keys.filter((key) => !open.has(key)), PARALLEL, async (key) => {
    try {
      return await readManifest(objects, key);
    } catch (error) {
      if (!(error instanceof MissingObjectError) && !(error instanceof PermanentError)) throw error;
      unread.push(messageOf(error));
      return undefined;
    }
  });
  const all = read.filter((manifest) => manifest !== undefined);
  const whole = await mapBounded(all, 1, async ({ files }) => (await mapBounded(objectKeysOf(files), PARALLEL, (key) => isThere(objects, key))).every(Boolean));
  return { all, complete: all.filter((_, i) => whole[i] === true), unread };
};

/** An entry of raw samples stays: what others hold beside it is added as hot rows. */
const choose = async ({ catalog }: RestorePorts, { all, complete }: Pick<Found, 'all' | 'complete'>, entry: PartitionEntry | undefined, { tier, dt }: PartitionName): Promise<Manifest | undefined> => {
  const current = complete.find((manifest) => manifestKeyOf(manifest) === entry?.manifestKey);
  if (tier === 'raw') return current ?? chooseManifest(complete, all);
  const raw = tier === '1m' ? await readEntry(catalog, 'raw', dt) : undefined;
  const isOfRaw = ({ standing }: Manifest): boolean => raw !== undefined && standing?.builtFrom?.[dt] === raw.version;
  return chooseManifest(complete, all, isOfRaw);
};

const restoreHot = async (ports: RestorePorts, hour: string, chosen: Manifest | undefined, { all, complete }: Pick<Found, 'all' | 'complete'>): Promise<{ readonly rows: number; readonly unread: readonly string[] }> => {
  const { objects, catalog } = ports;
  const lying: ListedObject[] = [];
  for await (const object of listAll(objects, `hot/dt=${hour}/`)) lying.push(object);
  const others = chosen === undefined ? { manifests: [], merged: new Set<string>() } : uncovered(chosen, complete, new Set(lying.map(({ key }) => key)));
  const known = new Set([...(await hotFilesOf(catalog, hour)).map(({ key }) => key), ...others.merged]);
  const unread: string[] = [];
  const rows: HotFile[] = [];
  // A backfill that has not ended is run again, and what it filled cells of a tier with is no raw sample.
  const named = new Set(all.flatMap(({ hotKeys }) => hotKeys));
  for (const object of lying.filter(({ key }) => !known.has(key) && (named.has(key) || !isBackfillObject(key)))) {
    try {
      const row = await hotRowOf(objects, hour, object);
      if (row !== undefined) rows.push(row);
    } catch (error) {
      if (error instanceof MissingObjectError) continue;
      unread.push(`${object.key}: ${messageOf(error)}`);
    }
  }
  for (const { files } of others.manifests) {
    for (const { key, bytes, rows: count, minTMs, maxTMs, minMetric, maxMetric } of files) {
      if (!known.has(key)) rows.push({ hour, key, bytes, rows: count, minTMs, maxTMs, minMetric, maxMetric });
    }
  }
  for (const row of rows) await addHotFile(catalog, row);
  return { rows: rows.length, unread };
};

/** The tickets of what lies beside the chosen version are lost as well. What does not go into the transaction is left to the bucket's lifecycle. */
const leftoversOf = (chosen: Manifest, all: readonly Manifest[], nowMs: number): readonly ItemWrite[] => {
  const losers = all.filter((manifest) => manifestKeyOf(manifest) !== manifestKeyOf(chosen));
  return [undefined, ...losers].slice(0, MAX_TRANSACT_WRITES - 1).map((loser) => leftoverWrite(chosen, loser, nowMs));
};
