import type { LogEntry } from './notification-log.ts';
import type { ToldAlert } from './told-alert.ts';

/** Hashes of alerts that notifications have told to fire of which nobody knows, or will ever know, whether they arrived. */
export const unsureOf = (log: LogEntry | undefined): ReadonlySet<string> =>
  log === undefined || log.state === 'sent' ? new Set() : new Set([...(log.unsure ?? []), ...(log.state === 'pending' ? log.newest.firing : [])]);

/**
 * Ends that a receiver may not know of: a notification that tells of an end may be superseded by the next one of its group, or be
 * refused, and each flush tells of an end once. So it is told again with whatever comes next, until that has surely arrived.
 */
export const owedEnds = (log: LogEntry | undefined, members: readonly ToldAlert[]): readonly ToldAlert[] => {
  if (log === undefined || log.state === 'sent') return [];
  const believed = new Set([...unsureOf(log), ...(log.sent?.firing ?? [])]);
  return members.filter(({ hash, endedAtMs }) => endedAtMs !== undefined && believed.has(hash));
};
