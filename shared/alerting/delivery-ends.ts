import type { ItemTable } from '../catalog/item-table.ts';
import { readClosedMs, shelve, stillClosedAt } from '../history/shelf.ts';
import type { ShelfRow } from '../history/shelf.ts';
import { ledgerWrite } from './ledger.ts';
import type { LedgerEntry } from './ledger.ts';
import type { NotificationBody } from './notification-body.ts';
import type { PublishedNotification } from './publish.ts';
import { hashOf } from './spread.ts';

const MAX_TEXT_CHARS = 1000;

/** A delivery that is tried no more. */
export interface DeliveryEnd {
  readonly entry: LedgerEntry;
  /** What the ledger said when the last attempt began. */
  readonly before: LedgerEntry | undefined;
  readonly published: PublishedNotification;
  readonly body: NotificationBody;
}

/**
 * Writes the last entry of a delivery to the ledger, with its row of history. Gives false when another attempt has ended it
 * meanwhile: that end stands, in both. A notification that is delivered again by hand ends again, with a row of its own.
 */
export const endDelivery = async (items: ItemTable, end: DeliveryEnd): Promise<boolean> => {
  const { entry, before } = end;
  const row = rowOf(end);
  const fence = `notifications#${row.name[0] as string}` as const;
  const ledger = ledgerWrite(entry, before);
  for (;;) {
    const closedMs = await readClosedMs(items, fence);
    const outcome = await items.transact([ledger, stillClosedAt(fence, closedMs), shelve('notifications', row, entry.lastAttemptMs, closedMs)]);
    // Once an hour at most the hour is closed meanwhile, and the row goes to the next one.
    if (outcome.done) return true;
    if (outcome.failed.includes(0)) return false;
  }
};

/** Answers are free of secrets; an address in one, which a receiver may have put there, can be none here: people query this for a year. */
const withoutAddresses = (answer: string): string => answer.replace(/https?:\/\/\S+/gi, '<address>');

const rowOf = ({ entry, published, body }: DeliveryEnd): ShelfRow => {
  const { id, receiver, integration, subject, sequence, attempts, firstAttemptMs, lastAttemptMs, lastAnswer, state } = entry;
  const { message } = body as { readonly message: Partial<NotificationBody['message']> | null };
  return {
    tMs: sequence,
    name: hashOf(id, attempts, lastAttemptMs),
    attributes: {
      id,
      receiver,
      integration,
      channel: published.channel,
      severity: published.severity,
      status: cut(message?.status),
      subject: cut(subject),
      group_key: cut(message?.groupKey),
      attempts,
      first_attempt_ts: firstAttemptMs,
      last_attempt_ts: lastAttemptMs,
      last_answer: withoutAddresses(lastAnswer),
      state,
    },
  };
};

const cut = (text: unknown): string => (typeof text === 'string' ? text.slice(0, MAX_TEXT_CHARS).toWellFormed() : '');
