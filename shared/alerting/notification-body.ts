import type { WebhookMessage } from './message.ts';

/** The body of a published notification. */
export interface NotificationBody {
  /** The group, whose notification log is to be told how this ends. */
  readonly groupId: string;
  /** Names what the notification is about: the hash of the group's key. Later notifications replace earlier ones. */
  readonly dedupKey: string;
  /** The flush time. */
  readonly sequence: number;
  readonly message: WebhookMessage;
}
