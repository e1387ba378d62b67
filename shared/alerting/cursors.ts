import type { Item, ItemTable, ItemWrite } from '../catalog/item-table.ts';
import { StaleLeaseError, leaseCheck } from './lease.ts';
import type { Lease } from './lease.ts';

const PK = 'cursor';

/** Of one slot; a DynamoDB write unit is 1 KB, and more errors than these say nothing new. */
export const MAX_ERRORS = 20;
export const MAX_ERROR_CHARS = 300;

/** Rules of a group whose scans are kept: a group with more is told in the tick's report alone. */
const MAX_SCANS = 200;

/** What a statement has read. */
export interface Scan {
  readonly bytes: number;
  /** What its engine charges for it. */
  readonly dollars: number;
}

/** How far a group has come. */
export interface Cursor {
  readonly groupId: string;
  /** The last slot that was evaluated, with all its transitions stored. */
  readonly slotMs: number;
  readonly complete: boolean;
  /** What went wrong in that slot, by rule id. */
  readonly errors: ReadonlyMap<string, string>;
  /** Whether the slot has made series, which lie under its key in the outbox. */
  readonly wrote: boolean;
  /** What the statements of that slot have scanned, by rule id; absent where there were none. */
  readonly scans?: ReadonlyMap<string, Scan>;
}

/**
 * Moves a group's cursor on, after the slot's transitions are stored; `also` is done with it.
 * @throws StaleLeaseError when the lease has gone, or the cursor is there already.
 */
export const advanceCursor = async (items: ItemTable, lease: Lease, cursor: Cursor, also: readonly ItemWrite[] = []): Promise<void> => {
  const item: Item = {
    pk: PK,
    sk: cursor.groupId,
    attributes: {
      slotMs: cursor.slotMs,
      epoch: lease.epoch,
      complete: cursor.complete,
      wrote: cursor.wrote,
      ...(cursor.scans === undefined || cursor.scans.size === 0 ? {} : { scans: JSON.stringify([...cursor.scans].slice(0, MAX_SCANS)) }),
      errors: JSON.stringify([...cursor.errors].slice(0, MAX_ERRORS).map(([ruleId, text]) => [ruleId, text.slice(0, MAX_ERROR_CHARS).toWellFormed()])),
    },
  };
  const outcome = await items.transact([leaseCheck(lease), { put: item, when: { any: [{ is: 'absent' }, { is: 'less', attribute: 'slotMs', value: cursor.slotMs }] } }, ...also]);
  if (!outcome.done) throw new StaleLeaseError(`advance ${cursor.groupId} to ${cursor.slotMs} ms: found epoch ${lease.epoch} or the cursor overtaken`);
};

export const readCursors = async (items: ItemTable): Promise<ReadonlyMap<string, Cursor>> =>
  new Map(
    (await items.query(PK)).map((item) => [
      item.sk,
      {
        groupId: item.sk,
        slotMs: Number(item.attributes['slotMs']),
        complete: item.attributes['complete'] === true,
        wrote: item.attributes['wrote'] === true,
        ...(item.attributes['scans'] === undefined ? {} : { scans: new Map(JSON.parse(String(item.attributes['scans'])) as [string, Scan][]) }),
        errors: new Map(JSON.parse(String(item.attributes['errors'] ?? '[]')) as [string, string][]),
      },
    ]),
  );
