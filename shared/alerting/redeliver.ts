import type { ItemTable } from '../catalog/item-table.ts';
import { audit } from './audit.ts';
import { LOST_AFTER_MS, readLog } from './dispatch/notification-log.ts';
import type { NotificationBody } from './notification-body.ts';
import type { ListedNotification } from './notification-list.ts';
import { enqueue, readPublished } from './outbox.ts';
import type { OutboxEntry } from './outbox.ts';
import { askAgain, isAsked, readRedelivery } from './redeliveries.ts';
import { revise } from './revisions.ts';
import { readSequence } from './sequences.ts';
import { silenceId } from './silences/silence.ts';
import type { ChangeBy } from './silences/silence-store.ts';

export interface RedeliverWish {
  /** Also what has been sent already. */
  readonly again: boolean;
  /** Says what would happen, and changes nothing. */
  readonly dryRun: boolean;
  readonly author: string;
  /** Whether the file still has the integration. */
  readonly isConfigured: (integration: string) => boolean;
}

/** `refused` says why in `reason`. */
export interface RedeliverOutcome {
  readonly id: string;
  readonly outcome: 'redelivered' | 'would be redelivered' | 'refused';
  readonly reason: string;
}

/**
 * Puts a notification that has ended back into the outbox, from where the evaluator publishes it under its own id: notify tries it
 * as a fresh one, and the ledger goes on counting. What a newer one has replaced is not sent any more.
 */
export const redeliver = async (items: ItemTable, listed: ListedNotification, wish: RedeliverWish, by: ChangeBy): Promise<RedeliverOutcome> => {
  const { id, sequence, attempts } = listed;
  const refused = (reason: string): RedeliverOutcome => ({ id, outcome: 'refused', reason });
  const waits = standing(listed, wish.again, by.nowMs);
  if (waits !== undefined) return refused(waits);
  if (!wish.isConfigured(listed.integration)) return refused('its integration is configured no more');
  const entry = await readPublished(items, id, sequence);
  if (entry === undefined) return refused('its text is not kept any more');
  if (await isSuperseded(items, entry)) return refused('superseded: a newer notification of the same group has been made');
  const before = await readRedelivery(items, id, sequence);
  if (before !== undefined && isAsked(before, listed) && by.nowMs - before.askedAtMs < LOST_AFTER_MS) return refused('asked for already: it is on its way');
  if (wish.dryRun) return { id, outcome: 'would be redelivered', reason: '' };
  const fresh = silenceId(Buffer.concat([by.random, Buffer.from(id)]));
  const asked = { id, sequence, attempts, askedAtMs: Math.max(by.nowMs, (before?.askedAtMs ?? 0) + 1) };
  const trace = audit({ atMs: by.nowMs, id: fresh, action: 'notification redelivered', actor: by.actor, author: wish.author, subject: id, detail: `${listed.integration}: ${listed.subject}` });
  const outcome = await items.transact([askAgain(asked, before), enqueue(entry), revise('outbox', fresh), trace]);
  return outcome.done ? { id, outcome: 'redelivered', reason: '' } : refused('asked for already: somebody else was faster');
};

/** Why it has not come so far that it may be asked for again; undefined: it may. */
const standing = ({ state, sequence, lastAttemptMs }: ListedNotification, again: boolean, nowMs: number): string | undefined => {
  switch (state) {
    case 'failed':
      return undefined;
    case 'sent':
      return again ? undefined : 'sent already: ask for it "again" if it is to be sent twice';
    case 'superseded':
      return 'superseded: a newer notification of the same group has been made';
    case 'unpublished':
      return 'it waits to be published';
    default:
      // Tries end after four hours: what is silent for longer was lost between the fan-out and us.
      return nowMs - (lastAttemptMs ?? sequence) < LOST_AFTER_MS ? 'it is on its way' : undefined;
  }
};

/** By what has been tried, and by what has been made and may not have been published yet. */
const isSuperseded = async (items: ItemTable, { integration, sequence, body }: OutboxEntry): Promise<boolean> => {
  const { dedupKey, groupId } = JSON.parse(body) as NotificationBody;
  const [tried, log] = await Promise.all([readSequence(items, { integration, dedupKey }), readLog(items, { integration, groupId })]);
  return (tried ?? 0) > sequence || (log?.sequence ?? 0) > sequence;
};
