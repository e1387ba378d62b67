import type { Labels } from '../model/labels.ts';

export type AlertPhase = 'inactive' | 'pending' | 'firing';

/** One alert of a rule: a label set that the rule has given. `inactive` ones are resolved and remembered for a while. */
export interface Alert {
  readonly phase: AlertPhase;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly value: number;
  readonly activeAtMs: number;
  /** Of a pending one: when it fired the last time. */
  readonly firedAtMs?: number;
  /** The first evaluation that no longer gave a firing alert, while `keep_firing_for` holds it. */
  readonly keepFiringSinceMs?: number;
  /** Of a pending one: the end of the last time. */
  readonly resolvedAtMs?: number;
  /** The evaluation time of the last transition: an alert changes at most once per slot, so that a slot can be repeated. */
  readonly changedAtMs: number;
}

/** What an evaluation gives for one label set. */
export interface AlertSample {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly value: number;
}

export interface HoldTimes {
  readonly holdMs: number;
  readonly keepFiringMs: number;
}

/** The alert after an evaluation; undefined once there is nothing to remember. */
export interface AlertStep {
  readonly alert: Alert | undefined;
  /** Whether the stored state must change: a transition, not just a new value. */
  readonly changed: boolean;
  /** What receivers are to be told. */
  readonly notify: 'firing' | 'resolved' | undefined;
}

/**
 * How long a resolved alert is remembered. Prometheus' 15 minutes (rules/alerting.go: resolvedRetention) are shorter than what a
 * group may wait until it tells of the end (dispatch/alert-group.ts: MAX_END_DELAY_MS), and than the four hours for which that is
 * tried (channels/retry-delay.ts: GIVE_UP_MS). An end that is given up then is told once more at the group's next interval, which is
 * seldom longer than an hour.
 */
export const RESOLVED_RETENTION_MS = 6 * 3_600_000;

/**
 * One evaluation of one alert, as Prometheus does it (rules/alerting.go). In an incomplete slot samples may be missing:
 * what is there may become pending or fire, and what is not there stays as it was.
 */
export const advanceAlert = (before: Alert | undefined, sample: AlertSample | undefined, evalTimeMs: number, hold: HoldTimes, complete: boolean): AlertStep => {
  if (before !== undefined && before.changedAtMs >= evalTimeMs) return unchanged(before);
  if (sample !== undefined) return present(before, sample, evalTimeMs, hold);
  return before === undefined || !complete ? unchanged(before) : absent(before, evalTimeMs, hold);
};

const unchanged = (alert: Alert | undefined): AlertStep => ({ alert, changed: false, notify: undefined });

const present = (before: Alert | undefined, sample: AlertSample, evalTimeMs: number, hold: HoldTimes): AlertStep => {
  if (before === undefined || before.phase === 'inactive') return begin(before, sample, evalTimeMs, hold);
  const held = evalTimeMs - before.activeAtMs >= hold.holdMs;
  const alert: Alert = { ...without(before, 'keepFiringSinceMs'), ...sample };
  if (before.phase === 'pending') {
    if (!held) return unchanged(alert);
    return { alert: { ...without(alert, 'resolvedAtMs'), phase: 'firing', firedAtMs: evalTimeMs, changedAtMs: evalTimeMs }, changed: true, notify: 'firing' };
  }
  if (!held) {
    // `for` has grown in the rule file: the alert is pending again, and whoever was told that it fires must hear that it does not.
    return { alert: { ...alert, phase: 'pending', resolvedAtMs: evalTimeMs, changedAtMs: evalTimeMs }, changed: true, notify: 'resolved' };
  }
  if (before.keepFiringSinceMs === undefined) return unchanged(alert);
  return { alert: { ...alert, changedAtMs: evalTimeMs }, changed: true, notify: undefined };
};

const begin = (before: Alert | undefined, sample: AlertSample, evalTimeMs: number, hold: HoldTimes): AlertStep => {
  const started = { ...sample, activeAtMs: evalTimeMs, changedAtMs: evalTimeMs };
  if (hold.holdMs > 0) return { alert: { ...started, ...lastEnd(before), phase: 'pending' }, changed: true, notify: undefined };
  return { alert: { ...started, phase: 'firing', firedAtMs: evalTimeMs }, changed: true, notify: 'firing' };
};

/** Of an alert that has fired before: receivers may still have to hear of that end, whether it fires again or not. */
const lastEnd = (before: Alert | undefined): Pick<Alert, 'firedAtMs' | 'resolvedAtMs'> =>
  before?.firedAtMs === undefined || before.resolvedAtMs === undefined ? {} : { firedAtMs: before.firedAtMs, resolvedAtMs: before.resolvedAtMs };

const absent = (before: Alert, evalTimeMs: number, hold: HoldTimes): AlertStep => {
  if (before.phase === 'pending') return { alert: withdrawn(before, evalTimeMs), changed: true, notify: undefined };
  if (before.phase === 'inactive') {
    return unchanged(isForgotten(before, evalTimeMs) ? undefined : before); // the item goes by its expiry
  }
  const since = before.keepFiringSinceMs ?? evalTimeMs;
  if (hold.keepFiringMs > 0 && evalTimeMs - since < hold.keepFiringMs) {
    if (before.keepFiringSinceMs !== undefined) return unchanged(before);
    return { alert: { ...before, keepFiringSinceMs: since, changedAtMs: evalTimeMs }, changed: true, notify: undefined };
  }
  return { alert: resolved(before, evalTimeMs), changed: true, notify: 'resolved' };
};

/** A pending alert that does not fire: nothing is left of it, but for an earlier end that receivers may still have to hear of. */
export const withdrawn = (alert: Alert, atMs: number): Alert | undefined => (alert.resolvedAtMs === undefined ? undefined : { ...alert, phase: 'inactive', changedAtMs: atMs });

/** The alert as it ends: because nothing matches any more, or because its rule is gone. */
export const resolved = (alert: Alert, atMs: number): Alert => ({
  ...without(alert, 'keepFiringSinceMs'),
  phase: 'inactive',
  resolvedAtMs: atMs,
  changedAtMs: atMs,
});

const without = (alert: Alert, key: 'keepFiringSinceMs' | 'resolvedAtMs'): Alert => {
  const copy: { -readonly [Key in keyof Alert]: Alert[Key] } = { ...alert };
  delete copy[key];
  return copy;
};

export const isActive = (alert: Alert): boolean => alert.phase !== 'inactive';

/** Whether an alert has ended so long ago that nobody asks for it. */
export const isForgotten = (alert: Alert, nowMs: number): boolean => !isActive(alert) && nowMs - (alert.resolvedAtMs ?? alert.changedAtMs) > RESOLVED_RETENTION_MS;
