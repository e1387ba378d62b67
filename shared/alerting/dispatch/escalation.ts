import type { Attribute } from '../../catalog/item-table.ts';
import type { EscalationStep } from '../routing/route.ts';
import { hashOf } from '../spread.ts';
import type { GroupPlace } from './alert-group.ts';
import type { ToldAlert } from './told-alert.ts';
import { wordSet } from './word-set.ts';

/** What a group knows of its one escalation step. It is stored with the group, in the same writes. */
export interface Escalation {
  /** When the route's own receiver was first told of an alert that still fires, in ms, by the alert's hash. */
  readonly told: ReadonlyMap<string, number>;
  /** Hashes of alerts that fire and of which the second receiver was told. */
  readonly escalated: ReadonlySet<string>;
  /** The next time at which an alert that was told of may escalate; undefined: none waits. */
  readonly nextMs: number | undefined;
}

export const NO_ESCALATION: Escalation = { told: new Map(), escalated: new Set(), nextMs: undefined };

export interface EscalationNews {
  readonly step: EscalationStep;
  readonly before: Escalation;
  /** Members of the group that fire. */
  readonly firing: readonly ToldAlert[];
  /** Hashes of those that may be told of now: neither silenced, nor inhibited, nor in a quiet time. */
  readonly tellable: ReadonlySet<string>;
  /** Hashes of alerts that somebody has taken on. */
  readonly acknowledged: ReadonlySet<string>;
  /** Whether this flush also tells the route's own receiver; otherwise it is the escalation's timer alone. */
  readonly tellsFirst: boolean;
  readonly nowMs: number;
}

/**
 * The escalation after a flush. An alert escalates once it has fired, and been told of, for the step's time, and nobody has
 * acknowledged it; one that is muted or acknowledged at that moment is looked at again whenever the group is flushed.
 */
export const advanceEscalation = ({ step, before, firing, tellable, acknowledged, tellsFirst, nowMs }: EscalationNews): Escalation => {
  // What has ended is forgotten by the flush that tells of the end.
  const told = new Map(tellsFirst ? [] : before.told);
  const escalated = new Set(tellsFirst ? [] : before.escalated);
  let nextMs = Infinity;
  for (const { hash, startsAtMs } of firing) {
    const isToldNow = tellsFirst && tellable.has(hash);
    const knownMs = before.told.get(hash);
    if (knownMs === undefined && !isToldNow) continue;
    // Not later than now: the clock may have been set back.
    const toldAtMs = Math.min(knownMs ?? nowMs, nowMs);
    told.set(hash, toldAtMs);
    // An alert that has ended and begun again between two flushes waits anew.
    const dueMs = Math.max(toldAtMs, Math.min(startsAtMs, nowMs)) + step.afterMs;
    if (before.escalated.has(hash) || (dueMs <= nowMs && tellable.has(hash) && !acknowledged.has(hash))) escalated.add(hash);
    else if (dueMs > nowMs) nextMs = Math.min(nextMs, dueMs);
  }
  return { told, escalated, nextMs: nextMs === Infinity ? undefined : nextMs };
};

/** Whether the timer has run out, or runs for longer than it can: the clock was set back. */
export const escalationIsDue = ({ nextMs }: Escalation, step: EscalationStep | undefined, nowMs: number): boolean =>
  step !== undefined && nextMs !== undefined && (nextMs <= nowMs || nextMs - nowMs > step.afterMs);

/**
 * Where an escalation is told: a group of its own, so that sequences and logs are its own too, also where the same receiver hears
 * of the alert by another route. Two routes with the same matchers have the same group key, so it names the receiver that comes first.
 */
export const escalationPlace = ({ route, groupKey, groupLabels }: GroupPlace, { receiver }: EscalationStep): GroupPlace => {
  const escalatedKey = `${groupKey}/escalated:${route.receiver}`;
  return { id: hashOf(receiver, escalatedKey), route: { ...route, receiver }, groupKey: escalatedKey, groupLabels };
};

export const escalationTo = ({ told, escalated, nextMs }: Escalation): Readonly<Record<string, Attribute>> => ({
  ...(told.size === 0 ? {} : { told: [...told].map(([hash, atMs]) => `${hash}@${atMs}`).join(' ') }),
  ...(escalated.size === 0 ? {} : { escalated: [...escalated].join(' ') }),
  ...(nextMs === undefined ? {} : { nextEscalationMs: nextMs }),
});

export const escalationFrom = (attributes: Readonly<Record<string, Attribute>>): Escalation => ({
  told: new Map(
    [...wordSet(attributes['told'])].map((word) => {
      const [hash = '', atMs = ''] = word.split('@');
      return [hash, Number(atMs)];
    }),
  ),
  escalated: wordSet(attributes['escalated']),
  nextMs: attributes['nextEscalationMs'] === undefined ? undefined : Number(attributes['nextEscalationMs']),
});
