import { MAX_END_DELAY_MS, isOver, isUntoldEnd, newGroup, placesOf, removeGroup, writeGroup } from '../../shared/alerting/dispatch/alert-group.ts';
import type { GroupPlace, GroupState } from '../../shared/alerting/dispatch/alert-group.ts';
import { escalationIsDue, escalationPlace } from '../../shared/alerting/dispatch/escalation.ts';
import { escalateGroup, flushGroup } from '../../shared/alerting/dispatch/flush-group.ts';
import type { FlushOutcome, GroupFlush } from '../../shared/alerting/dispatch/flush-group.ts';
import { removeAcknowledgement, sortAcknowledgements } from '../../shared/alerting/acknowledgements.ts';
import { makeMutes } from '../../shared/alerting/dispatch/mutes.ts';
import type { Mutes } from '../../shared/alerting/dispatch/mutes.ts';
import { readLog } from '../../shared/alerting/dispatch/notification-log.ts';
import { alertHash, graphUrl, toldOf } from '../../shared/alerting/dispatch/told-alert.ts';
import type { ToldAlert } from '../../shared/alerting/dispatch/told-alert.ts';
import { toldExternal } from '../../shared/alerting/external-alerts.ts';
import { integrationsOf } from '../../shared/alerting/receivers.ts';
import type { AlertmanagerConfig } from '../../shared/alerting/receivers.ts';
import { inParallel } from '../../shared/alerting/spread.ts';
import { storeUnits } from '../../shared/alerting/store-units.ts';
import type { ItemWrite } from '../../shared/catalog/item-table.ts';
import { labelsToJson } from '../../shared/model/labels.ts';
import { promqlOf } from '../../shared/rules/rule-group.ts';
import type { RuleSet } from '../../shared/rules/rule-group.ts';
import type { RoutedAlert } from './memory.ts';
import type { TickScope } from './tick-scope.ts';

/** Groups whose logs are read at once. */
const READ_PARALLEL = 16;

/** Routes of alerts are forgotten when there are so many more than alerts: churned label sets do not come back. */
const SPARE_ROUTES = 1000;

interface GroupMembers {
  readonly place: GroupPlace;
  readonly alerts: ToldAlert[];
}

/** Puts alerts into their groups, and flushes the groups that are due: each in one transaction with what it tells. */
export const flushGroups = async (scope: TickScope, config: AlertmanagerConfig, rules: RuleSet, nowMs: number): Promise<void> => {
  const { memory, ports, report } = scope;
  const alerts = collectAlerts(scope, rules, nowMs);
  const { holding: acknowledged, over } = sortAcknowledgements(memory.acknowledgements, alerts, nowMs);
  const groups = groupAlerts(scope, config, alerts);
  const created = createGroups(scope, groups, nowMs);
  const stateOf = (id: string): GroupState => (created.get(id) ?? memory.groups.get(id)) as GroupState;
  const due = [...groups].filter(([id, members]) => isDue(stateOf(id), members, nowMs));
  const mutes = due.length === 0 ? undefined : makeMutes(config, { silences: memory.silences, firing: inhibitors(alerts), nowMs });
  const outcomes = await inParallel(due, READ_PARALLEL, ([id, members]) => flushOne(scope, config, { members, state: stateOf(id), mutes: mutes as Mutes, acknowledged, nowMs }));
  const units: (readonly ItemWrite[])[] = outcomes.map(({ writes }) => writes);
  const flushed = new Set(due.map(([id]) => id));
  for (const [id, group] of created) if (!flushed.has(id)) units.push([writeGroup(group)]);
  const gone = [...memory.groups.keys()].filter((id) => !groups.has(id));
  for (const id of gone) units.push([removeGroup(id)]);
  // What was acknowledged has ended: the next time is told of again.
  for (const acknowledgement of over) units.push([removeAcknowledgement(acknowledgement)]);
  await storeUnits(ports.alerts, scope.lease, units);
  if (over.size > 0) memory.acknowledgements = memory.acknowledgements.filter((each) => !over.has(each));
  for (const id of gone) memory.groups.delete(id);
  for (const [id, group] of created) memory.groups.set(id, group);
  due.forEach(([id], i) => remember(scope, id, outcomes[i] as FlushOutcome));
  report.groups = memory.groups.size;
  report.flushes = due.length;
  for (const { nextFlushMs, escalation } of memory.groups.values()) report.nextFlushMs = Math.min(report.nextFlushMs ?? Infinity, nextFlushMs, escalation.nextMs ?? Infinity);
};

const remember = ({ memory, report }: TickScope, id: string, { group, notifications }: FlushOutcome): void => {
  if (group === undefined) memory.groups.delete(id);
  else memory.groups.set(id, group);
  memory.unpublished = [...memory.unpublished, ...notifications];
  report.notifications += notifications.length;
};

/**
 * By label set: where two rules, or a rule and somebody outside, have the same alert, the one that fires counts, of two of them the one
 * that began first, as Alertmanager merges alerts. People acknowledge by the same choice (functions/query/alertmanager/alert-view.ts).
 */
const collectAlerts = ({ memory, ports }: TickScope, rules: RuleSet, nowMs: number): ReadonlyMap<string, ToldAlert> => {
  const queries = new Map(rules.groups.flatMap((group) => group.rules.map((rule) => [rule.id, promqlOf(rule)])));
  const found = new Map<string, ToldAlert>();
  const add = (key: string, alert: ToldAlert): void => {
    const before = found.get(key);
    if (before === undefined || countsBefore(alert, before)) found.set(key, alert);
  };
  for (const [ruleId, alerts] of memory.alerts) {
    const url = graphUrl(ports.externalUrl, queries.get(ruleId) ?? '');
    for (const [key, alert] of alerts) add(key, toldOf(alert, routedOf(memory.routed, key, alert.labels).hash, url));
  }
  for (const alert of memory.external) add(labelsToJson(alert.labels), toldExternal(alert, nowMs));
  return found;
};

