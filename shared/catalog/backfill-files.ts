import { PermanentError } from '../errors.ts';
import { classPrefix } from '../lakes/class-prefix.ts';
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

/** The retention classes that a run has samples of stand in the row of the default lake, as long as it is open. */
const openItem = (pk: string, run: string, touchedMs: number, classes: readonly string[] = []): Item => ({ pk, sk: run, attributes: { state: 'open', touchedMs, classes: classes.join(',') } });

const runsOf = (name: string): string => classPrefix(name) + RUNS;

export const beginBackfill = async (items: ItemTable, run: string, nowMs: number): Promise<void> => {
  await items.transact([{ put: openItem(RUNS, run, nowMs), when: { is: 'absent' } }]);
};

/** Calls of one run come one after the other; a repetition may meet what it repeats. */
const TOUCHES = 3;

/**
 * Every step of a run begins with this, over the table of all lakes. The run is open in the default lake and in those of its classes,
 * to which `classes` come, and is touched in all of them or in none: so no lake gives up its files while others go on. Returns the
 * classes of the run. @throws PermanentError when the run is not, or no longer, there.
 */
export const touchBackfill = async (items: ItemTable, run: string, nowMs: number, classes: readonly string[] = []): Promise<readonly string[]> => {
  for (let touch = 0; touch < TOUCHES; touch++) {
    const before = (await items.get({ pk: RUNS, sk: run }))?.attributes['classes'];
    if (typeof before !== 'string') break;
    const known = before.split(',').filter((name) => name !== '');
    const added = classes.filter((name) => !known.includes(name));
    const all = [...known, ...added];
    const writes: readonly ItemWrite[] = [
      { put: openItem(RUNS, run, nowMs, all), when: { is: 'equal', attribute: 'classes', value: before } },
      ...known.map((name) => ({ put: openItem(runsOf(name), run, nowMs), when: isOpen })),
      ...added.map((name) => ({ put: openItem(runsOf(name), run, nowMs), when: { is: 'absent' } as const })),
    ];
    if ((await items.transact(writes)).done) return all;
  }
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
  (await items.transact([{ put: { pk: RUNS, sk: run, attributes: { state: 'given up', touchedMs } }, when: { is: 'equal', attribute: 'touchedMs', value: touchedMs } }])).done;

/** Out of every lake, once none of its files is left. */
export const endBackfill = async (items: ItemTable, run: string, classes: readonly string[]): Promise<void> => {
  await items.transact([RUNS, ...classes.map(runsOf)].map((pk) => ({ remove: { pk, sk: run } })));
};

/** Out of one lake. */
export const endBackfillWrite = (run: string): ItemWrite => ({ remove: { pk: RUNS, sk: run } });
