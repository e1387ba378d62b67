import { join } from 'node:path';
import { readdir, readFile } from 'node:fs/promises';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';
import { ARRIVAL_SKEW_MS, raiseWatermark } from '../../../shared/catalog/watermarks.ts';
import { type ItemTables, openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import { openObjectDirectory } from '../../../shared/embedded/object-directory.ts';
import { readClosedMs, shelve, type ShelfRow } from '../../../shared/history/shelf.ts';
import { type HistoryPorts, type HistoryReport, writeHistory } from '../../../shared/history/write-history.ts';
import { HISTORY_TABLES, type HistoryKind } from '../../../shared/sql/history-tables.ts';
import type { ObjectListing, ObjectStore, ObjectSweep } from '../../../shared/storage/object-store.ts';
import { tempFolder } from '../../contract/temp-folder.ts';
import { ownCells } from '../../support/parquet-cells.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
/** 2026-03-01T10:00:00Z */
export const START_MS = 1_772_359_200_000;

export interface HistoryRoad {
  readonly dir: string;
  readonly ports: HistoryPorts & { readonly objects: ObjectStore & ObjectSweep & ObjectListing };
  readonly shelve: (...rows: readonly ShelfRow[]) => Promise<void>;
  /** All of the stream is stored up to then. */
  readonly stored: (tMs: number) => Promise<void>;
  /** By a clock that the stream has come up with. */
  readonly write: (nowMs: number, kind?: HistoryKind, ports?: HistoryPorts) => Promise<HistoryReport>;
  /** `<key> <minute>:<summary>,…` of every file, by key. */
  readonly files: (kind?: HistoryKind) => Promise<readonly string[]>;
}

const TABLES = Array.from({ length: 26 * 26 }, (_, i) => `t_${String.fromCharCode(97 + Math.floor(i / 26), 97 + (i % 26))}`);
let tables: Promise<ItemTables> | undefined;
let taken = 0;

/** Many tables in one thread open faster than a thread each. Nothing expires by itself. */
const freshTable = async (): Promise<ItemTable> => {
  tables ??= openItemTables(':memory:', TABLES, { nowMs: () => 0 });
  return (await tables).table(TABLES[taken++] as string);
};

export const eventRow = (tMs: number, summary: string, over: ShelfRow['attributes'] = {}): ShelfRow => ({
  tMs,
  name: Buffer.from(`${summary}0000000000000000`).toString('hex').slice(0, 32),
  attributes: {
    rule_id: 'r',
    rule_group: 'rules.yml;g',
    alertname: 'Down',
    labels: '{"alertname":"Down"}',
    severity: 'page',
    from_state: 'pending',
    to_state: 'firing',
    value: '1',
    active_ts: tMs,
    summary,
    ...over,
  },
});

/** In a folder that goes with the test, or in one that is there. */
export const openHistoryRoad = async (folder?: string): Promise<HistoryRoad> => {
  const dir = folder ?? (await tempFolder());
  const ports = { objects: await openObjectDirectory(dir), catalog: await freshTable(), alerts: await freshTable() };
  const stored = (tMs: number) => raiseWatermark(ports.catalog, 's-0', tMs + ARRIVAL_SKEW_MS);
  return {
    dir,
    ports,
    shelve: async (...rows) => {
      const closedMs = await readClosedMs(ports.alerts, 'alert_events');
      for (const row of rows) await ports.alerts.transact([shelve('alert_events', row, row.tMs, closedMs)]);
    },
    stored,
    write: async (nowMs, kind = 'alert_events', through = ports) => {
      await stored(nowMs);
      return writeHistory(through, kind, { nowMs, hasTime: () => true });
    },
    files: (kind = 'alert_events') => describeFiles(dir, kind),
  };
};

const describeFiles = async (dir: string, kind: HistoryKind): Promise<readonly string[]> => {
  const found = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile() && entry.name.endsWith('.parquet'));
  const lines = found.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    const cells = await ownCells(await readFile(path), HISTORY_TABLES[kind]);
    const rows = (cells['ts'] ?? []).map((ts, i) => `${(Number(ts) - START_MS) / MINUTE_MS}:${cells['summary']?.[i]}`);
    return `${path.slice(dir.length + 1)} ${rows.join(',')}`;
  });
  return (await Promise.all(lines)).sort();
};

/** Ports of a process that dies at effect number `at`, counted from 0: before the effect comes about, or after. */
export const dyingHistoryPorts = ({ objects, catalog, alerts }: HistoryPorts, at: number, effectHappens: boolean): { readonly ports: HistoryPorts; readonly died: () => boolean } => {
  let effects = 0;
  let dead = false;
  const alive = <T>(run: () => Promise<T>): Promise<T> => (dead ? Promise.reject(new Error('the process is dead')) : run());
  const effect = async <T>(run: () => Promise<T>): Promise<T> => {
    if (dead || effects++ !== at) return alive(run);
    dead = true;
    if (effectHappens) await run();
    throw new Error('the process is dead');
  };
  const tableOf = (items: ItemTable): ItemTable => ({
    get: (key) => alive(() => items.get(key)),
    query: (pk, range) => alive(() => items.query(pk, range)),
    transact: (writes) => effect(() => items.transact(writes)),
  });
  return {
    died: () => dead,
    ports: { objects: { putIfAbsent: (key, bytes) => effect(() => objects.putIfAbsent(key, bytes)) }, catalog: tableOf(catalog), alerts: tableOf(alerts) },
  };
};
