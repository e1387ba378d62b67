import type { ListedNotification } from '../alerting/notification-list.ts';
import type { RedeliverOutcome } from '../alerting/redeliver.ts';
import { PermanentError } from '../errors.ts';
import { type Api, callApi } from './api.ts';
import type { CheckReport } from './check.ts';
import { durationArgument } from './matcher-arguments.ts';
import { counted } from './progress.ts';
import { toTable } from './table.ts';

const PATH = '/api/v1/notifications';

export interface NotificationsOptions {
  readonly state?: string;
  readonly receiver?: string;
  /** A duration back from now. */
  readonly since?: string;
  readonly limit?: string;
  readonly json: boolean;
  readonly nowMs: number;
}

interface NotificationsJson {
  readonly notifications: readonly (Omit<ListedNotification, 'firstAttemptMs' | 'lastAttemptMs'> & { readonly flushedAt: string; readonly lastAttempt?: string })[];
  readonly cut: boolean;
}

/** What became of notifications, the newest first. */
export const notifications = async (api: Api, { json, nowMs, since, state, receiver, limit }: NotificationsOptions): Promise<string> => {
  const query = new URLSearchParams(since === undefined ? {} : { from: secondsBack(since, nowMs) });
  for (const [name, value] of Object.entries({ state, receiver, limit })) if (value !== undefined) query.set(name, value);
  const text = await callApi(api, `${PATH}?${query.toString()}`);
  if (json) return text;
  const { notifications: found, cut } = JSON.parse(text) as NotificationsJson;
  if (found.length === 0) return 'no notifications';
  const rows = found.map((each) => [each.id, each.flushedAt, each.integration, each.state, String(each.attempts), each.lastAttempt ?? '', each.lastAnswer, each.subject]);
  const table = toTable(['id', 'flushed', 'integration', 'state', 'attempts', 'last attempt', 'last answer', 'subject'], rows);
  return cut ? `${table}\n\nThere are more: narrow it with --since, --state and --receiver, or raise --limit.` : table;
};

export interface RedeliverOptions {
  readonly ids: readonly string[];
  /** Instead of ids, with `since`. */
  readonly state?: string;
  readonly since?: string;
  readonly receiver?: string;
  readonly again: boolean;
  readonly dryRun: boolean;
  readonly author: string;
  readonly json: boolean;
  readonly nowMs: number;
}

type ResultJson = RedeliverOutcome & { readonly integration?: string; readonly subject?: string };

/** Asks for notifications to be delivered again. Not ok when one that was named is refused. */
export const redeliverNotifications = async (api: Api, { ids, json, nowMs, since, state, receiver, again, dryRun, author }: RedeliverOptions): Promise<CheckReport> => {
  const byState = state !== undefined || since !== undefined || receiver !== undefined;
  if (ids.length > 0 === byState) throw new PermanentError('redeliver: found neither or both of ids and --state with --since, one of these is needed');
  if (byState && (state === undefined || since === undefined)) throw new PermanentError('redeliver: found --state or --since alone, both are needed');
  const chosen = since === undefined ? { ids } : { state, from: secondsBack(since, nowMs), ...(receiver === undefined ? {} : { receiver }) };
  const text = await callApi(api, `${PATH}/redeliver`, { method: 'POST', body: JSON.stringify({ ...chosen, again, dryRun, author }), contentType: 'application/json' });
  const { results, cut } = JSON.parse(text) as { readonly results: readonly ResultJson[]; readonly cut: boolean };
  const ok = byState || results.every(({ outcome }) => outcome !== 'refused');
  if (json) return { ok, lines: [text] };
  if (results.length === 0) return { ok, lines: ['no notifications'] };
  const rows = results.map(({ id, integration = '', outcome, reason, subject = '' }) => [id, integration, reason === '' ? outcome : `${outcome}: ${reason}`, subject]);
  const more = cut ? ['', `There are more: these are the newest ${counted(results.length, 'notification')}.`] : [];
  return { ok, lines: [toTable(['id', 'integration', 'outcome', 'subject'], rows), ...more] };
};

const secondsBack = (since: string, nowMs: number): string => String((nowMs - durationArgument(since, '--since')) / 1000);
