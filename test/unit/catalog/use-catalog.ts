import { afterEach, beforeEach } from 'vitest';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';
import { openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import type { ItemTables } from '../../../shared/embedded/item-sqlite.ts';

/** A table in memory for each test of a file. */
export const useCatalog = (): ItemTable => {
  let tables: ItemTables;
  beforeEach(async () => {
    tables = await openItemTables(':memory:', ['catalog']);
  });
  afterEach(() => tables.close());
  const table = (): ItemTable => tables.table('catalog');
  return { get: (key) => table().get(key), query: (pk, range) => table().query(pk, range), transact: (writes) => table().transact(writes) };
};
