import { labelValue, labelsToJson } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import type { Alert } from './alert.ts';
import { fingerprint } from './fingerprint.ts';
import type { Channel, PublishedNotification } from './publish.ts';
import type { Integration } from './receivers.ts';
import { ALERT_NAME } from './rule-samples.ts';
import { hashOf } from './spread.ts';

/** SNS takes 256 KiB; the envelope and escapes of the fan-out need room. */
export const MAX_BODY_BYTES = 200 * 1024;

const MAX_SUBJECT_CHARS = 256;

/** A longer expression makes an address that browsers and receivers cut. */
const MAX_QUERY_CHARS = 4096;

export type AlertStatus = 'firing' | 'resolved';

/** One alert as Alertmanager's webhook gives it. */
export interface MessageAlert {
  readonly status: AlertStatus;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly fingerprint: string;
}

/** Alertmanager's webhook message, version 4. */
export interface WebhookMessage {
  readonly version: '4';
  readonly groupKey: string;
  readonly truncatedAlerts: number;
  readonly status: AlertStatus;
  readonly receiver: string;
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly commonLabels: Readonly<Record<string, string>>;
  readonly commonAnnotations: Readonly<Record<string, string>>;
  readonly externalURL: string;
  readonly alerts: readonly MessageAlert[];
}

/** The body of a published notification. */
export interface NotificationBody {
  /** Names what the notification is about, for one integration: later ones replace earlier ones. */
  readonly dedupKey: string;
  /** The evaluation time of the transition. */
  readonly sequence: number;
  readonly message: WebhookMessage;
}

/** A transition that receivers hear of. */
export interface AlertChange {
  readonly ruleId: string;
  readonly query: string;
  readonly alert: Alert;
  readonly status: AlertStatus;
  /** The evaluation time. */
  readonly atMs: number;
}

/** What a firing alert shows as its end (Go's zero time; Alertmanager hides an end that is still to come). */
const NO_END = '0001-01-01T00:00:00Z';

/**
 * The notification of one change for one integration. Until grouping is there an alert is a group of its own, as with
 * `group_by: ['...']`. The rule is part of its identity, so that equal alerts of two rules do not replace each other.
 */
export const notificationOf = (change: AlertChange, integration: Integration, externalUrl: string): PublishedNotification & { readonly sequence: number } => {
  const { alert, atMs } = change;
  const dedupKey = hashOf(change.ruleId, labelsToJson(alert.labels));
  const body: NotificationBody = { dedupKey, sequence: atMs, message: messageOf(change, integration.receiver, externalUrl) };
  return {
    id: hashOf(integration.id, dedupKey, atMs),
    receiver: integration.receiver,
    integration: integration.id,
    channel: integration.channel satisfies Channel,
    severity: labelValue(alert.labels, 'severity').slice(0, 256).toWellFormed(),
    subject: subjectOf(change.status, alert.labels),
    body: boundedJson(body),
    sequence: atMs,
  };
};

/** `[FIRING:1] HighCpu (web-1 page)`, on one line: the values by label name, as in Alertmanager's default subject. */
export const subjectOf = (status: AlertStatus, labels: Labels): string => {
  const rest = labels.filter(([name]) => name !== ALERT_NAME).map(([, value]) => value);
  const text = `[${status.toUpperCase()}:1] ${labelValue(labels, ALERT_NAME)}${rest.length === 0 ? '' : ` (${rest.join(' ')})`}`;
  return text.replace(/\p{Cc}+/gu, ' ').slice(0, MAX_SUBJECT_CHARS).toWellFormed();
};

const messageOf = (change: AlertChange, receiver: string, externalUrl: string): WebhookMessage => {
  const { alert, status, atMs } = change;
  const labels = recordOf(alert.labels);
  const annotations = recordOf(alert.annotations);
  return {
    version: '4',
    groupKey: `{}:{${alert.labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`,
    truncatedAlerts: 0,
    status,
    receiver,
    groupLabels: labels,
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: externalUrl,
    alerts: [
      {
        status,
        labels,
        annotations,
        startsAt: new Date(alert.firedAtMs ?? alert.activeAtMs).toISOString(),
        endsAt: status === 'resolved' ? new Date(atMs).toISOString() : NO_END,
        generatorURL: change.query.length > MAX_QUERY_CHARS ? `${externalUrl}/graph` : `${externalUrl}/graph?g0.expr=${encodeURIComponent(change.query)}&g0.tab=1`,
        fingerprint: fingerprint(alert.labels),
      },
    ],
  };
};

/** `Object.fromEntries` defines properties, so a label named `__proto__` is a label like any other. */
const recordOf = (pairs: Labels): Readonly<Record<string, string>> => Object.fromEntries(pairs);

/** The body as JSON; annotations give way when it is too large for the fan-out. */
const boundedJson = (body: NotificationBody): string => {
  const whole = JSON.stringify(body);
  if (Buffer.byteLength(whole) <= MAX_BODY_BYTES) return whole;
  const cut = { tidemark: `annotations and query left out: the message had ${Buffer.byteLength(whole)} bytes, ${MAX_BODY_BYTES} are allowed` };
  const { message } = body;
  const alerts = message.alerts.map((alert) => ({ ...alert, annotations: cut, generatorURL: message.externalURL }));
  return JSON.stringify({ ...body, message: { ...message, commonAnnotations: cut, alerts } });
};
