import type { ItemTable } from '../catalog/item-table.ts';
import { ReadBudget, readSpread, windowsBack } from './bounded-read.ts';
import type { FlushTimes } from './bounded-read.ts';
import { LEDGER_PK, ledgerEntryOf } from './ledger.ts';
import type { DeliveryState, LedgerEntry } from './ledger.ts';
import { PUBLISHED_PK, UNPUBLISHED_PK, outboxEntryOf } from './outbox.ts';
import type { OutboxEntry } from './outbox.ts';
import { REDELIVERY_PK, isAsked, redeliveryOf } from './redeliveries.ts';
import type { Redelivery } from './redeliveries.ts';
import { SPREAD } from './spread.ts';

/** `unpublished`: made, and waits for the fan-out; `published`: handed to the fan-out, and nobody has tried it since. */
export const NOTIFICATION_STATES = ['unpublished', 'published', 'retrying', 'sent', 'failed', 'superseded'] as const satisfies readonly (DeliveryState | 'unpublished' | 'published')[];
export type NotificationState = (typeof NOTIFICATION_STATES)[number];

/** One notification, for people. */
export interface ListedNotification extends Pick<LedgerEntry, 'id' | 'receiver' | 'integration' | 'subject' | 'sequence' | 'attempts'> {
  readonly state: NotificationState;
  /** Undefined before the first attempt. */
  readonly firstAttemptMs: number | undefined;
  readonly lastAttemptMs: number | undefined;
  readonly lastAnswer: string;
}

export interface NotificationFilter {
  readonly times: FlushTimes;
  /** All where absent. */
  readonly state?: NotificationState;
  readonly receiver?: string;
  /** Only these. */
  readonly ids?: ReadonlySet<string>;
  readonly limit: number;
}

export interface NotificationList {
  /** The newest first. */
  readonly notifications: readonly ListedNotification[];
  /** Whether there may be more: the limit was met, or there was too much to read. */
  readonly isCut: boolean;
}

/** Ledger rows have about 700 bytes: 35 MB. */
const MAX_ROWS = 50_000;
/** Those of the outbox are read with their texts, up to 200 KB each. */
const MAX_CHARS = 64_000_000;
const LEDGER_PAGE = 500;
const PUBLISHED_PAGE = 20;

/** What the ledger and the outbox know, the newest first. */
export const listNotifications = async (items: ItemTable, filter: NotificationFilter, nowMs: number): Promise<NotificationList> => {
  const digits = filter.ids === undefined ? SPREAD : [...new Set([...filter.ids].map((id) => id[0] ?? ''))].filter((digit) => (SPREAD as readonly string[]).includes(digit));
  const budget = new ReadBudget(MAX_ROWS, MAX_CHARS);
  // Where the fan-out does not answer there may be more of them than of any others.
  const waiting = await readSpread(items, { prefix: UNPUBLISHED_PK, digits, times: filter.times, pageRows: PUBLISHED_PAGE }, budget);
  const unpublished = new Map(waiting.map(outboxEntryOf).map((entry) => [entry.id, entry]));
  const found: ListedNotification[] = [];
  for (const times of windowsBack(filter.times, nowMs)) {
    const known = await readWindow(items, { times, digits, unpublished, withPublished: readsPublished(filter) }, budget);
    found.push(...known.filter((each) => isWanted(each, filter)).sort((a, b) => b.sequence - a.sequence || (a.id < b.id ? -1 : 1)));
    const all = filter.ids !== undefined && found.length >= filter.ids.size;
    if (budget.isSpent) budget.isCut = true;
    if (all || found.length > filter.limit || budget.isCut) break;
  }
  return { notifications: found.slice(0, filter.limit), isCut: found.length > filter.limit || budget.isCut };
};

/** Some notifications by their ids, wherever in the last 30 days they are; those that are not found are left out. */
export const findNotifications = async (items: ItemTable, ids: ReadonlySet<string>, times: FlushTimes, nowMs: number): Promise<readonly ListedNotification[]> => {
  // Few have no row in the ledger, and the texts of the others need not be read for that.
  const tried = [];
  const wanted = new Set(ids);
  for (const state of [undefined, 'published'] as const) {
    if (wanted.size === 0) break;
    const rows = await listNotifications(items, { times, ids: wanted, limit: wanted.size, ...(state === undefined ? {} : { state }) }, nowMs);
    tried.push(...rows.notifications);
    for (const { id } of rows.notifications) wanted.delete(id);
  }
  return tried;
};

/** Those without a row in the ledger are read only where they are asked for. */
const readsPublished = ({ state, ids }: NotificationFilter): boolean => state === 'published' || (state === undefined && ids === undefined);

const isWanted = ({ id, state, receiver }: ListedNotification, filter: NotificationFilter): boolean =>
  (filter.state === undefined || filter.state === state) && (filter.receiver === undefined || filter.receiver === receiver) && (filter.ids === undefined || filter.ids.has(id));

interface Window {
  readonly times: FlushTimes;
  readonly digits: readonly string[];
  readonly unpublished: ReadonlyMap<string, OutboxEntry>;
  readonly withPublished: boolean;
}

const readWindow = async (items: ItemTable, { times, digits, unpublished, withPublished }: Window, budget: ReadBudget): Promise<readonly ListedNotification[]> => {
  const range = { times, digits, pageRows: LEDGER_PAGE };
  const entries = (await readSpread(items, { ...range, prefix: LEDGER_PK }, budget)).map(ledgerEntryOf);
  const asked = new Map((await readSpread(items, { ...range, prefix: REDELIVERY_PK }, budget)).map(redeliveryOf).map((each) => [each.id, each]));
  const published = withPublished ? (await readSpread(items, { ...range, prefix: PUBLISHED_PK, pageRows: PUBLISHED_PAGE }, budget)).map(outboxEntryOf) : [];
  const rows = new Map<string, ListedNotification>();
  for (const entry of published) rows.set(entry.id, untried(entry, 'published'));
  for (const entry of unpublished.values()) if (entry.sequence >= times.fromMs && entry.sequence <= times.toMs) rows.set(entry.id, untried(entry, 'unpublished'));
  for (const entry of entries) rows.set(entry.id, { ...entry, state: stateOf(entry, unpublished.has(entry.id), asked.get(entry.id)) });
  return [...rows.values()].map(({ id, receiver, integration, subject, sequence, attempts, state, firstAttemptMs, lastAttemptMs, lastAnswer }) => ({
    id, receiver, integration, subject, sequence, attempts, state, firstAttemptMs, lastAttemptMs, lastAnswer,
  }));
};

/** One that was asked for again waits, whatever the ledger says of the attempts before. */
const stateOf = (entry: LedgerEntry, isUnpublished: boolean, redelivery: Redelivery | undefined): NotificationState => {
  if (isUnpublished) return 'unpublished';
  return entry.state !== 'retrying' && entry.state !== 'superseded' && isAsked(redelivery, entry) ? 'published' : entry.state;
};

const untried = ({ id, receiver, integration, subject, sequence }: OutboxEntry, state: 'published' | 'unpublished'): ListedNotification => ({
  id, receiver, integration, subject, sequence, attempts: 0, firstAttemptMs: undefined, lastAttemptMs: undefined, lastAnswer: '', state,
});
