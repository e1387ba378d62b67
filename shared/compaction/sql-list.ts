import { createHash } from 'node:crypto';
import type { Item, ItemTable, ItemWrite } from '../catalog/item-table.ts';
import { type PartitionEntry, readManifest, type Tier } from '../catalog/partitions.ts';
import { MissingObjectError, type ObjectStore, type ObjectSweep } from '../storage/object-store.ts';
import { GRACE_MS } from './garbage.ts';

/** The address of an object in SQL's eyes, such as `s3://bucket/<key>`. */
export type AddressOf = (key: string) => string;

export interface ListedPartition {
  readonly tier: Tier;
  readonly dt: string;
  readonly entry: PartitionEntry | undefined;
  /** The hot rows of the partition; those that are merged are left out of the list. */
  readonly hotKeys: readonly string[];
}

interface ListPorts {
  readonly objects: Pick<ObjectStore, 'get'> & Pick<ObjectSweep, 'replace'>;
  readonly catalog: ItemTable;
}

const pkOf = (tier: Tier): string => `sql-list/${tier}`;

/** The one file of a partition's folder, as `SymlinkTextInputFormat` reads it. */
export const sqlListKey = (tier: Tier, dt: string): string => `sql/${tier}/dt=${dt}/symlink.txt`;

/** What the catalog knows of a list. */
export interface ListNote {
  /** A hash of what the list was last made from; '' while it is not known. */
  readonly madeFrom: string;
  /** Whether the list may name hot files. */
  readonly holdsHot: boolean;
  /** The manifest it was made from; '' without one. */
  readonly manifestKey: string;
  /** Since when it has been made from that. What an earlier one named may be read by statements that began before. */
  readonly sinceMs: number;
}

export interface ListSettings {
  readonly addressOf: AddressOf;
  readonly nowMs: number;
}

/** By partition the note of its list. Of a list without one nothing is known. */
export const writtenLists = async (items: ItemTable, tier: Tier): Promise<ReadonlyMap<string, ListNote>> =>
  new Map((await items.query(pkOf(tier))).map((item) => [item.sk, noteFrom(item)]));

const noteFrom = ({ attributes: { madeFrom, holdsHot, manifestKey, sinceMs } }: Item): ListNote => ({
  madeFrom: String(madeFrom),
  holdsHot: holdsHot !== false,
  manifestKey: String(manifestKey ?? ''),
  sinceMs: Number(sinceMs ?? 0),
});

/**
 * Until when statements may run that found other files in the list than `manifestKey` has ('' for no manifest), but for hot ones;
 * undefined while that is not known: the list is in doubt, or not noted as made from it. A list may have been written a moment ago
 * by a call that could not note it.
 */
export const listSettledMs = async (items: ItemTable, tier: Tier, dt: string, manifestKey: string): Promise<number | undefined> => {
  const item = await items.get({ pk: pkOf(tier), sk: dt });
  if (item === undefined) return 0;
  const note = noteFrom(item);
  return note.madeFrom === '' || note.manifestKey !== manifestKey ? undefined : note.sinceMs + GRACE_MS;
};

/** Stands in the catalog before hot files are put into the list of a raw partition that named none. */
export const hotListWrite = (dt: string): ItemWrite => noteWrite('raw', dt, IN_DOUBT);

const IN_DOUBT: ListNote = { madeFrom: '', holdsHot: true, manifestKey: '', sinceMs: 0 };

const noteWrite = (tier: Tier, dt: string, note: ListNote): Extract<ItemWrite, { put: unknown }> => ({ put: { pk: pkOf(tier), sk: dt, attributes: { ...note } } });

/**
 * Writes the list of a partition where the catalog says something else than when it was last written; returns whether it did. One
 * PUT swaps what a scan of the partition sees. A crash before the note of it makes the next call write the same again.
 */
export const refreshList = async ({ objects, catalog }: ListPorts, partition: ListedPartition, written: ListNote | undefined, { addressOf, nowMs }: ListSettings): Promise<boolean> => {
  const { tier, dt, entry, hotKeys } = partition;
  const manifestKey = entry?.manifestKey ?? '';
  const madeFrom = createHash('sha256').update([manifestKey, ...hotKeys].join('\n')).digest('hex');
  if (madeFrom === written?.madeFrom) return false;
  const manifest = entry === undefined ? undefined : await readManifest(objects, entry.manifestKey);
  const merged = new Set(manifest?.hotKeys);
  const unmerged = hotKeys.filter((key) => !merged.has(key));
  const keys = [...(manifest?.files ?? []).map(({ key }) => key), ...unmerged];
  await objects.replace(sqlListKey(tier, dt), Buffer.from(listText(keys, addressOf)));
  const isSame = written !== undefined && written.madeFrom !== '' && written.manifestKey === manifestKey;
  const note = noteWrite(tier, dt, { madeFrom, holdsHot: unmerged.length > 0, manifestKey, sinceMs: isSame ? written.sinceMs : nowMs });
  const when = written === undefined ? ({ is: 'absent' } as const) : ({ is: 'equal', attribute: 'madeFrom', value: written.madeFrom } as const);
  // Another planner wrote the list meanwhile, and whose bytes stand there cannot be told: the next call writes it again.
  if (!(await catalog.transact([{ ...note, when }])).done) await doubtList(catalog, tier, dt);
  return true;
};

/** One address a line and each once: Trino fails on a blank line, and reads a file twice that stands twice (measured on 368 to 476). */
export const listText = (keys: readonly string[], addressOf: AddressOf): string => [...new Set(keys)].map((key) => `${addressOf(key)}\n`).join('');

/** The addresses of a partition's list; none where there is no list. */
export const readList = async (objects: Pick<ObjectStore, 'get'>, tier: Tier, dt: string): Promise<readonly string[]> => {
  try {
    return Buffer.from(await objects.get(sqlListKey(tier, dt))).toString().split('\n').filter((line) => line !== '');
  } catch (error) {
    if (error instanceof MissingObjectError) return [];
    throw error;
  }
};

/** Has the next refresh write the list whatever the catalog says: also that of a partition which is gone. */
export const doubtList = async (items: ItemTable, tier: Tier, dt: string): Promise<void> => {
  await items.transact([noteWrite(tier, dt, IN_DOUBT)]);
};

/** For a list that is gone with its partition. */
export const forgetList = async (items: ItemTable, tier: Tier, dt: string): Promise<void> => {
  await items.transact([{ remove: { pk: pkOf(tier), sk: dt } }]);
};
