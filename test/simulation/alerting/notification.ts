import type { Item } from '../../../shared/catalog/item-table.ts';
import type { WebhookMessage } from '../../../shared/alerting/message.ts';
import { keyOf } from './state-invariants.ts';

export interface ToldAlert {
  /** Canonical labels JSON. */
  readonly key: string;
  readonly status: 'firing' | 'resolved';
}

/** A notification as it stood in the outbox, and what became of it. */
export interface SeenNotification {
  readonly id: string;
  readonly integration: string;
  readonly groupId: string;
  readonly dedupKey: string;
  readonly sequence: number;
  readonly status: 'firing' | 'resolved';
  readonly alerts: readonly ToldAlert[];
  readonly body: string;
  readonly madeAtMs: number;
  /** By the ledger; undefined before the first attempt has ended. */
  state: string | undefined;
  endedAtMs: number | undefined;
  /** By the clock of the notifier that sent it. */
  sentAtMs: number | undefined;
  firstAcceptedAtMs: number | undefined;
  attempts: number;
}

export const seenNotification = ({ attributes }: Item, madeAtMs: number): SeenNotification => {
  const body = String(attributes['body']);
  const { groupId, dedupKey, sequence, message } = JSON.parse(body) as { groupId: string; dedupKey: string; sequence: number; message: WebhookMessage };
  return {
    id: String(attributes['id']),
    integration: String(attributes['integration']),
    groupId,
    dedupKey,
    sequence,
    status: message.status,
    alerts: message.alerts.map(({ labels, status }) => ({ key: keyOf(labels), status })),
    body,
    madeAtMs,
    state: undefined,
    endedAtMs: undefined,
    sentAtMs: undefined,
    firstAcceptedAtMs: undefined,
    attempts: 0,
  };
};
