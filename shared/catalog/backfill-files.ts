import { PermanentError } from '../errors.ts';
import { type HotFile, hotFileFrom } from './hot-files.ts';
import { type Item, type ItemKey, type ItemTable, type ItemWrite, MAX_TRANSACT_WRITES } from './item-table.ts';

/** One run of a backfill: its files wait here, seen by no query, until the run has all of them and puts them into their partitions. */
export interface BackfillRun {
  /** Letters, digits and dots; begins with the milliseconds of its begin. */
  readonly run: string;
  /** The last time that something was done for it. */
  readonly touchedMs: number;
}

/**
 * Under the hot objects' prefix, whose lifecycle is then the backstop; the head of the name is its arrival, as of theirs. `hash` is
 * that of the bytes, in hexadecimal.
 */
export const backfillObjectKey = (run: string, hour: string, hash: string): string => {
  const [startedMs, name] = run.split('.');
  return `hot/dt=${hour}/${startedMs}-backfill-${name}-${hash}.parquet`;
};

export const isBackfillObject = (key: string): boolean => /^hot\/dt=[0-9-]{13}\/\d+-backfill-[^/]*$/.test(key);

const RUNS = 'backfills';
const pkOf = (run: string): string => `backfill/${run}`;
const isOpen = { is: 'equal', attribute: 'state', value: 'open' } as const;

const runItem = (run: string, state: 'open' | 'given up', touchedMs: number): Item => ({ pk: RUNS, sk: run, attributes: { state, touchedMs } });

export const beginBackfill = async (items: ItemTable, run: string, nowMs: number): Promise<void> => {
  await items.transact([{ put: runItem(run, 'open', nowMs), when: { is: 'absent' } }]);
};

/** Every step of a run begins with this. @throws PermanentError when the run is not, or no longer, there. */
export const touchBackfill = async (items: ItemTable, run: string, nowMs: number): Promise<void> => {
  if ((await items.transact([{ put: runItem(run, 'open', nowMs), when: isOpen }])).done) return;
  throw new PermanentError(`backfill ${run.slice(0, 60)}: found no such run; it has ended, or nothing came for it for a day: run the command again`);
};

/** Calling twice is the same as once. @throws PermanentError when the run has been given up meanwhile. */
export const addBackfillFiles = async (items: ItemTable, run: string, files: readonly HotFile[]): Promise<void> => {
  for (let i = 0; i < files.length; i += MAX_TRANSACT_WRITES - 1) {
    const puts = files.slice(i, i + MAX_TRANSACT_WRITES - 1).map(({ hour, key, ...about }) => ({ put: { pk: pkOf(run), sk: key, attributes: { hour, ...about } } }));
    const { done } = await items.transact([{ check: { pk: RUNS, sk: run }, when: isOpen }, ...puts]);
    if (!done) throw new PermanentError(`backfill ${run}: found the run given up while its files came, run the command again`);
  }
};

/** The waiting files of all hours that begin with `dt`: an hour, a day, or '' for all; by hour and key. */
export const backfillFilesOf = async (items: ItemTable, run: string, dt: string, limit?: number): Promise<readonly HotFile[]> => {
  const found = await items.query(pkOf(run), { from: `hot/dt=${dt}`, to: `hot/dt=${dt}~`, ...(limit === undefined ? {} : { limit }) });
  return found.map((item) => hotFileFrom(String(item.attributes['hour']), item));
};

export const backfillFileKey = (run: string, key: string): ItemKey => ({ pk: pkOf(run), sk: key });

/** The runs for which nothing was done since `beforeMs`. */
export const idleBackfills = async (items: ItemTable, beforeMs: number): Promise<readonly BackfillRun[]> =>
  (await items.query(RUNS)).map(({ sk, attributes }) => ({ run: sk, touchedMs: Number(attributes['touchedMs']) })).filter(({ touchedMs }) => touchedMs < beforeMs);

/** After this no step of the run does anything. False when one did meanwhile. */
export const giveUpBackfill = async (items: ItemTable, { run, touchedMs }: BackfillRun): Promise<boolean> =>
  (await items.transact([{ put: runItem(run, 'given up', touchedMs), when: { is: 'equal', attribute: 'touchedMs', value: touchedMs } }])).done;

/** Once none of its files is left. */
export const endBackfillWrite = (run: string): ItemWrite => ({ remove: { pk: RUNS, sk: run } });
