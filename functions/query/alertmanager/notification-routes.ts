import type { Context } from 'hono';
import { flushTimesSince } from '../../../shared/alerting/bounded-read.ts';
import type { FlushTimes } from '../../../shared/alerting/bounded-read.ts';
import { checkTexts } from '../../../shared/alerting/acknowledgements.ts';
import { NOTIFICATION_STATES, findNotifications, listNotifications } from '../../../shared/alerting/notification-list.ts';
import type { ListedNotification, NotificationList, NotificationState } from '../../../shared/alerting/notification-list.ts';
import { PUBLISHED_RETENTION_MS } from '../../../shared/alerting/outbox.ts';
import { findIntegration } from '../../../shared/alerting/receivers.ts';
import { redeliver } from '../../../shared/alerting/redeliver.ts';
import type { RedeliverOutcome } from '../../../shared/alerting/redeliver.ts';
import { PermanentError } from '../../../shared/errors.ts';
import type { ApiKey } from '../../../shared/keys/api-key.ts';
import { parseTimeMs } from '../params.ts';
import type { AlertmanagerPorts } from './alertmanager-ports.ts';
import { changeBy, jsonBody, objectOf, textOf } from './request.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/** Each is four reads and a transaction, some 50 ms, after the other. */
const MAX_REDELIVERIES = 200;

/** `GET /api/v1/notifications?from&to&state&receiver&limit`: times are Unix seconds or RFC 3339, of the flush. */
export const getNotifications = async (ports: AlertmanagerPorts, c: Context): Promise<Response> => {
  const nowMs = ports.nowMs();
  const wanted = { from: c.req.query('from'), to: c.req.query('to'), state: c.req.query('state'), receiver: c.req.query('receiver') };
  const { notifications, isCut } = await listNotifications(ports.alerts, { ...filterOf(wanted, nowMs), limit: limitOf(c.req.query('limit') ?? '') }, nowMs);
  return c.json({ notifications: notifications.map(notificationJson), cut: isCut });
};

/** `POST /api/v1/notifications/redeliver` with `{ ids | state, from, to, receiver, again, dryRun, author }`. */
export const postRedeliver = async (ports: AlertmanagerPorts, c: Context, key: ApiKey | undefined): Promise<Response> => {
  const given = objectOf(await jsonBody(c), 'redelivery');
  const by = changeBy(ports, key);
  const { notifications, isCut, unknown } = await wantedOf(ports, given, by.nowMs);
  const config = await ports.alertmanager();
  const author = textOf(given['author'], 'redelivery: author');
  checkTexts(author);
  const wish = { again: flag(given, 'again'), dryRun: flag(given, 'dryRun'), author, isConfigured: (integration: string) => findIntegration(config, integration) !== undefined };
  const results: (RedeliverOutcome & Partial<ListedNotification>)[] = unknown.map((id) => ({ id, outcome: 'refused', reason: 'there is none with this id in the last 30 days' }));
  for (const each of notifications.toReversed()) {
    const { receiver, integration, subject } = each;
    results.push({ ...(await redeliver(ports.alerts, each, wish, by)), receiver, integration, subject });
  }
  return c.json({ results, cut: isCut });
};

interface Wanted extends NotificationList {
  readonly unknown: readonly string[];
}

const wantedOf = async ({ alerts }: AlertmanagerPorts, given: Readonly<Record<string, unknown>>, nowMs: number): Promise<Wanted> => {
  if (given['ids'] !== undefined) {
    const ids = idsOf(given['ids']);
    const notifications = await findNotifications(alerts, ids, flushTimesSince(nowMs - PUBLISHED_RETENTION_MS, nowMs), nowMs);
    const found = new Set(notifications.map(({ id }) => id));
    return { notifications, isCut: false, unknown: [...ids].filter((id) => !found.has(id)) };
  }
  const texts = Object.fromEntries((['from', 'to', 'state', 'receiver'] as const).map((name) => [name, textOf(given[name], `redelivery: ${name}`)]));
  if (texts['state'] === '' || texts['from'] === '') throw new PermanentError('read redelivery: found neither ids nor both of state and from, one of these is needed');
  return { ...(await listNotifications(alerts, { ...filterOf(texts, nowMs), limit: MAX_REDELIVERIES }, nowMs)), unknown: [] };
};

const idsOf = (value: unknown): ReadonlySet<string> => {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_REDELIVERIES) throw new PermanentError(`read redelivery: found no list of 1 to ${MAX_REDELIVERIES} ids, one is needed`);
  return new Set(
    value.map((each, i) => {
      const id = textOf(each, `redelivery: id ${i + 1}`);
      if (!/^[0-9a-f]{32}$/.test(id)) throw new PermanentError(`read redelivery: found the id ${JSON.stringify(id.slice(0, 100))}, 32 hex digits are needed`);
      return id;
    }),
  );
};

interface FilterTexts {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly state?: string | undefined;
  readonly receiver?: string | undefined;
}

const filterOf = ({ from = '', to = '', state = '', receiver = '' }: FilterTexts, nowMs: number): { times: FlushTimes; state?: NotificationState; receiver?: string } => {
  const since = flushTimesSince(Math.max(timeText(from, 'from') ?? 0, nowMs - PUBLISHED_RETENTION_MS), nowMs);
  return { times: { ...since, toMs: timeText(to, 'to') ?? since.toMs }, ...(state === '' ? {} : { state: stateOf(state) }), ...(receiver === '' ? {} : { receiver }) };
};

const stateOf = (text: string): NotificationState => {
  const state = NOTIFICATION_STATES.find((each) => each === text);
  if (state === undefined) throw new PermanentError(`read notifications: found the state ${JSON.stringify(text.slice(0, 100))}, allowed are ${NOTIFICATION_STATES.join(', ')}`);
  return state;
};

const timeText = (text: string, name: string): number | undefined => {
  if (text === '') return undefined;
  const tMs = parseTimeMs(text);
  if (tMs === undefined) throw new PermanentError(`read notifications: found no time in ${name}, Unix seconds or RFC 3339 are allowed`);
  return tMs;
};

const limitOf = (text: string): number => {
  if (text === '') return DEFAULT_LIMIT;
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) throw new PermanentError(`read notifications: found the limit ${JSON.stringify(text.slice(0, 100))}, 1 to ${MAX_LIMIT} is allowed`);
  return limit;
};

const flag = (given: Readonly<Record<string, unknown>>, name: string): boolean => {
  const value = given[name] ?? false;
  if (typeof value !== 'boolean') throw new PermanentError(`read redelivery: found ${name} that is neither true nor false`);
  return value;
};

const notificationJson = ({ sequence, firstAttemptMs, lastAttemptMs, ...rest }: ListedNotification): object => ({
  ...rest,
  sequence,
  flushedAt: new Date(sequence).toISOString(),
  ...(firstAttemptMs === undefined ? {} : { firstAttempt: new Date(firstAttemptMs).toISOString() }),
  ...(lastAttemptMs === undefined ? {} : { lastAttempt: new Date(lastAttemptMs).toISOString() }),
});
