/** Each has a queue of its own, so that a slow one holds up no other. */
export const CHANNELS = ['webhook', 'email', 'pagerduty', 'slack', 'sns', 'phone', 'opsgenie', 'msteams'] as const;
export type Channel = (typeof CHANNELS)[number];

/** A notification on the fan-out: what every subscriber sees. At most 256 KiB of body (SNS). */
export interface PublishedNotification {
  /** Hash of receiver, group key and flush time: the same notification published twice has the same id. */
  readonly id: string;
  /** Name of the receiver in the Alertmanager file, and which of its integrations: `ops/webhook/0`. */
  readonly receiver: string;
  readonly integration: string;
  readonly channel: Channel;
  readonly severity: string;
  /** Short text for e-mail and SMS subscriptions of the topic itself. */
  readonly subject: string;
  /** JSON for the notify function. */
  readonly body: string;
}

/** Hands a notification to the fan-out, at least once; rejects when it was not surely taken. */
export type Publish = (notification: PublishedNotification) => Promise<void>;
