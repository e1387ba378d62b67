import type { ItemTable } from '../catalog/item-table.ts';
import { shardWatermarks } from '../catalog/watermarks.ts';
import { HOUR_MS, hourOf } from '../model/hour.ts';
import type { HistoryKind } from '../sql/history-tables.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { buildHistoryFile } from './history-file.ts';
import { addHistoryFile, dayOf, expireHistory, historyKey } from './history-files.ts';
import type { HistoryFile } from './history-files.ts';
import { closeShelf, firstShelfMs, shelfRows } from './shelf.ts';
import type { ShelfRow } from './shelf.ts';

export interface HistoryPorts {
  readonly objects: Pick<ObjectStore, 'putIfAbsent'>;
  readonly catalog: ItemTable;
  /** Where rows wait. */
  readonly alerts: ItemTable;
}

/**
 * From the end of an hour until it is closed. Slots are evaluated 15 s to 75 s after their time as a rule; what comes later is
 * in the file of the next hour, nothing is lost.
 */
const CLOSE_AFTER_MS = 300_000;

/** Of one file, and of the memory that it takes: alerts by the hundred thousand may all change in an hour. */
const MAX_PART_ROWS = 50_000;
const MAX_PART_CHARS = 32_000_000;

const CURSOR_PK = 'history';

const readDoneMs = async (catalog: ItemTable, kind: HistoryKind): Promise<number> => Number((await catalog.get({ pk: CURSOR_PK, sk: kind }))?.attributes['doneMs'] ?? 0);

/** False when somebody else has come further. */
const moveDone = async (catalog: ItemTable, kind: HistoryKind, doneMs: number): Promise<boolean> => {
  const cursor = { put: { pk: CURSOR_PK, sk: kind, attributes: { doneMs } }, when: { any: [{ is: 'absent' }, { is: 'less', attribute: 'doneMs', value: doneMs }] } } as const;
  return (await catalog.transact([cursor])).done;
};

/**
 * Until when something is stored at all, by the stream's stamps: a clock of ours that runs ahead must neither close hours to come, as
 * their rows would wait until then, nor let go of days that are not over. One shard that stands still holds nothing back.
 */
const readStoredMs = async (catalog: ItemTable): Promise<number> => Math.max(0, ...(await shardWatermarks(catalog)).map(({ watermarkMs }) => watermarkMs));

const closedBy = (tMs: number): number => Math.floor((tMs - CLOSE_AFTER_MS) / HOUR_MS) * HOUR_MS;

export interface HistoryRun {
  readonly nowMs: number;
  /** Asked before each hour. */
  readonly hasTime: () => boolean;
}

export interface HistoryReport {
  readonly rows: number;
  readonly files: number;
}

/**
 * Makes files of the rows in hours that are over, as far as the stream has come, and once an hour lets go of files that are old. May be called again after any
 * failure, and beside another call: a closed hour holds the same rows for all, its files are named by it and made once, and the
 * cursor moves behind them.
 */
export const writeHistory = async (ports: HistoryPorts, kind: HistoryKind, { nowMs, hasTime }: HistoryRun): Promise<HistoryReport> => {
  const { catalog, alerts } = ports;
  let report: HistoryReport = { rows: 0, files: 0 };
  let doneMs = await readDoneMs(catalog, kind);
  if (doneMs >= closedBy(nowMs)) return report;
  const atMs = Math.min(nowMs, await readStoredMs(catalog));
  const closedMs = closedBy(atMs);
  if (doneMs >= closedMs) return report;
  await closeShelf(alerts, kind, closedMs);
  while (hasTime()) {
    const firstMs = await firstShelfMs(alerts, kind, doneMs, closedMs);
    if (firstMs === undefined) {
      await expireHistory(catalog, kind, { atMs, nowMs });
      await moveDone(catalog, kind, closedMs);
      return report;
    }
    const hourMs = Math.floor(firstMs / HOUR_MS) * HOUR_MS;
    const { rows, files } = await writeHour(ports, kind, hourMs);
    report = { rows: report.rows + rows, files: report.files + files };
    doneMs = hourMs + HOUR_MS;
    if (!(await moveDone(catalog, kind, doneMs))) return report;
  }
  return report;
};

const writeHour = async (ports: HistoryPorts, kind: HistoryKind, hourMs: number): Promise<HistoryReport> => {
  const report = { rows: 0, files: 0 };
  for await (const { index, rows } of partsOf(shelfRows(ports.alerts, kind, hourMs, hourMs + HOUR_MS))) {
    // A file for each day that the rows have: late ones belong to a day before.
    for (const [dt, ofDay] of Map.groupBy(rows, ({ tMs }) => dayOf(tMs))) {
      await writeFile(ports, { kind, dt, key: historyKey(kind, dt, hourOf(hourMs), index) }, ofDay);
      report.rows += ofDay.length;
      report.files++;
    }
  }
  return report;
};

const writeFile = async ({ objects, catalog }: HistoryPorts, name: Pick<HistoryFile, 'kind' | 'dt' | 'key'>, rows: readonly ShelfRow[]): Promise<void> => {
  const bytes = buildHistoryFile(name.kind, rows);
  await objects.putIfAbsent(name.key, bytes);
  await catalog.transact([addHistoryFile({ ...name, bytes: bytes.length })]);
};

interface Part {
  readonly index: number;
  readonly rows: readonly ShelfRow[];
}

async function* partsOf(all: AsyncIterable<ShelfRow>): AsyncGenerator<Part> {
  let index = 0;
  let rows: ShelfRow[] = [];
  let chars = 0;
  for await (const row of all) {
    rows.push(row);
    for (const value of Object.values(row.attributes)) chars += typeof value === 'string' ? value.length : 8;
    if (rows.length < MAX_PART_ROWS && chars < MAX_PART_CHARS) continue;
    yield { index: index++, rows };
    rows = [];
    chars = 0;
  }
  if (rows.length > 0) yield { index, rows };
}
