import type { Labels } from '../../model/labels.ts';
import type { AlertmanagerConfig } from '../receivers.ts';
import { makeInhibition } from '../routing/inhibition.ts';
import type { InhibitedBy, Inhibitor } from '../routing/inhibition.ts';
import type { Route } from '../routing/route.ts';
import { containsTime } from '../routing/time-interval.ts';
import { silenceState } from '../silences/silence.ts';
import type { Silence } from '../silences/silence.ts';

/** What keeps alerts from being told of, at one time. */
export interface Mutes {
  readonly inhibitedBy: InhibitedBy;
  /** Ids of active silences that match. */
  readonly silencedBy: (labels: Labels) => readonly string[];
  /** Names of the time intervals in which a route is quiet: those that mute it now, or those outside of which it is not active. */
  readonly mutedTimes: (route: Route) => readonly string[];
}

export const makeMutes = (
  config: Pick<AlertmanagerConfig, 'inhibitRules' | 'timeIntervals'>,
  { silences, firing, nowMs }: { readonly silences: readonly Silence[]; readonly firing: Iterable<Inhibitor>; readonly nowMs: number },
): Mutes => {
  const active = silences.filter((silence) => silenceState(silence, nowMs) === 'active');
  const isNow = (name: string): boolean => config.timeIntervals.get(name)?.some((interval) => containsTime(interval, nowMs)) ?? false;
  return {
    inhibitedBy: makeInhibition(config.inhibitRules, firing),
    silencedBy: (labels) => active.filter((silence) => silence.matchers.matches(labels)).map(({ id }) => id),
    mutedTimes: ({ muteTimeIntervals, activeTimeIntervals }) => {
      const muted = muteTimeIntervals.filter(isNow);
      return activeTimeIntervals.length > 0 && !activeTimeIntervals.some(isNow) ? [...muted, ...activeTimeIntervals] : muted;
    },
  };
};

/** Whether a route may tell of an alert. */
export const isMuted = (mutes: Mutes, labels: Labels): boolean => mutes.inhibitedBy(labels).length > 0 || mutes.silencedBy(labels).length > 0;
