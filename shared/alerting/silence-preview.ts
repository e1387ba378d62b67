import type { ItemTable } from '../catalog/item-table.ts';
import type { Labels } from '../model/labels.ts';
import { ReadBudget, flushTimesSince, readSpread, windowsBack } from './bounded-read.ts';
import type { MessageAlert } from './message.ts';
import type { NotificationBody } from './notification-body.ts';
import { PUBLISHED_PK, PUBLISHED_RETENTION_MS, outboxEntryOf } from './outbox.ts';
import type { OutboxEntry } from './outbox.ts';
import type { MatcherSet } from './routing/matcher-text.ts';

/** As long as published notifications are kept. */
const PREVIEW_MS = PUBLISHED_RETENTION_MS;

/** Notifications are read with their texts: up to 200 KB each, 1 to 2 KB as a rule. Parsing so many takes about a second. */
const MAX_ROWS = 20_000;
const MAX_CHARS = 64_000_000;
const PAGE_ROWS = 50;
const MAX_EXAMPLES = 5;

/** One that would have been muted. */
export interface MutedNotification {
  readonly id: string;
  readonly receiver: string;
  readonly subject: string;
  readonly atMs: number;
  /** `wholly`: nobody would have been told; `partly`: it had other alerts too. */
  readonly muted: 'wholly' | 'partly';
}

/** What a silence would have muted, had it held all the time. */
export interface SilencePreview {
  readonly fromMs: number;
  /** Whether there was too much to read: the counts are of the newest alone, the true ones are greater. */
  readonly isCut: boolean;
  readonly notifications: number;
  readonly wholly: number;
  readonly partly: number;
  /** Different alerts that match. */
  readonly alerts: number;
  readonly receivers: readonly { readonly receiver: string; readonly wholly: number; readonly partly: number }[];
  /** The newest first. */
  readonly newest: readonly MutedNotification[];
}

/** Over the notifications of the last 30 days as they were told. */
export const previewSilence = async (items: ItemTable, { matches }: MatcherSet, nowMs: number): Promise<SilencePreview> => {
  const fromMs = nowMs - PREVIEW_MS;
  const budget = new ReadBudget(MAX_ROWS, MAX_CHARS);
  const prints = new Set<string>();
  const receivers = new Map<string, { wholly: number; partly: number }>();
  const newest: MutedNotification[] = [];
  const count = { notifications: 0, wholly: 0, partly: 0 };
  for (const times of windowsBack(flushTimesSince(fromMs, nowMs), nowMs)) {
    if (budget.isSpent) budget.isCut = true;
    if (budget.isCut) break;
    const entries = (await readSpread(items, { prefix: PUBLISHED_PK, times, pageRows: PAGE_ROWS }, budget)).map(outboxEntryOf);
    count.notifications += entries.length;
    for (const entry of entries.sort((a, b) => b.sequence - a.sequence)) {
      const { muted, matched } = mutedOf(entry, matches);
      if (muted === undefined) continue;
      for (const { fingerprint } of matched) prints.add(fingerprint);
      const { id, receiver, subject, sequence: atMs } = entry;
      const ofReceiver = receivers.get(receiver) ?? { wholly: 0, partly: 0 };
      receivers.set(receiver, { ...ofReceiver, [muted]: ofReceiver[muted] + 1 });
      count[muted]++;
      if (newest.length < MAX_EXAMPLES) newest.push({ id, receiver, subject, atMs, muted });
    }
  }
  const byReceiver = [...receivers].map(([receiver, counts]) => ({ receiver, ...counts })).sort((a, b) => b.wholly + b.partly - a.wholly - a.partly);
  return { fromMs, isCut: budget.isCut, ...count, alerts: prints.size, receivers: byReceiver, newest };
};

interface MutedBy {
  readonly muted: MutedNotification['muted'] | undefined;
  readonly matched: readonly MessageAlert[];
}

/** Of one whose text was too long for all its alerts nobody knows what the others were. */
const mutedOf = ({ body }: OutboxEntry, matches: (labels: Labels) => boolean): MutedBy => {
  const { message } = JSON.parse(body) as NotificationBody;
  const matched = message.alerts.filter(({ labels }) => matches(Object.entries(labels)));
  if (matched.length === 0) return { muted: undefined, matched };
  return { muted: matched.length === message.alerts.length && message.truncatedAlerts === 0 ? 'wholly' : 'partly', matched };
};
