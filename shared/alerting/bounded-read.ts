import type { Item, ItemTable } from '../catalog/item-table.ts';
import { SPREAD, inParallel, sortableMs } from './spread.ts';

/** Partitions that are read at once. */
const READ_PARALLEL = 8;

/** The last time that has fourteen digits (spread.ts). */
const LAST_MS = 99_999_999_999_999;

const FIRST_WINDOW_MS = 3_600_000;

/** Flush times may lie ahead: a group whose end is told early keeps its timer, which may be as long as a group's interval is. */
const AHEAD_MS = 31 * 86_400_000;

/** What one request may read; many people may ask at once. */
export class ReadBudget {
  /** Whether something was left unread. */
  isCut = false;
  private rows: number;
  private chars: number;

  constructor(rows: number, chars: number) {
    this.rows = rows;
    this.chars = chars;
  }

  get isSpent(): boolean {
    return this.rows <= 0 || this.chars <= 0;
  }

  take(items: readonly Item[]): void {
    this.rows -= items.length;
    for (const { attributes } of items) for (const value of Object.values(attributes)) this.chars -= typeof value === 'string' ? value.length : 8;
  }
}

/** A range of flush times, both ends inclusive. */
export interface FlushTimes {
  readonly fromMs: number;
  readonly toMs: number;
}

/** All flush times since one, for whoever does not say until when. */
export const flushTimesSince = (fromMs: number, nowMs: number): FlushTimes => ({ fromMs, toMs: nowMs + AHEAD_MS });

/** A range in parts that grow, the newest first: whoever wants the newest reads little. */
export const windowsBack = function* ({ fromMs, toMs }: FlushTimes, nowMs: number): Generator<FlushTimes> {
  let lengthMs = FIRST_WINDOW_MS;
  let startMs = Math.min(toMs, nowMs) - lengthMs;
  for (let endMs = toMs; endMs >= fromMs; endMs = startMs - 1, lengthMs *= 2, startMs = endMs - lengthMs) {
    startMs = Math.max(fromMs, startMs);
    yield { fromMs: startMs, toMs: endMs };
  }
};

export interface SpreadRange {
  /** Of partitions `prefix#0` to `prefix#f`. */
  readonly prefix: string;
  readonly digits?: readonly string[];
  readonly times: FlushTimes;
  /** Rows of one query: what is in flight at once counts beside the budget. */
  readonly pageRows: number;
}

/** Items by flush time, as far as the budget goes; in no promised order. */
export const readSpread = async (items: ItemTable, { prefix, digits = SPREAD, times, pageRows }: SpreadRange, budget: ReadBudget): Promise<readonly Item[]> => {
  const to = `${sortableMs(Math.min(times.toMs, LAST_MS))}#~`;
  const found = await inParallel(digits, READ_PARALLEL, async (digit) => {
    const rows: Item[] = [];
    for (let from: string | undefined = sortableMs(Math.max(0, times.fromMs)); from !== undefined; ) {
      if (budget.isSpent) {
        budget.isCut = true;
        break;
      }
      const page: readonly Item[] = await items.query(`${prefix}#${digit}`, { from, to, limit: pageRows });
      budget.take(page);
      rows.push(...page);
      // A key is followed by no other that begins with it.
      from = page.length < pageRows ? undefined : `${page.at(-1)?.sk ?? ''}!`;
    }
    return rows;
  });
  return found.flat();
};
