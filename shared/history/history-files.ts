import { MAX_TRANSACT_WRITES } from '../catalog/item-table.ts';
import type { ItemTable, ItemWrite } from '../catalog/item-table.ts';
import { historyWrite } from '../compaction/garbage.ts';
import { HISTORY_DAYS, historyPrefix } from '../sql/history-tables.ts';
import type { HistoryKind } from '../sql/history-tables.ts';

const DAY_MS = 86_400_000;

/** A file of history. Files are made once, and never replaced. */
export interface HistoryFile {
  readonly kind: HistoryKind;
  /** `YYYY-MM-DD`: the day of its rows. */
  readonly dt: string;
  readonly key: string;
  readonly bytes: number;
}

/** The file of the rows of a day in an hour of the shelf; hours with very many rows have several parts. */
export const historyKey = (kind: HistoryKind, dt: string, hour: string, part: number): string => `${historyPrefix(kind)}dt=${dt}/${hour}-${String(part).padStart(4, '0')}.parquet`;

export const dayOf = (tMs: number): string => new Date(tMs).toISOString().slice(0, 10);

const pkOf = (kind: HistoryKind): string => `history-files#${kind}`;

export const addHistoryFile = ({ kind, dt, key, bytes }: HistoryFile): ItemWrite => ({ put: { pk: pkOf(kind), sk: skOf(key), attributes: { dt, bytes } } });

/** `dt=…/….parquet`: ascends with the day. */
const skOf = (key: string): string => key.slice(key.indexOf('dt='));

/** All files, by day; with `beforeDt` those of earlier days alone. */
export const listHistoryFiles = async (catalog: ItemTable, kind: HistoryKind, beforeDt?: string): Promise<readonly HistoryFile[]> =>
  (await catalog.query(pkOf(kind), beforeDt === undefined ? {} : { to: `dt=${beforeDt}` })).map(({ sk, attributes }) => ({
    kind,
    dt: String(attributes['dt']),
    key: historyPrefix(kind) + sk,
    bytes: Number(attributes['bytes']),
  }));

/** One is the note of the garbage. */
const FILES_AT_ONCE = MAX_TRANSACT_WRITES - 1;

/** Takes days that are over for a year at `atMs` out of the catalog; their objects follow after the grace, from `nowMs` on. */
export const expireHistory = async (catalog: ItemTable, kind: HistoryKind, { atMs, nowMs }: { readonly atMs: number; readonly nowMs: number }): Promise<void> => {
  const expired = await listHistoryFiles(catalog, kind, dayOf(atMs - HISTORY_DAYS * DAY_MS));
  for (let i = 0; i < expired.length; i += FILES_AT_ONCE) {
    const files = expired.slice(i, i + FILES_AT_ONCE);
    const removed = files.map(({ key }): ItemWrite => ({ remove: { pk: pkOf(kind), sk: skOf(key) } }));
    await catalog.transact([...removed, historyWrite(files.map(({ key }) => key), nowMs)]);
  }
};
