import { labelValue } from '../../model/labels.ts';
import type { Labels } from '../../model/labels.ts';
import { fingerprint } from '../fingerprint.ts';
import type { AlertStatus, MessageAlert, WebhookMessage } from '../message.ts';
import type { NotificationBody } from '../notification-body.ts';
import type { OutboxEntry } from '../outbox.ts';
import type { Integration } from '../receivers.ts';
import { ALERT_NAME } from '../rule-samples.ts';
import { hashOf } from '../spread.ts';
import type { GroupPlace } from './alert-group.ts';
import type { ToldAlert } from './told-alert.ts';

/** SNS takes 256 KiB; the envelope and escapes of the fan-out need room. */
export const MAX_BODY_BYTES = 200 * 1024;

/** All bodies of one flush: with the log they must fit a transaction of 4 MB. */
const MAX_BODIES_BYTES = 2_000_000;

const MAX_SUBJECT_CHARS = 256;

/** Go's zero time: an alert that fires has no end yet. */
const NO_END = '0001-01-01T00:00:00Z';

/** What a flush tells of a group. */
export interface GroupNews {
  readonly place: GroupPlace;
  /** Those that fire first. */
  readonly alerts: readonly ToldAlert[];
  /** Alerts of the group beyond the most that are told of. */
  readonly leftOut: number;
  readonly sequence: number;
  readonly externalUrl: string;
}

/** The notification of a flush for one of the receiver's integrations; where ends are not sent, without those. */
export const notificationOf = (news: GroupNews, integration: Integration, integrations: number): OutboxEntry => {
  const alerts = integration.sendResolved ? news.alerts : news.alerts.filter(({ endedAtMs }) => endedAtMs === undefined);
  const { place, sequence } = news;
  const status = statusOf(alerts);
  const common = commonOf(alerts.map(({ labels }) => labels));
  const body: NotificationBody = { groupId: place.id, dedupKey: hashOf(place.groupKey), sequence, message: messageOf({ ...news, alerts }, integration.receiver, common) };
  return {
    id: hashOf(integration.id, place.groupKey, sequence),
    receiver: integration.receiver,
    integration: integration.id,
    channel: integration.channel,
    severity: labelValue(common, 'severity').slice(0, 256).toWellFormed(),
    subject: subjectOf(status, alerts.filter(({ endedAtMs }) => endedAtMs === undefined).length, place.groupLabels, common),
    body: boundedJson(body, Math.min(MAX_BODY_BYTES, Math.floor(MAX_BODIES_BYTES / integrations))),
    sequence,
  };
};

const statusOf = (alerts: readonly ToldAlert[]): AlertStatus => (alerts.some(({ endedAtMs }) => endedAtMs === undefined) ? 'firing' : 'resolved');

/**
 * `[FIRING:2] HighCpu (web-1 page)`, on one line: the values of the group's labels, and of the other common ones, by name, the
 * alert's name first (alertmanager, template/default.tmpl: __subject).
 */
export const subjectOf = (status: AlertStatus, firing: number, groupLabels: Labels, common: Labels): string => {
  const inGroup = new Set(groupLabels.map(([name]) => name));
  const rest = common.filter(([name]) => !inGroup.has(name));
  const head = `[${status.toUpperCase()}${status === 'firing' ? `:${firing}` : ''}]`;
  const text = [head, ...nameFirst(groupLabels), ...(rest.length === 0 ? [] : [`(${nameFirst(rest).join(' ')})`])].join(' ');
  return text.replace(/\p{Cc}+/gu, ' ').slice(0, MAX_SUBJECT_CHARS).toWellFormed();
};

const nameFirst = (labels: Labels): readonly string[] => [...labels.filter(([name]) => name === ALERT_NAME), ...labels.filter(([name]) => name !== ALERT_NAME)].map(([, value]) => value);

const commonOf = (sets: readonly Labels[]): Labels => {
  const [first = [], ...rest] = sets;
  return first.filter(([name, value]) => rest.every((labels) => labelValue(labels, name) === value));
};

const messageOf = ({ place, alerts, leftOut, externalUrl }: GroupNews, receiver: string, common: Labels): WebhookMessage => ({
  version: '4',
  groupKey: place.groupKey,
  truncatedAlerts: leftOut,
  status: statusOf(alerts),
  receiver,
  groupLabels: recordOf(place.groupLabels),
  commonLabels: recordOf(common),
  commonAnnotations: recordOf(commonOf(alerts.map(({ annotations }) => annotations))),
  externalURL: externalUrl,
  alerts: alerts.map(alertOf),
});

const alertOf = ({ labels, annotations, startsAtMs, endedAtMs, generatorUrl }: ToldAlert): MessageAlert => ({
  status: endedAtMs === undefined ? 'firing' : 'resolved',
  labels: recordOf(labels),
  annotations: recordOf(annotations),
  startsAt: new Date(startsAtMs).toISOString(),
  endsAt: endedAtMs === undefined ? NO_END : new Date(endedAtMs).toISOString(),
  generatorURL: generatorUrl,
  fingerprint: fingerprint(labels),
});

/** `Object.fromEntries` defines properties, so a label named `__proto__` is a label like any other. */
const recordOf = (pairs: Labels): Readonly<Record<string, string>> => Object.fromEntries(pairs);

/** The body as JSON. When it is too large the last alerts give way, and of a single one its annotations. */
const boundedJson = (body: NotificationBody, maxBytes: number): string => {
  const whole = JSON.stringify(body);
  if (Buffer.byteLength(whole) <= maxBytes) return whole;
  const { message } = body;
  if (message.alerts.length <= 1) return JSON.stringify({ ...body, message: withoutAnnotations(message, Buffer.byteLength(whole), maxBytes) });
  const room = maxBytes - Buffer.byteLength(JSON.stringify({ ...body, message: { ...message, alerts: [] } })) - 16;
  let bytes = 0;
  const fitting = message.alerts.findIndex((alert) => (bytes += Buffer.byteLength(JSON.stringify(alert)) + 1) > room);
  const alerts = message.alerts.slice(0, Math.max(1, fitting));
  return boundedOnce({ ...body, message: { ...message, alerts, truncatedAlerts: message.truncatedAlerts + message.alerts.length - alerts.length } }, maxBytes);
};

const boundedOnce = (body: NotificationBody, maxBytes: number): string => {
  const text = JSON.stringify(body);
  const bytes = Buffer.byteLength(text);
  return bytes <= maxBytes ? text : JSON.stringify({ ...body, message: withoutAnnotations(body.message, bytes, maxBytes) });
};

const withoutAnnotations = (message: WebhookMessage, bytes: number, maxBytes: number): WebhookMessage => {
  const cut = { tidemark: `annotations and query left out: the message had ${bytes} bytes, ${maxBytes} are allowed` };
  return { ...message, commonAnnotations: cut, alerts: message.alerts.map((alert) => ({ ...alert, annotations: cut, generatorURL: message.externalURL })) };
};
