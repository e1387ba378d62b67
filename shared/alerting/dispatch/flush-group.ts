import type { ItemWrite } from '../../catalog/item-table.ts';
import { enqueue } from '../outbox.ts';
import type { OutboxEntry } from '../outbox.ts';
import type { Integration } from '../receivers.ts';
import { MAX_GROUP_ALERTS, endedKey, isUntoldEnd, nextFlushMs, removeGroup, writeGroup } from './alert-group.ts';
import type { GroupPlace, GroupState } from './alert-group.ts';
import { notificationOf } from './group-notification.ts';
import { isMuted } from './mutes.ts';
import type { Mutes } from './mutes.ts';
import { needsUpdate } from './needs-update.ts';
import { keepMsOf, writeLog } from './notification-log.ts';
import type { LogEntry } from './notification-log.ts';
import type { ToldAlert } from './told-alert.ts';

export interface GroupFlush {
  readonly place: GroupPlace;
  readonly group: GroupState;
  /** All that are in the group: those that fire, and those that have ended and are remembered. */
  readonly members: readonly ToldAlert[];
  readonly integrations: readonly Integration[];
  /** Of each integration. */
  readonly logs: readonly (LogEntry | undefined)[];
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
  const { place, group, mutes, nowMs } = flush;
  const { firing, ended, leftOut } = sortMembers(flush);
  const quiet = mutes.mutedTimes(place.route).length > 0;
  const told = quiet ? [] : [...firing, ...ended].filter(({ labels }) => !isMuted(mutes, labels));
  const effects = told.length === 0 ? [] : tell(flush, told, leftOut);
  const next: GroupState | undefined =
    firing.length === 0
      ? undefined
      : {
          ...group,
          nextFlushMs: nextFlushMs(group.nextFlushMs, place.route.groupIntervalMs, nowMs),
          firing: new Set(firing.map(({ hash }) => hash)),
          ended: new Set([...ended.map(endedKey), ...keptEnds(group, flush.members)]),
        };
  return {
    group: next,
    notifications: effects.flatMap(({ notification }) => notification ?? []),
    writes: [next === undefined ? removeGroup(group.id) : writeGroup(next), ...effects.flatMap(({ writes }) => writes)],
  };
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
  readonly notification: OutboxEntry | undefined;
  readonly writes: readonly ItemWrite[];
}

const tell = (flush: GroupFlush, alerts: readonly ToldAlert[], leftOut: number): readonly Telling[] => {
  const { place, group, integrations, logs, nowMs, externalUrl } = flush;
  const hashes = (isFiring: boolean): ReadonlySet<string> => new Set(alerts.filter(({ endedAtMs }) => (endedAtMs === undefined) === isFiring).map(({ hash }) => hash));
  const firing = hashes(true);
  const resolved = hashes(false);
  // Never behind an earlier one, even where the clock was set back or the group is a new one under an old key.
  const sequence = Math.max(group.nextFlushMs, ...logs.map((log) => (log?.sequence ?? 0) + 1));
  const { repeatIntervalMs } = place.route;
  return integrations.flatMap((integration, i): Telling[] => {
    const log = logs[i];
    if (!needsUpdate(log, { firing, resolved }, { sendResolved: integration.sendResolved, repeatIntervalMs, nowMs })) return [];
    const newest = { firing, resolved, atMs: nowMs };
    const key = { integration: integration.id, groupId: group.id };
    if (!integration.sendResolved && firing.size === 0) {
      return [{ notification: undefined, writes: [writeLog(key, { sequence, state: 'sent', newest, sent: newest }, keepMsOf(repeatIntervalMs))] }];
    }
    const notification = notificationOf({ place, alerts, leftOut, sequence, externalUrl }, integration, integrations.length);
    const entry: LogEntry = { sequence, state: 'pending', newest, sent: log?.sent };
    return [{ notification, writes: [enqueue(notification), writeLog(key, entry, keepMsOf(repeatIntervalMs))] }];
  });
};
