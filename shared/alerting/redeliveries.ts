import type { Item, ItemTable, ItemWrite } from '../catalog/item-table.ts';
import type { LedgerEntry } from './ledger.ts';
import { PUBLISHED_RETENTION_MS } from './outbox.ts';
import { sortableMs, spreadKey } from './spread.ts';

export const REDELIVERY_PK = 'redelivery';

/** Somebody has asked for a notification to be delivered again. */
export interface Redelivery {
  readonly id: string;
  readonly sequence: number;
  readonly askedAtMs: number;
  /** What the ledger had counted by then: any further attempt is the one that was asked for. */
  readonly attempts: number;
}

export const readRedelivery = async (items: ItemTable, id: string, sequence: number): Promise<Redelivery | undefined> => {
  const item = await items.get(keyOf({ id, sequence }));
  return item === undefined ? undefined : redeliveryOf(item);
};

/**
 * Whether it was asked for after the last attempt that the ledger knows. It says so itself once there has been a further attempt:
 * nobody has to take the request back, so a crash or a message that comes twice changes nothing.
 */
export const isAsked = (redelivery: Redelivery | undefined, entry: Pick<LedgerEntry, 'attempts'>): boolean => redelivery !== undefined && redelivery.attempts >= entry.attempts;

/** Belongs into the transaction that puts the notification into the outbox. Fails when somebody else has asked since `before` was read. */
export const askAgain = (redelivery: Redelivery, before: Redelivery | undefined): ItemWrite => ({
  put: { ...keyOf(redelivery), attributes: { ...redelivery }, expiresAtS: Math.ceil((redelivery.askedAtMs + PUBLISHED_RETENTION_MS) / 1000) },
  when: before === undefined ? { is: 'absent' } : { is: 'equal', attribute: 'askedAtMs', value: before.askedAtMs },
});

const keyOf = ({ id, sequence }: Pick<Redelivery, 'id' | 'sequence'>): { pk: string; sk: string } => ({ pk: spreadKey(REDELIVERY_PK, id), sk: `${sortableMs(sequence)}#${id}` });

export const redeliveryOf = ({ attributes }: Item): Redelivery => ({
  id: String(attributes['id']),
  sequence: Number(attributes['sequence']),
  askedAtMs: Number(attributes['askedAtMs']),
  attempts: Number(attributes['attempts']),
});
