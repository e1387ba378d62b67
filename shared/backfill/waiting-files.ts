import { backfillFileKey, backfillFilesOf, endBackfillWrite, giveUpBackfill, idleBackfills } from '../catalog/backfill-files.ts';
import type { HotFile } from '../catalog/hot-files.ts';
import { type ItemTable, MAX_TRANSACT_WRITES } from '../catalog/item-table.ts';
import { hotWrite } from '../compaction/garbage.ts';
import { HOUR_MS } from '../model/hour.ts';

/** Makes the waiting files of an hour hot files like any other: from here on queries see them. */
export const publishFiles = async (items: ItemTable, run: string, hour: string, files: readonly HotFile[]): Promise<void> => {
  const atOnce = Math.floor((MAX_TRANSACT_WRITES - 1) / 2);
  for (let i = 0; i < files.length; i += atOnce) {
    const moves = files.slice(i, i + atOnce).flatMap(({ hour: _hour, key, ...attributes }) => [{ put: { pk: `hot/${hour}`, sk: key, attributes } }, { remove: backfillFileKey(run, key) }]);
    await items.transact([{ put: { pk: 'hours', sk: hour, attributes: {} } }, ...moves]);
  }
};

/** Takes files out of the catalog, and notes their objects as garbage. */
export const dropFiles = async (items: ItemTable, run: string, files: readonly HotFile[], nowMs: number): Promise<void> => {
  for (const [hour, ofHour] of byHour(files)) {
    for (let i = 0; i < ofHour.length; i += MAX_TRANSACT_WRITES - 1) {
      const keys = ofHour.slice(i, i + MAX_TRANSACT_WRITES - 1).map(({ key }) => key);
      await items.transact([...keys.map((key) => ({ remove: backfillFileKey(run, key) })), hotWrite(hour, keys, nowMs)]);
    }
  }
};

export const byHour = (files: readonly HotFile[]): ReadonlyMap<string, readonly HotFile[]> => {
  const hours = new Map<string, HotFile[]>();
  for (const file of files) {
    const found = hours.get(file.hour);
    if (found === undefined) hours.set(file.hour, [file]);
    else found.push(file);
  }
  return hours;
};

/** A command works on without a pause; one that was ended is run again, with files of its own. */
const IDLE_MS = 24 * HOUR_MS;
const FILES_AT_ONCE = 1000;

/** Clears up behind runs that were interrupted. Returns how many. */
export const dropIdleBackfills = async (items: ItemTable, nowMs: number): Promise<number> => {
  let dropped = 0;
  for (const idle of await idleBackfills(items, nowMs - IDLE_MS)) {
    if (!(await giveUpBackfill(items, idle))) continue;
    for (;;) {
      const files = await backfillFilesOf(items, idle.run, '', FILES_AT_ONCE);
      if (files.length === 0) break;
      await dropFiles(items, idle.run, files, nowMs);
    }
    await items.transact([endBackfillWrite(idle.run)]);
    dropped++;
  }
  return dropped;
};
