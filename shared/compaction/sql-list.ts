import { createHash } from 'node:crypto';
import type { ItemTable } from '../catalog/item-table.ts';
import { type PartitionEntry, readManifest, type Tier } from '../catalog/partitions.ts';
import { MissingObjectError, type ObjectStore, type ObjectSweep } from '../storage/object-store.ts';

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

/** By partition what its list was made from, when it was last written. */
export const writtenLists = async (items: ItemTable, tier: Tier): Promise<ReadonlyMap<string, string>> =>
  new Map((await items.query(pkOf(tier))).map(({ sk, attributes }) => [sk, String(attributes['madeFrom'])]));

/**
 * Writes the list of a partition where the catalog says something else than when it was last written; returns whether it did. One
 * PUT swaps what a scan of the partition sees. A crash before the note of it makes the next call write the same again.
 */
export const refreshList = async ({ objects, catalog }: ListPorts, partition: ListedPartition, written: string | undefined, addressOf: AddressOf): Promise<boolean> => {
  const { tier, dt, entry, hotKeys } = partition;
  const madeFrom = createHash('sha256').update([entry?.manifestKey ?? '', ...hotKeys].join('\n')).digest('hex');
  if (madeFrom === written) return false;
  const manifest = entry === undefined ? undefined : await readManifest(objects, entry.manifestKey);
  const merged = new Set(manifest?.hotKeys);
  const keys = [...(manifest?.files ?? []).map(({ key }) => key), ...hotKeys.filter((key) => !merged.has(key))];
  await objects.replace(sqlListKey(tier, dt), Buffer.from(listText(keys, addressOf)));
  await catalog.transact([{ put: { pk: pkOf(tier), sk: dt, attributes: { madeFrom } } }]);
  return true;
};

/** One address a line and each once: Trino fails on a blank line, and reads a file twice that stands twice (measured on 368 to 476). */
export const listText = (keys: readonly string[], addressOf: AddressOf): string => [...new Set(keys)].map((key) => `${addressOf(key)}\n`).join('');

/** Has the next refresh write the list whatever the catalog says, or, of a partition that is gone, forgets it. */
export const forgetList = async (items: ItemTable, tier: Tier, dt: string): Promise<void> => {
  await items.transact([{ remove: { pk: pkOf(tier), sk: dt } }]);
};
/** The addresses of a partition's list; none where there is no list. */
export const readList = async (objects: Pick<ObjectStore, 'get'>, tier: Tier, dt: string): Promise<readonly string[]> => {
  try {
    return Buffer.from(await objects.get(sqlListKey(tier, dt))).toString().split('\n').filter((line) => line !== '');
  } catch (error) {
    if (error instanceof MissingObjectError) return [];
    throw error;
  }
};

