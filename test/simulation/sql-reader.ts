import { ThrottledError, UnavailableError } from '../../shared/errors.ts';
import { MissingObjectError } from '../../shared/storage/object-store.ts';
import type { SqlView } from './compactor.ts';
import { decodeSamples, samplesOfFile } from './lake-content.ts';
import { keysOfList, placeOfKey } from './lake.ts';
import type { Faults } from './faults.ts';
import type { Pace } from './pace.ts';
import { never, SimProcess } from './process.ts';
import { pauseOf } from './reader.ts';
import { isStale, numberOf, type ValueBits } from './sample.ts';
import type { SimItems } from './sim-items.ts';
import type { SimObjects } from './sim-objects.ts';
import { type Truth, Violation } from './truth.ts';

/** A statement under way, and all that it will read. */
export interface Statement {
  readonly process: SimProcess;
  readonly startedMs: number;
  readonly keys: Set<string>;
}

export interface SqlReaderParts {
  readonly faults: Faults;
  readonly objects: SimObjects;
  readonly items: SimItems;
  readonly truth: Truth;
  readonly pace: Pace;
  /** Undefined where each statement is planned by the hot files there are. */
  readonly view: SqlView | undefined;
  readonly statements: Set<Statement>;
  readonly stalls: boolean;
  /** Told of what a statement over the view `samples` answered: numbers by identity. */
  readonly check: (samples: ReadonlyMap<string, number>) => void;
}

/** Athena ends a statement after 30 minutes ("Service Quotas"); this one is through before, slow calls and all. */
export const STATEMENT_MS = 1_800_000;
const THINK_MS = 1_200_000;

/** One statement after the other, for ever. */
export const runSqlReader = async (parts: SqlReaderParts, name: string): Promise<never> => {
  const { faults, truth, pace } = parts;
  const { scheduler } = faults;
  for (let n = 0; ; n++) {
    await pauseOf(pace, scheduler, name);
    const process = new SimProcess(`${name}-${n}`);
    const outcome = await process.run(() => runStatement(parts, process));
    if (outcome.end === 'failed') truth.violate(outcome.error instanceof Violation ? outcome.error : new Violation('statements fail by outages alone', String((outcome.error as Error).stack)));
  }
};

/**
 * `SELECT * FROM samples`: the list of every partition is read once, then its files. A sealed partition is taken as it is; of an open
 * one the rows are grouped by sample. False when the statement failed for an outage.
 */
export const runStatement = async (parts: SqlReaderParts, process: SimProcess): Promise<boolean> => {
  const { faults, objects, statements, stalls, check } = parts;
  const statement: Statement = { process, startedMs: faults.scheduler.nowMs(), keys: new Set() };
  statements.add(statement);
  try {
    check(await answerOf(parts, process, statement));
    return true;
  } catch (error) {
    if (error instanceof MissingObjectError && !stalls && faults.scheduler.nowMs() < statement.startedMs + STATEMENT_MS) {
      throw new Violation('a statement finds every file of its lists', `${error.key} has gone, there ${objects.byKey.size} objects are left`);
    }
    if (error instanceof ThrottledError || error instanceof UnavailableError || error instanceof MissingObjectError) return false;
    throw error;
  } finally {
    statements.delete(statement);
  }
};

const answerOf = async ({ faults, objects, pace, view, stalls }: SqlReaderParts, process: SimProcess, statement: Statement): Promise<ReadonlyMap<string, number>> => {
  const { scheduler } = faults;
  const port = objects.through(faults, process);
  // Partitions are projected, not looked up: every one is tried that may be.
  // A statement looks at the view when it is planned, and at the lists right after.
  const openFrom = view?.openFrom;
  const keys = [...objects.byKey.keys()].filter((key) => key.startsWith('sql/raw/')).sort();
  const lists = await Promise.all(
    keys.map(async (key) => {
      const listed = keysOfList(await port.get(key).catch(emptyWhereNone));
      const isOpen = openFrom === undefined ? listed.some((each) => each.startsWith('hot/')) : placeOfKey(key.slice('sql/'.length)).dt >= openFrom;
      return { listed, isOpen: isOpen || stalls };
    }),
  );
  for (const key of lists.flatMap(({ listed }) => listed)) statement.keys.add(key);
  await scheduler.sleep(scheduler.random.int(1, Math.min(THINK_MS, pace.readPauseMs)), process.name);
  if (!process.alive) await never();
  const answer = new Map<string, number>();
  for (const list of lists) await readPartition(list, (key) => port.get(key), answer);
  return answer;
};

const emptyWhereNone = (error: unknown): Uint8Array => {
  if (error instanceof MissingObjectError) return new Uint8Array(0);
  throw error;
};

interface PartitionList {
  readonly listed: readonly string[];
  readonly isOpen: boolean;
}

/** The rows of a partition as the view shows them: stale markers are no samples. */
const readPartition = async ({ listed, isOpen }: PartitionList, get: (key: string) => Promise<Uint8Array>, answer: Map<string, number>): Promise<void> => {
  for (const key of listed) {
    for (const [identity, bits] of samplesOfFile(await decodeSamples(await get(key)))) {
      if (isStale(bits)) continue;
      const before = answer.get(identity);
      if (before !== undefined && !isOpen) throw new Violation('SQL shows a sample once', `${identity} stands twice in a partition that is read as it is`);
      answer.set(identity, greatest(before, bits));
    }
  }
};

/** `coalesce(max(IF(is_nan(v), NULL, v)), nan())` */
const greatest = (before: number | undefined, { low, high }: ValueBits): number => {
  const value = numberOf(low, high);
  if (before === undefined || Number.isNaN(before)) return value;
  return Number.isNaN(value) ? before : Math.max(before, value);
};
