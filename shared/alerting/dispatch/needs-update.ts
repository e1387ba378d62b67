import { LOST_AFTER_MS } from './notification-log.ts';
import type { LogEntry, ToldState } from './notification-log.ts';
import { unsureOf } from './owed-ends.ts';

export interface ToTell {
  /** Hashes of alerts. */
  readonly firing: ReadonlySet<string>;
  readonly resolved: ReadonlySet<string>;
}

export interface UpdateRules {
  readonly sendResolved: boolean;
  readonly repeatIntervalMs: number;
  readonly nowMs: number;
}

/**
 * Whether a receiver is to be told: of alerts that it does not know, of the end of those it knows, or again after the repeat
 * interval (alertmanager, notify.go: DedupStage.needsUpdate). What is on its way counts as known, and is not repeated meanwhile.
 */
export const needsUpdate = (entry: LogEntry | undefined, { firing, resolved }: ToTell, rules: UpdateRules): boolean => {
  const onItsWay = entry !== undefined && entry.state === 'pending' && rules.nowMs - entry.newest.atMs < LOST_AFTER_MS;
  const known: ToldState | undefined = onItsWay ? entry.newest : entry?.sent;
  // Of an earlier beginning that was overtaken on its way nobody knows whether it was heard.
  if (!onItsWay && rules.sendResolved && [...unsureOf(entry)].some((hash) => resolved.has(hash))) return true;
  if (known === undefined) return firing.size > 0;
  if (!isSubset(firing, known.firing)) return true;
  // Also where ends are not sent: the log must come to know that nothing fires any more.
  if (firing.size === 0) return known.firing.size > 0;
  if (rules.sendResolved && !isSubset(resolved, known.resolved)) return true;
  return !onItsWay && rules.nowMs - known.atMs >= rules.repeatIntervalMs;
};

const isSubset = (part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean => part.size <= whole.size && [...part].every((each) => whole.has(each));
