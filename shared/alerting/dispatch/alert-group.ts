import type { Item, ItemTable, ItemWrite } from '../../catalog/item-table.ts';
import { groupKeyOf, groupLabelsOf, matchRoutes } from '../routing/route.ts';
import type { Route } from '../routing/route.ts';
import type { Labels } from '../../model/labels.ts';
import { SPREAD, hashOf, inParallel, spreadKey } from '../spread.ts';
import { NO_ESCALATION, escalationFrom, escalationTo } from './escalation.ts';
import type { Escalation } from './escalation.ts';
import type { ToldAlert } from './told-alert.ts';
import { wordSet } from './word-set.ts';

const PK = 'group';

/**
 * Alerts of a group that are told of, the oldest first: what a flush writes for 25 integrations must fit one transaction, and
 * nobody reads more. The others are counted.
 */
export const MAX_GROUP_ALERTS = 2000;

/** An end is told no later than this, however long `group_interval` is, as ended alerts are not remembered for ever. */
export const MAX_END_DELAY_MS = 1_800_000;

/** What an alert belongs to: the route that took it, and its group there. */
export interface GroupPlace {
  /** Hash of receiver and group key. */
  readonly id: string;
  readonly route: Route;
  readonly groupKey: string;
  readonly groupLabels: Labels;
}

/** A group's timer, and what it has come to tell. */
export interface GroupState {
  readonly id: string;
  readonly createdMs: number;
  readonly nextFlushMs: number;
  /** Hashes of the alerts that fired at the last flush. */
  readonly firing: ReadonlySet<string>;
  /** `<hash>@<endedAtMs>` of ended alerts that have been flushed. */
  readonly ended: ReadonlySet<string>;
  readonly escalation: Escalation;
}

/** The groups of an alert: one per route that takes it. Twins, with the same receiver and key, are one. */
export const placesOf = (root: Route, labels: Labels): readonly GroupPlace[] => {
  const places = new Map<string, GroupPlace>();
  for (const route of matchRoutes(root, labels)) {
    const groupLabels = groupLabelsOf(route, labels);
    const groupKey = groupKeyOf(route, groupLabels);
    const id = hashOf(route.receiver, groupKey);
    if (!places.has(id)) places.set(id, { id, route, groupKey, groupLabels });
  }
  return [...places.values()];
};

/** The timer of a new group: `group_wait` from now, or at once when its alert has waited as long already (Alertmanager's rule). */
export const newGroup = ({ id, route }: GroupPlace, alert: ToldAlert, nowMs: number): GroupState => ({
  id,
  createdMs: nowMs,
  nextFlushMs: alert.startsAtMs + route.groupWaitMs < nowMs ? nowMs : nowMs + route.groupWaitMs,
  firing: new Set(),
  ended: new Set(),
  escalation: NO_ESCALATION,
});

/** The first time on the group's grid after now; the due time itself while that is to come. */
export const nextFlushMs = (dueMs: number, intervalMs: number, nowMs: number): number => (dueMs > nowMs ? dueMs : dueMs + (Math.floor((nowMs - dueMs) / intervalMs) + 1) * intervalMs);

/** Whether nothing in the group fired at its last flush: it stays for ends that may have to be told again. */
export const isOver = ({ firing, ended }: GroupState): boolean => firing.size === 0 && ended.size > 0;

export const endedKey = ({ hash, endedAtMs }: ToldAlert): string => `${hash}@${endedAtMs}`;

/** Whether an alert that has ended is still to be flushed with its group. */
export const isUntoldEnd = (group: GroupState, alert: ToldAlert): boolean =>
  group.firing.has(alert.hash) || (!alert.isPending && alert.endedAtMs !== undefined && alert.endedAtMs > group.createdMs && !group.ended.has(endedKey(alert)));

export const writeGroup = (group: GroupState): ItemWrite => ({
  put: {
    ...keyOf(group.id),
    attributes: { createdMs: group.createdMs, nextFlushMs: group.nextFlushMs, firing: [...group.firing].join(' '), ended: [...group.ended].join(' '), ...escalationTo(group.escalation) },
  },
});

export const removeGroup = (id: string): ItemWrite => ({ remove: keyOf(id) });

export const readGroups = async (items: ItemTable): Promise<Map<string, GroupState>> => {
  const found = await inParallel(SPREAD, SPREAD.length, (digit) => items.query(`${PK}#${digit}`));
  return new Map(found.flat().map((item) => [item.sk, groupOf(item)]));
};

const keyOf = (id: string): { pk: string; sk: string } => ({ pk: spreadKey(PK, id), sk: id });

const groupOf = ({ sk, attributes }: Item): GroupState => ({
  id: sk,
  createdMs: Number(attributes['createdMs']),
  nextFlushMs: Number(attributes['nextFlushMs']),
  firing: wordSet(attributes['firing']),
  ended: wordSet(attributes['ended']),
  escalation: escalationFrom(attributes),
});
