import { MAX_TRANSACT_WRITES } from '../catalog/item-table.ts';
import type { ItemTable } from '../catalog/item-table.ts';
import { allGarbage } from '../compaction/garbage.ts';
import { HISTORY_KINDS, historyPrefix } from '../sql/history-tables.ts';
import { listAll } from '../storage/object-store.ts';
import type { ObjectListing } from '../storage/object-store.ts';
import { addHistoryFile, listHistoryFiles } from './history-files.ts';
import type { HistoryFile } from './history-files.ts';

export interface RelistReport {
  /** Files that the catalog did not know. */
  readonly listed: number;
  readonly kept: number;
}

/** What {@link historyKey} gives, below the folder of the kind. */
const FILE = /^dt=(\d{4}-\d{2}-\d{2})\/\d{4}-\d{2}-\d{2}-\d{2}-\d{4,}\.parquet$/;

/**
 * Puts the files of history into a catalog that has lost them: all that it says of one stands in its name and its size. Also those of
 * days that are over for a year, which the compactor lets go of within the hour; not those that it has let go of already.
 */
export const relistHistory = async ({ objects, catalog }: { readonly objects: ObjectListing; readonly catalog: ItemTable }): Promise<RelistReport> => {
  const report = { listed: 0, kept: 0 };
  for (const kind of HISTORY_KINDS) {
    const known = new Set((await listHistoryFiles(catalog, kind)).map(({ key }) => key));
    const going = new Set((await allGarbage(catalog)).flatMap((garbage) => (garbage.kind === 'history' ? garbage.keys : [])));
    const missing: HistoryFile[] = [];
    for await (const { key, bytes } of listAll(objects, historyPrefix(kind))) {
      const [, dt] = FILE.exec(key.slice(historyPrefix(kind).length)) ?? [];
      if (dt !== undefined && !known.has(key) && !going.has(key)) missing.push({ kind, dt, key, bytes });
    }
    for (let i = 0; i < missing.length; i += MAX_TRANSACT_WRITES) await catalog.transact(missing.slice(i, i + MAX_TRANSACT_WRITES).map(addHistoryFile));
    report.listed += missing.length;
    report.kept += known.size;
  }
  return report;
};
