import { endDelivery } from '../../shared/alerting/delivery-ends.ts';
import { clearFailedDelivery, noteFailedDelivery } from '../../shared/alerting/failed-deliveries.ts';
import { readLedgerEntry, writeLedgerEntry } from '../../shared/alerting/ledger.ts';
import type { LedgerEntry } from '../../shared/alerting/ledger.ts';
import { endLog } from '../../shared/alerting/dispatch/notification-log.ts';
import type { NotificationBody } from '../../shared/alerting/notification-body.ts';
import type { PublishedNotification } from '../../shared/alerting/publish.ts';
import { findIntegration } from '../../shared/alerting/receivers.ts';
import type { AlertmanagerConfig } from '../../shared/alerting/receivers.ts';
import { isAsked, readRedelivery } from '../../shared/alerting/redeliveries.ts';
import { raiseSequence } from '../../shared/alerting/sequences.ts';
import type { ItemTable } from '../../shared/catalog/item-table.ts';
import type { ChannelPorts } from '../../shared/channels/channel-ports.ts';
import { GIVE_UP_MS, retryDelayMs } from '../../shared/channels/retry-delay.ts';
import { send } from '../../shared/channels/send.ts';
import { PermanentError } from '../../shared/errors.ts';

export interface NotifyPorts extends ChannelPorts {
  /** Sequences, ledger and notification log. */
  readonly alerts: ItemTable;
  readonly alertmanager: () => Promise<AlertmanagerConfig>;
}

/** `retry`: deliver the same notification again after the delay. */
export type NotifyOutcome = { readonly outcome: 'done' } | { readonly outcome: 'retry'; readonly delayMs: number };

const DONE: NotifyOutcome = { outcome: 'done' };

/**
 * One attempt to deliver a notification. The ledger counts the attempts, so the fan-out may deliver as often as it likes: one
 * that has ended is not sent again, unless somebody asked for it since. Rejects when the table does not answer; the fan-out then delivers again.
 * @throws PermanentError when the notification is not one of ours.
 */
export const notify = async (ports: NotifyPorts, published: PublishedNotification, { nowMs }: { readonly nowMs: number }): Promise<NotifyOutcome> => {
  const body = parseBody(published);
  const before = await readLedgerEntry(ports.alerts, published.id, body.sequence);
  const redelivery = before === undefined ? undefined : await readRedelivery(ports.alerts, published.id, body.sequence);
  const again = before !== undefined && isAsked(redelivery, before);
  if (before !== undefined && before.state !== 'retrying' && !again) {
    await tellOthers(ports, published, body, before); // the attempt before may have died after the ledger
    return DONE;
  }
  const triesSinceMs = before === undefined || again ? nowMs : (before.triesSinceMs ?? before.firstAttemptMs);
  const record = recorder(ports, published, body, before, { nowMs, triesSinceMs });
  const config = await ports.alertmanager();
  const integration = findIntegration(config, published.integration);
  if (integration === undefined) return record('failed', 'the receiver is configured no more');
  const standing = await raiseSequence(ports.alerts, { integration: published.integration, dedupKey: body.dedupKey, sequence: body.sequence, nowMs });
  if (standing === 'superseded') return record('superseded', before?.lastAnswer ?? 'a newer notification was on its way');
  const sent = await send(ports, integration, { id: published.id, dedupKey: body.dedupKey, subject: published.subject, message: body.message, nowMs }, config.templates);
  if (sent.kind !== 'retry') return record(sent.kind, sent.answer);
  const delayMs = Math.max(retryDelayMs((before?.attempts ?? 0) - (redelivery?.attempts ?? 0) + 1, published.id), sent.afterMs ?? 0);
  // Queues end a message by the same rule; the ledger must have said so before that.
  if (nowMs + delayMs - triesSinceMs > GIVE_UP_MS) return record('failed', sent.answer);
  await record('retrying', sent.answer);
  return { outcome: 'retry', delayMs };
};

const recorder =
  (ports: NotifyPorts, published: PublishedNotification, body: NotificationBody, before: LedgerEntry | undefined, { nowMs, triesSinceMs }: { readonly nowMs: number; readonly triesSinceMs: number }) =>
  async (state: LedgerEntry['state'], lastAnswer: string): Promise<NotifyOutcome> => {
    const entry: LedgerEntry = {
      id: published.id,
      receiver: published.receiver,
      integration: published.integration,
      subject: published.subject,
      sequence: body.sequence,
      attempts: (before?.attempts ?? 0) + (state === 'superseded' ? 0 : 1),
      firstAttemptMs: before?.firstAttemptMs ?? nowMs,
      lastAttemptMs: nowMs,
      ...(triesSinceMs === (before?.firstAttemptMs ?? nowMs) ? {} : { triesSinceMs }),
      lastAnswer,
      state,
    };
    const isWritten = state === 'retrying' ? await writeLedgerEntry(ports.alerts, entry, before) : await endDelivery(ports.alerts, { entry, before, published, body });
    if (isWritten) await tellOthers(ports, published, body, entry);
    return DONE;
  };

/** The log is set by success; after a final failure the group's next flush sends again, and the evaluator says so meanwhile. */
const tellOthers = async ({ alerts }: NotifyPorts, { integration, receiver, subject }: PublishedNotification, { groupId, sequence }: NotificationBody, entry: LedgerEntry): Promise<void> => {
  const { state, lastAttemptMs, lastAnswer } = entry;
  if (state !== 'sent' && state !== 'failed') return;
  await endLog(alerts, { integration, groupId }, sequence, state, lastAttemptMs);
  if (state === 'sent') await clearFailedDelivery(alerts, integration, sequence);
  else await noteFailedDelivery(alerts, { integration, receiver, subject, sequence, failedAtMs: lastAttemptMs, answer: lastAnswer });
};

const parseBody = (published: PublishedNotification): NotificationBody => {
  try {
    const body = JSON.parse(published.body) as Partial<NotificationBody> | null;
    if (typeof body?.dedupKey === 'string' && typeof body.groupId === 'string' && Number.isSafeInteger(body.sequence) && typeof body.message === 'object') return body as NotificationBody;
  } catch (error) {
    throw new PermanentError(`notify ${published.id}: found a body that is no JSON`, { cause: error });
  }
  throw new PermanentError(`notify ${published.id}: found a body without dedupKey, groupId, sequence or message`);
};
