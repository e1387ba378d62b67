import { hotFilesOf } from '../catalog/hot-files.ts';
import { type Manifest, manifestKeyOf, objectKeysOf, readEntry, readManifest, type Tier } from '../catalog/partitions.ts';
import { MissingObjectError } from '../storage/object-store.ts';
import type { CompactPorts } from './commit-attempt.ts';
import { allGarbage, claimAttempt, forgetGarbage, type Garbage, isDue, keysOfAttempt } from './garbage.ts';
import { type AddressOf, doubtList, forgetList, listSettledMs, readList, sqlListKey } from './sql-list.ts';

export interface CollectReport {
  readonly removed: number;
  /** Objects whose grace is over and which something still names: looked at again with the next call. */
  readonly held: number;
}

/**
 * Removes the objects whose grace is over. The order is always: out of the catalog and the SQL list, read back, grace, objects;
 * so what is still named, by a hot row, the current version or the list that SQL sees, stays.
 */
export const collectGarbage = async (ports: CompactPorts, nowMs: number, addressOf: AddressOf): Promise<CollectReport> => {
  let removed = 0;
  let held = 0;
  const all = await allGarbage(ports.catalog);
  const replaced = new Set(all.flatMap((garbage) => (garbage.kind === 'replaced' ? [garbage.manifestKey] : [])));
  for (const garbage of all) {
    if (!isDue(garbage, nowMs) || isTooEarly(garbage, replaced)) continue;
    const keys = await superfluous(ports, garbage);
    const named = (await isRead(ports, garbage, nowMs)) ? keys.length : await namedKeys(ports, garbage, keys, addressOf);
    if (named > 0) {
      held += named;
      continue;
    }
    // In order: the manifest that tells of the others goes last, so that a crash before it leaves nothing behind.
    const last = keys.at(-1);
    await ports.objects.remove(keys.slice(0, -1));
    if (last !== undefined) await ports.objects.remove([last]);
    if (garbage.kind === 'expired') await forgetList(ports.catalog, garbage.tier, garbage.dt);
    await forgetGarbage(ports.catalog, garbage);
    if (garbage.kind === 'replaced') replaced.delete(garbage.manifestKey);
    removed += keys.length;
  }
  return { removed, held };
};

/**
 * The versions of a partition go in their order, since what one makes superfluous is told by the manifests of two. Their times need
 * not be in it: they are those at which runs began, and of two runs at once the first to begin may commit the later version.
 */
const isTooEarly = (garbage: Garbage, replaced: ReadonlySet<string>): boolean =>
  (garbage.kind === 'replaced' && garbage.predecessor !== undefined && replaced.has(garbage.predecessor)) || (garbage.kind === 'expired' && replaced.has(garbage.manifestKey));

const superfluous = async (ports: CompactPorts, garbage: Garbage): Promise<readonly string[]> => {
  switch (garbage.kind) {
    case 'attempt':
      return (await claimAttempt(ports.catalog, garbage)) ? keysOfAttempt(garbage.versions, garbage.buckets) : [];
    case 'hot':
    case 'history':
      return garbage.keys;
    case 'replaced':
      return replacedKeys(ports, garbage.manifestKey, garbage.predecessor);
    case 'expired': {
      const manifest = await manifestOrNone(ports, garbage.manifestKey);
      if (manifest === undefined) return [];
      return [...objectKeysOf(manifest.files), sqlListKey(garbage.tier, garbage.dt), garbage.manifestKey];
    }
  }
};

const replacedKeys = async (ports: CompactPorts, manifestKey: string, predecessorKey: string | undefined): Promise<readonly string[]> => {
  const manifest = await manifestOrNone(ports, manifestKey);
  const predecessor = predecessorKey === undefined ? undefined : await manifestOrNone(ports, predecessorKey);
  if (manifest === undefined || (predecessorKey !== undefined && predecessor === undefined)) return [];
  const kept = new Set([...objectKeysOf(manifest.files), ...(predecessor?.hotKeys ?? [])]);
  const files = objectKeysOf(predecessor?.files ?? []);
  return [...[...files, ...manifest.hotKeys].filter((key) => !kept.has(key)), ...(predecessor === undefined ? [] : [manifestKeyOf(predecessor)])];
};

/** None after a crash of the collector: the manifest is what it removes last. */
const manifestOrNone = async ({ objects }: CompactPorts, key: string): Promise<Manifest | undefined> => {
  try {
    return await readManifest(objects, key);
  } catch (error) {
    if (error instanceof MissingObjectError) return undefined;
    throw error;
  }
};

/** Of a partition. Nothing names a file of history but the row that went before it. */
type PartitionGarbage = Exclude<Garbage, { readonly kind: 'attempt' | 'history' }>;

const isOfPartition = (garbage: Garbage): garbage is PartitionGarbage => garbage.kind !== 'attempt' && garbage.kind !== 'history';

const partitionOf = (garbage: PartitionGarbage): readonly [Tier, string] =>
  garbage.kind === 'hot' ? ['raw', garbage.hour] : [garbage.tier, garbage.dt];

/** Whether a statement may run that found the keys in a list: where lists could not be written for a while, the grace begins late. */
const isRead = async ({ catalog }: CompactPorts, garbage: Garbage, nowMs: number): Promise<boolean> => {
  if (!isOfPartition(garbage)) return false;
  const [tier, dt] = partitionOf(garbage);
  const entry = await readEntry(catalog, tier, dt);
  const settledMs = await listSettledMs(catalog, tier, dt, entry?.manifestKey ?? '');
  return settledMs === undefined || nowMs < settledMs;
};

/** How many of the keys the catalog or the SQL list of their partition names. A list that does is written again. */
const namedKeys = async (ports: CompactPorts, garbage: Garbage, keys: readonly string[], addressOf: AddressOf): Promise<number> => {
  if (!isOfPartition(garbage) || keys.length === 0) return 0;
  const [tier, dt] = partitionOf(garbage);
  const entry = await readEntry(ports.catalog, tier, dt);
  const current = entry === undefined ? [] : [entry.manifestKey, ...objectKeysOf((await readManifest(ports.objects, entry.manifestKey)).files)];
  const rows = tier === 'raw' ? (await hotFilesOf(ports.catalog, dt)).map(({ key }) => key) : [];
  const listed = new Set(await readList(ports.objects, tier, dt));
  const inCatalog = new Set([...current, ...rows]);
  const inList = keys.filter((key) => listed.has(addressOf(key))).length;
  if (inList > 0) await doubtList(ports.catalog, tier, dt);
  return Math.max(inList, keys.filter((key) => inCatalog.has(key)).length);
};