const countsBefore = (alert: ToldAlert, other: ToldAlert): boolean =>
  other.endedAtMs === undefined ? alert.endedAtMs === undefined && alert.startsAtMs < other.startsAtMs : (alert.endedAtMs ?? Infinity) > other.endedAtMs;

const routedOf = (routed: Map<string, RoutedAlert>, key: string, labels: ToldAlert['labels']): RoutedAlert => {
  const known = routed.get(key) ?? { hash: alertHash(labels), places: undefined };
  routed.set(key, known);
  return known;
};

const groupAlerts = ({ memory }: TickScope, config: AlertmanagerConfig, alerts: ReadonlyMap<string, ToldAlert>): ReadonlyMap<string, GroupMembers> => {
  const { routed } = memory;
  if (memory.routedBy !== config || routed.size > 2 * alerts.size + SPARE_ROUTES) routed.clear();
  memory.routedBy = config;
  const groups = new Map<string, GroupMembers>();
  const heard = new Set(config.receivers.filter(({ integrations }) => integrations.length > 0).map(({ name }) => name));
  for (const [key, alert] of alerts) {
    const known = routedOf(routed, key, alert.labels);
    known.places ??= placesOf(config.route, alert.labels);
    for (const place of known.places) {
      if (!heard.has(place.route.receiver)) continue; // nobody listens there: a timer would only cost writes
      const group = groups.get(place.id) ?? { place, alerts: [] };
      group.alerts.push(alert);
      groups.set(place.id, group);
    }
  }
  return withoutEnded(memory.groups, groups);
};

/** Only an alert that fires makes a group: one that has ended before is nobody's news, but where the group has stayed for that. */
const withoutEnded = (known: ReadonlyMap<string, GroupState>, groups: ReadonlyMap<string, GroupMembers>): ReadonlyMap<string, GroupMembers> =>
  new Map([...groups].filter(([id, { alerts }]) => known.has(id) || alerts.some(({ endedAtMs }) => endedAtMs === undefined)));

const createGroups = ({ memory }: TickScope, groups: ReadonlyMap<string, GroupMembers>, nowMs: number): ReadonlyMap<string, GroupState> => {
  const created = new Map<string, GroupState>();
  for (const [id, { place, alerts }] of groups) {
    const known = memory.groups.get(id);
    const firing = alerts.filter(({ endedAtMs }) => endedAtMs === undefined);
    // What begins anew does not wait for the timer of ends; those are told with it.
    if (known !== undefined && (!isOver(known) || firing.length === 0)) continue;
    const oldest = firing.reduce((a, b) => (b.startsAtMs < a.startsAtMs ? b : a));
    created.set(id, newGroup(place, oldest, nowMs));
  }
  return created;
};

const isDue = (group: GroupState, members: GroupMembers, nowMs: number): boolean => flushIsDue(group, members, nowMs) || escalationIsDue(group.escalation, members.place.route.escalate, nowMs);

const flushIsDue = (group: GroupState, { place, alerts }: GroupMembers, nowMs: number): boolean => {
  const waitMs = group.nextFlushMs - nowMs;
  // No timer runs longer than that: the clock was set back.
  if (waitMs <= 0 || waitMs > Math.max(place.route.groupWaitMs, place.route.groupIntervalMs)) return true;
  return alerts.some((alert) => alert.endedAtMs !== undefined && nowMs - alert.endedAtMs > MAX_END_DELAY_MS && isUntoldEnd(group, alert));
};

const inhibitors = function* (alerts: ReadonlyMap<string, ToldAlert>): Generator<{ id: string; labels: ToldAlert['labels'] }> {
  for (const { hash, labels, endedAtMs } of alerts.values()) if (endedAtMs === undefined) yield { id: hash, labels };
};

interface OneFlush {
  readonly members: GroupMembers;
  readonly state: GroupState;
  readonly mutes: Mutes;
  readonly acknowledged: ReadonlySet<string>;
  readonly nowMs: number;
}

const flushOne = async (scope: TickScope, config: AlertmanagerConfig, { members, state, ...rest }: OneFlush): Promise<FlushOutcome> => {
  const { place, alerts } = members;
  const { escalate } = place.route;
  const [first, second] = await Promise.all([
    heardAt(scope, config, place),
    escalate === undefined ? { integrations: [], logs: [] } : heardAt(scope, config, escalationPlace(place, escalate)),
  ]);
  const flush = { place, group: state, members: alerts, ...first, second, externalUrl: scope.ports.externalUrl, ...rest };
  return flushIsDue(state, members, rest.nowMs) ? flushGroup(flush) : escalateGroup(flush);
};

/** The integrations of a place's receiver, and what each has been told of the group. */
const heardAt = async ({ ports }: TickScope, config: AlertmanagerConfig, { id, route }: GroupPlace): Promise<Pick<GroupFlush, 'integrations' | 'logs'>> => {
  const integrations = integrationsOf(config, route.receiver);
  const logs = await Promise.all(integrations.map((integration) => readLog(ports.alerts, { integration: integration.id, groupId: id })));
  return { integrations, logs };
};
