import type { ItemWrite } from '../../catalog/item-table.ts';
import { enqueue } from '../outbox.ts';
import type { OutboxEntry } from '../outbox.ts';
import type { Integration } from '../receivers.ts';
import { NO_ESCALATION, advanceEscalation, escalationPlace } from './escalation.ts';
import type { Escalation } from './escalation.ts';
import { MAX_GROUP_ALERTS, endedKey, isUntoldEnd, nextFlushMs, removeGroup, writeGroup } from './alert-group.ts';
import type { GroupPlace, GroupState } from './alert-group.ts';
import { notificationOf } from './group-notification.ts';
import { isMuted } from './mutes.ts';
import type { Mutes } from './mutes.ts';
import { needsUpdate } from './needs-update.ts';
import { keepMsOf, writeLog } from './notification-log.ts';
import type { LogEntry } from './notification-log.ts';
import { owedEnds, unsureOf } from './owed-ends.ts';
import type { ToldAlert } from './told-alert.ts';

export interface GroupFlush {
  readonly place: GroupPlace;
  readonly group: GroupState;
  /** All that are in the group: those that fire, and those that have ended and are remembered. */
  readonly members: readonly ToldAlert[];
  readonly integrations: readonly Integration[];
  /** Of each integration. */
  readonly logs: readonly (LogEntry | undefined)[];
  /** Of the receiver that the group escalates to; none where it escalates to nobody. */
  readonly second: Pick<GroupFlush, 'integrations' | 'logs'>;
  /** Hashes of alerts that somebody has taken on: they are not repeated, and do not escalate. */
  readonly acknowledged: ReadonlySet<string>;
  readonly mutes: Mutes;
  readonly nowMs: number;
  readonly externalUrl: string;
}

/** What a flush has decided: to be stored in one transaction. */
export interface FlushOutcome {
  /** Undefined when nothing is left in it. */
  readonly group: GroupState | undefined;
  readonly notifications: readonly OutboxEntry[];
  readonly writes: readonly ItemWrite[];
}

/** One flush of one group, by Alertmanager's stages: inhibition, time intervals, silences, then each integration's log. */
export const flushGroup = (flush: GroupFlush): FlushOutcome => {
  const { place, group, nowMs } = flush;
  const { firing, ended, leftOut } = sortMembers(flush);
  const told = tellableOf(flush, [...firing, ...ended]);
  const first = tell(flush, told, { leftOut, sequence: group.nextFlushMs, repeats: true });
  const { escalation, tellings } = escalate(flush, { firing, told, tellsFirst: true });
  const isOwing = owes(flush, first) || owes({ ...flush, ...flush.second }, tellings);
  const next: GroupState | undefined =
    firing.length === 0 && !isOwing
      ? undefined
      : {
          ...group,
          nextFlushMs: nextFlushMs(group.nextFlushMs, place.route.groupIntervalMs, nowMs),
          firing: new Set(firing.map(({ hash }) => hash)),
          ended: new Set([...ended.map(endedKey), ...keptEnds(group, flush.members)]),
          escalation,
        };
  return outcomeOf(group.id, next, [...first, ...tellings]);
};

/** The timer of the escalation alone has run out: the route's own receiver is told nothing, and its timer stays. */
export const escalateGroup = (flush: GroupFlush): FlushOutcome => {
  const { group } = flush;
  const { firing } = sortMembers(flush);
  const { escalation, tellings } = escalate(flush, { firing, told: tellableOf(flush, firing), tellsFirst: false });
  return outcomeOf(group.id, { ...group, escalation }, tellings);
};

const outcomeOf = (id: string, next: GroupState | undefined, tellings: readonly Telling[]): FlushOutcome => ({
  group: next,
  notifications: tellings.flatMap(({ notification }) => notification ?? []),
  writes: [next === undefined ? removeGroup(id) : writeGroup(next), ...tellings.flatMap(({ writes }) => writes)],
});

const tellableOf = ({ place, mutes }: GroupFlush, alerts: readonly ToldAlert[]): readonly ToldAlert[] =>
  mutes.mutedTimes(place.route).length > 0 ? [] : alerts.filter(({ labels }) => !isMuted(mutes, labels));

interface EscalationMembers {
  readonly firing: readonly ToldAlert[];
  /** Firing and ended ones that may be told of. */
  readonly told: readonly ToldAlert[];
  readonly tellsFirst: boolean;
}

/**
 * The second receiver hears of alerts that escalate, and of the ends of those that have; nothing is repeated to it, but for ends that it
 * may not know of: those also while nothing else escalates.
 */
const escalate = (flush: GroupFlush, { firing, told, tellsFirst }: EscalationMembers): { readonly escalation: Escalation; readonly tellings: readonly Telling[] } => {
  const { place, group, second, acknowledged, nowMs } = flush;
  const step = place.route.escalate;
  if (step === undefined) return { escalation: NO_ESCALATION, tellings: [] };
  const tellable = new Set(told.map(({ hash }) => hash));
  const escalation = advanceEscalation({ step, before: group.escalation, firing, tellable, acknowledged, tellsFirst, nowMs });
  const heard = told.filter(({ hash, endedAtMs }) => (endedAtMs === undefined ? escalation : group.escalation).escalated.has(hash));
  const there = escalationPlace(place, step);
  return { escalation, tellings: tell({ ...flush, ...second, place: there, group: { ...group, id: there.id } }, heard, { leftOut: 0, sequence: nowMs, repeats: false }) };
};

