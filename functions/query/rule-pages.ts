import type { Alert } from '../../shared/alerting/alert.ts';
import { type GroupState, type RuleState, readAlertStates } from '../../shared/alerting/alert-states.ts';
import type { ItemTable } from '../../shared/catalog/item-table.ts';
import type { NamedTemplate, RuleGroup, RuleSet } from '../../shared/rules/rule-group.ts';
import { formatShortestExponent } from '../../shared/rules/go-format.ts';
import type { RulePages } from './query-ports.ts';

/** Rules and alerts in the shapes of Prometheus' API, read from the alerts table: also for whoever does not evaluate. */
export const makeRulePages = (items: ItemTable, rules: () => Promise<RuleSet>): RulePages => {
  const states = async (): Promise<readonly GroupState[]> => readAlertStates(items, await rules());
  return {
    rules: async (query) => ({ groups: (await states()).map((state) => groupJson(state, query)).filter((group) => group.rules.length > 0) }),
    alerts: async () => ({ alerts: (await states()).flatMap(({ rules: all }) => all.flatMap(({ alerts }) => alerts.map(alertJson))) }),
  };
};

const groupJson = ({ group, lastSlotMs, rules }: GroupState, query: URLSearchParams) => ({
  name: group.name,
  file: group.file,
  interval: group.intervalMs / 1000,
  limit: group.limit,
  lastEvaluation: timeText(lastSlotMs),
  rules: isWantedGroup(group, query) ? rules.filter((state) => isWantedRule(state, query)).map((state) => ruleJson(state, lastSlotMs, query)) : [],
});

const isWantedGroup = ({ file, name }: RuleGroup, query: URLSearchParams): boolean => isWanted(query, 'file[]', file) && isWanted(query, 'rule_group[]', name);

/** A list that is not given leaves nothing out. */
const isWanted = (query: URLSearchParams, parameter: string, value: string): boolean => !query.has(parameter) || query.getAll(parameter).includes(value);

const isWantedRule = ({ rule }: RuleState, query: URLSearchParams): boolean => query.get('type') !== 'record' && isWanted(query, 'rule_name[]', rule.name);

const ruleJson = ({ rule, health, lastError, alerts }: RuleState, lastSlotMs: number | undefined, query: URLSearchParams) => ({
  state: stateOf(alerts),
  name: rule.name,
  query: rule.query,
  duration: rule.holdMs / 1000,
  keepFiringFor: rule.keepFiringMs / 1000,
  labels: templatesJson(rule.labels),
  annotations: templatesJson(rule.annotations),
  alerts: query.get('exclude_alerts') === 'true' ? [] : alerts.map(alertJson),
  health,
  ...(lastError === '' ? {} : { lastError }),
  lastEvaluation: timeText(lastSlotMs),
  type: 'alerting',
});

const stateOf = (alerts: readonly Alert[]): string => {
  if (alerts.some(({ phase }) => phase === 'firing')) return 'firing';
  return alerts.some(({ phase }) => phase === 'pending') ? 'pending' : 'inactive';
};

const templatesJson = (templates: readonly NamedTemplate[]): Record<string, string> =>
  Object.fromEntries(templates.map(([name, template]) => [name, template.source]));

const alertJson = (alert: Alert) => ({
  labels: Object.fromEntries(alert.labels),
  annotations: Object.fromEntries(alert.annotations),
  state: alert.phase,
  activeAt: new Date(alert.activeAtMs).toISOString(),
  // Prometheus prints alert values in the 'e' form with the shortest digits (web/api/v1).
  value: formatShortestExponent(alert.value),
});

/** Go's zero time stands for "never", as in Prometheus. */
const timeText = (tMs: number | undefined): string => (tMs === undefined ? '0001-01-01T00:00:00Z' : new Date(tMs).toISOString());
