import type { Attribute, Item, ItemTable, ItemWrite } from '../catalog/item-table.ts';
import { HISTORY_FENCES } from '../sql/history-tables.ts';
import type { HistoryKind } from '../sql/history-tables.ts';
import { SPREAD, sortableMs, spreadKey } from '../alerting/spread.ts';

/**
 * Rows wait so long to become Parquet. The compactor takes them within an hour; longer than it may be down, so as long as the
 * ledger and published notifications stay, beside which they lie.
 */
export const SHELF_MS = 30 * 86_400_000;

/** A row that waits. */
export interface ShelfRow {
  /** When it came about by its own reckoning: a slot, a flush. */
  readonly tMs: number;
  /** Hex that no other row of the kind and time has. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/**
 * Rows lie in hours, by a time that only orders them. An hour that has been closed takes no more rows, since whoever puts one
 * checks in the same transaction that nothing has been closed meanwhile ({@link stillClosedAt}): so what a closed hour holds is
 * settled, and its files are the same whoever writes them, and however often.
 *
 * A row goes to `shelfMs`, or to the first open time if that hour has been closed.
 */
export const shelve = (kind: HistoryKind, { tMs, name, attributes }: ShelfRow, shelfMs: number, closedMs: number | undefined): ItemWrite => {
  const atMs = Math.max(shelfMs, closedMs ?? 0);
  const item: Item = {
    pk: spreadKey(`history#${kind}`, name),
    sk: `${sortableMs(atMs)}#${sortableMs(tMs)}#${name}`,
    attributes,
    expiresAtS: Math.ceil((atMs + SHELF_MS) / 1000),
  };
  return { put: item };
};

/** A kind is closed as a whole, or spread over fences, as transactions that check the same item at once get into each other's way. */
export type Fence = 'alert_events' | `notifications#${string}`;

const FENCES_OF: Readonly<Record<HistoryKind, readonly Fence[]>> = {
  alert_events: ['alert_events'],
  notifications: SPREAD.map((digit): Fence => `notifications#${digit}`),
};

/** All before it is closed; undefined before the first time. */
export const readClosedMs = async (items: ItemTable, fence: Fence): Promise<number | undefined> => {
  const item = await items.get({ pk: HISTORY_FENCES, sk: fence });
  return item === undefined ? undefined : Number(item.attributes['closedMs']);
};

/** Belongs into the transaction of {@link shelve}: fails when more has been closed since `closedMs` was read. */
export const stillClosedAt = (fence: Fence, closedMs: number | undefined): ItemWrite => ({
  check: { pk: HISTORY_FENCES, sk: fence },
  when: closedMs === undefined ? { is: 'absent' } : { is: 'equal', attribute: 'closedMs', value: closedMs },
});

/** From now on no row comes to a time before `closedMs`. */
export const closeShelf = async (items: ItemTable, kind: HistoryKind, closedMs: number): Promise<void> => {
  for (const fence of FENCES_OF[kind]) {
    // When it fails, somebody else has closed as much or more.
    await items.transact([{ put: { pk: HISTORY_FENCES, sk: fence, attributes: { closedMs } }, when: { any: [{ is: 'absent' }, { is: 'less', attribute: 'closedMs', value: closedMs }] } }]);
  }
};

/** The first time from `fromMs` and before `toMs` at which a row lies. */
export const firstShelfMs = async (items: ItemTable, kind: HistoryKind, fromMs: number, toMs: number): Promise<number | undefined> => {
  const firsts = await Promise.all(SPREAD.map((digit) => items.query(`history#${kind}#${digit}`, { from: sortableMs(fromMs), to: sortableMs(toMs), limit: 1 })));
  const timesMs = firsts.flat().map(({ sk }) => Number(sk.slice(0, sk.indexOf('#'))));
  return timesMs.length === 0 ? undefined : Math.min(...timesMs);
};

/** Of an item some hundred bytes as a rule, and 400 KB at the most. */
const PAGE_ITEMS = 500;

/** The rows from `fromMs` and before `toMs`, in one order: by partition, then time. */
export async function* shelfRows(items: ItemTable, kind: HistoryKind, fromMs: number, toMs: number): AsyncGenerator<ShelfRow> {
  for (const digit of SPREAD) {
    for (let from = sortableMs(fromMs); ; ) {
      const page = await items.query(`history#${kind}#${digit}`, { from, to: sortableMs(toMs), limit: PAGE_ITEMS });
      for (const { sk, attributes } of page) {
        const [, tMs = '', name = ''] = sk.split('#');
        yield { tMs: Number(tMs), name, attributes };
      }
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE_ITEMS) break;
      // Sort keys have one length, so nothing lies in between.
      from = `${last.sk}#`;
    }
  }
}