/** Ends that were flushed before and are still remembered. */
const keptEnds = (group: GroupState, members: readonly ToldAlert[]): readonly string[] => members.map(endedKey).filter((key) => group.ended.has(key));

const oldestFirst = (a: ToldAlert, b: ToldAlert): number => a.startsAtMs - b.startsAtMs || (a.hash < b.hash ? -1 : 1);

const sortMembers = ({ group, members }: GroupFlush): { firing: readonly ToldAlert[]; ended: readonly ToldAlert[]; leftOut: number } => {
  const firing = members.filter(({ endedAtMs }) => endedAtMs === undefined).sort(oldestFirst);
  const ended = members.filter((alert) => alert.endedAtMs !== undefined && isUntoldEnd(group, alert)).sort(oldestFirst);
  const kept = firing.slice(0, MAX_GROUP_ALERTS);
  return { firing: kept, ended: ended.slice(0, MAX_GROUP_ALERTS - kept.length), leftOut: Math.max(0, firing.length + ended.length - MAX_GROUP_ALERTS) };
};

interface Telling {
  /** Of which the log is now this. */
  readonly integration: string;
  readonly log: LogEntry;
  readonly notification: OutboxEntry | undefined;
  readonly writes: readonly ItemWrite[];
}

interface HowToTell {
  /** Alerts beyond the most that are told of. */
  readonly leftOut: number;
  /** The flush's time. */
  readonly sequence: number;
  readonly repeats: boolean;
}

/** How many notifications a flush makes at most: they share a transaction. */
const bodiesOf = ({ integrations, second }: GroupFlush): number => integrations.length + second.integrations.length;

const hashesOf = (alerts: readonly ToldAlert[]): ReadonlySet<string> => new Set(alerts.map(({ hash }) => hash));

/** `news` and what the integration is still to be told besides. */
const withOwed = (flush: GroupFlush, news: readonly ToldAlert[], integration: Integration, log: LogEntry | undefined): readonly ToldAlert[] => {
  const known = hashesOf(news);
  const owed = integration.sendResolved ? tellableOf(flush, owedEnds(log, flush.members)).filter(({ hash }) => !known.has(hash)) : [];
  return [...news, ...owed].slice(0, MAX_GROUP_ALERTS);
};

/** Whether an integration may yet have to be told of an end again: the group stays for that, as long as its ended alerts are remembered. */
const owes = ({ integrations, logs, members }: GroupFlush, tellings: readonly Telling[]): boolean =>
  integrations.some(({ id, sendResolved }, i) => sendResolved && owedEnds(tellings.find(({ integration }) => integration === id)?.log ?? logs[i], members).length > 0);

const tell = (flush: GroupFlush, news: readonly ToldAlert[], { leftOut, sequence: flushedMs, repeats }: HowToTell): readonly Telling[] => {
  const { place, group, integrations, logs, acknowledged, nowMs, externalUrl } = flush;
  const firing = hashesOf(news.filter(({ endedAtMs }) => endedAtMs === undefined));
  const members = hashesOf(flush.members);
  // Never behind an earlier one, even where the clock was set back or the group is a new one under an old key.
  const sequence = Math.max(flushedMs, ...logs.map((log) => (log?.sequence ?? 0) + 1));
  const { repeatIntervalMs } = place.route;
  const isRepeated = repeats && ![...firing].every((hash) => acknowledged.has(hash));
  return integrations.flatMap((integration, i): Telling[] => {
    const log = logs[i];
    const alerts = withOwed(flush, news, integration, log);
    const resolved = hashesOf(alerts.filter(({ endedAtMs }) => endedAtMs !== undefined));
    if (alerts.length === 0 || !needsUpdate(log, { firing, resolved }, { sendResolved: integration.sendResolved, repeatIntervalMs: isRepeated ? repeatIntervalMs : Infinity, nowMs })) return [];
    const newest = { firing, resolved, atMs: nowMs };
    const key = { integration: integration.id, groupId: group.id };
    if (!integration.sendResolved && firing.size === 0) {
      const entry: LogEntry = { sequence, state: 'sent', newest, sent: newest };
      return [{ integration: integration.id, log: entry, notification: undefined, writes: [writeLog(key, entry, keepMsOf(repeatIntervalMs))] }];
    }
    const notification = notificationOf({ place, alerts, leftOut, sequence, externalUrl }, integration, bodiesOf(flush));
    const unsure = new Set([...unsureOf(log)].filter((hash) => members.has(hash)));
    const entry: LogEntry = { sequence, state: 'pending', newest, sent: log?.sent, unsure };
    return [{ integration: integration.id, log: entry, notification, writes: [enqueue(notification), writeLog(key, entry, keepMsOf(repeatIntervalMs))] }];
  });
};
