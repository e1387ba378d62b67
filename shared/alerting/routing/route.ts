import type { Labels } from '../../model/labels.ts';
import { formatMatchers, goQuote } from './matcher-text.ts';
import type { MatcherSet } from './matcher-text.ts';

/** Who hears of an alert that fires, and has been told of, for so long without an acknowledgement. Our own addition to Alertmanager's routes. */
export interface EscalationStep {
  readonly afterMs: number;
  readonly receiver: string;
}

/** A node of the routing tree, with what it has from its parents. */
export interface Route {
  /** Alertmanager's route key: the matchers from the root down. */
  readonly key: string;
  readonly receiver: string;
  readonly matchers: MatcherSet;
  readonly continues: boolean;
  /** Labels to group by; `all` stands for `...`: every alert is a group of its own. */
  readonly groupBy: 'all' | readonly string[];
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  /** Names of time intervals in which nobody is told; not handed down to children. */
  readonly muteTimeIntervals: readonly string[];
  /** Names of time intervals outside of which nobody is told; empty: at any time. */
  readonly activeTimeIntervals: readonly string[];
  /** Handed down to children, as timers are; undefined: nobody else is told. */
  readonly escalate: EscalationStep | undefined;
  readonly routes: readonly Route[];
}

/** Alertmanager's defaults (dispatch/route.go: DefaultRouteOpts). */
export const DEFAULT_GROUP_WAIT_MS = 30_000;
export const DEFAULT_GROUP_INTERVAL_MS = 300_000;
export const DEFAULT_REPEAT_INTERVAL_MS = 4 * 3_600_000;

export const childKey = (parent: string, matchers: MatcherSet): string => `${parent}/${formatMatchers(matchers.matchers)}`;

export const ROOT_KEY = '{}';

/** Where the whole configuration sends what no child takes, and nothing else. */
export const rootRoute = (receiver: string, matchers: MatcherSet): Route => ({
  key: ROOT_KEY,
  receiver,
  matchers,
  continues: false,
  groupBy: [],
  groupWaitMs: DEFAULT_GROUP_WAIT_MS,
  groupIntervalMs: DEFAULT_GROUP_INTERVAL_MS,
  repeatIntervalMs: DEFAULT_REPEAT_INTERVAL_MS,
  muteTimeIntervals: [],
  activeTimeIntervals: [],
  escalate: undefined,
  routes: [],
});

/** The routes that take an alert, depth first: the deepest that match, and after one with `continue` its later siblings too. */
export const matchRoutes = (route: Route, labels: Labels): readonly Route[] => {
  if (!route.matchers.matches(labels)) return [];
  const taken: Route[] = [];
  for (const child of route.routes) {
    const found = matchRoutes(child, labels);
    taken.push(...found);
    if (found.length > 0 && !child.continues) break;
  }
  return taken.length > 0 ? taken : [route];
};

/** The labels by which a route groups an alert. */
export const groupLabelsOf = ({ groupBy }: Route, labels: Labels): Labels => (groupBy === 'all' ? labels : labels.filter(([name]) => groupBy.includes(name)));

/** Alertmanager's group key: the route's key and the group's labels. */
export const groupKeyOf = (route: Route, groupLabels: Labels): string => `${route.key}:{${groupLabels.map(([name, value]) => `${name}=${goQuote(value)}`).join(', ')}}`;

export const allRoutes = (route: Route): readonly Route[] => [route, ...route.routes.flatMap(allRoutes)];
