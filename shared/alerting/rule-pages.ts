import type { ItemTable } from '../catalog/item-table.ts';
import { PermanentError } from '../errors.ts';
import { compileMatcher } from '../promql/matcher.ts';
import { parseQuery } from '../promql/parser.ts';
import { printExpr } from '../promql/printer.ts';
import { formatShortestExponent } from '../rules/go-format.ts';
import type { LabelPair, Labels } from '../model/labels.ts';
import { labelSources } from '../rules/rule-group.ts';
import type { AlertingRule, RuleSet } from '../rules/rule-group.ts';
import type { Alert } from './alert.ts';
import { readAlertStates, readOwnAlerts } from './alert-states.ts';
import type { GroupState, RuleState } from './alert-states.ts';
import { ownGroupState } from './own-rule-group.ts';

export interface RulePagesPorts {
  readonly alerts: ItemTable;
  readonly rules: () => Promise<RuleSet>;
}

/** Go's zero time: what Prometheus gives for what has not happened. */
const NEVER = '0001-01-01T00:00:00Z';

/**
 * The `data` of `/api/v1/rules` and `/api/v1/alerts` of Prometheus, as plain JSON values. Evaluation times are not kept and
 * come as 0; an alert's value is that of its last transition.
 */
export const makeRulePages = (ports: RulePagesPorts) => ({
  /**
   * Parameters: type, rule_name[], rule_group[], file[], match[], exclude_alerts.
   * @throws PermanentError or PromqlParseError for a parameter that is wrong.
   */
  rules: async (query: URLSearchParams): Promise<{ readonly groups: readonly GroupJson[] }> => {
    const { group: wantedGroup, rule: wantedRule } = filters(query);
    const withAlerts = flag(query, 'exclude_alerts') !== true;
    const states = await readStates(ports);
    const groups = states.filter(wantedGroup).map((state) => ({ state, rules: state.rules.filter(wantedRule) }));
    // Like Prometheus: a group none of whose rules is wanted is left out, one that never had any is shown.
    return { groups: groups.filter(({ state, rules }) => rules.length > 0 || state.rules.length === 0).map(({ state, rules }) => groupJson(state, rules, withAlerts)) };
  },
  alerts: async (): Promise<{ readonly alerts: readonly object[] }> => {
    const states = await readStates(ports);
    return { alerts: states.flatMap((state) => state.rules.flatMap((rule) => rule.alerts)).map(alertJson) };
  },
});

/** Of the rule files, and behind them what Tidemark raises of itself. */
const readStates = async ({ alerts, rules }: RulePagesPorts): Promise<readonly GroupState[]> => {
  const [states, own] = await Promise.all([rules().then((set) => readAlertStates(alerts, set)), readOwnAlerts(alerts)]);
  return [...states, ownGroupState(own, states)];
};

interface Filters {
  readonly group: (state: GroupState) => boolean;
  readonly rule: (state: RuleState) => boolean;
}

const filters = (query: URLSearchParams): Filters => {
  const type = query.get('type') ?? '';
  if (!['', 'alert', 'record'].includes(type)) throw new PermanentError(`list rules: found type ${JSON.stringify(type)}, alert and record are allowed`);
  const oneOf = (name: string, value: string): boolean => query.getAll(name).length === 0 || query.getAll(name).includes(value);
  const selectors = query.getAll('match[]').map(matcherOf);
  return {
    group: ({ group }) => oneOf('rule_group[]', group.name) && oneOf('file[]', group.file),
    rule: ({ rule }) =>
      (type === '' || rule.kind === (type === 'alert' ? 'alerting' : 'recording')) &&
      oneOf('rule_name[]', rule.name) &&
      (selectors.length === 0 || selectors.some((matches) => matches(labelSources(rule)))),
  };
};

/** A series selector over the labels as the rule file has them. */
const matcherOf = (text: string): ((labels: readonly LabelPair[]) => boolean) => {
  const expr = parseQuery(text);
  if (expr.kind !== 'selector') throw new PermanentError(`list rules: found match[] ${JSON.stringify(text.slice(0, 100))}, a series selector is needed`);
  const matchers = expr.matchers.map((matcher) => ({ name: matcher.name, matches: compileMatcher(matcher) }));
  return (labels) => matchers.every(({ name, matches }) => matches(labels.find((pair) => pair[0] === name)?.[1] ?? ''));
};

const flag = (query: URLSearchParams, name: string): boolean | undefined => {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw new PermanentError(`list rules: found ${name} ${JSON.stringify(text.slice(0, 100))}, true and false are allowed`);
};

interface GroupJson {
  readonly name: string;
  readonly file: string;
  readonly interval: number;
  readonly limit: number;
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
  readonly rules: readonly object[];
}

const groupJson = ({ group, lastSlotMs }: GroupState, rules: readonly RuleState[], withAlerts: boolean): GroupJson => ({
  name: group.name,
  file: group.file,
  interval: group.intervalMs / 1000,
  limit: group.limit,
  evaluationTime: 0,
  lastEvaluation: timeOf(lastSlotMs),
  rules: rules.map((rule) => ruleJson(rule, lastSlotMs, withAlerts)),
});

const ruleJson = ({ rule, alerts, health, lastError, scan }: RuleState, lastSlotMs: number | undefined, withAlerts: boolean): object => ({
  ...(rule.kind === 'alerting' ? { state: stateOf(alerts) } : {}),
  name: rule.name,
  query: rule.source.language === 'promql' ? printExpr(rule.source.expr) : rule.query,
  ...(rule.kind === 'alerting' ? { duration: rule.holdMs / 1000, keepFiringFor: rule.keepFiringMs / 1000 } : {}),
  labels: recordOf(labelSources(rule)),
  ...(rule.kind === 'alerting' ? alertFields(rule, alerts, withAlerts) : {}),
  health,
  ...(lastError === '' ? {} : { lastError }),
  // Not of Prometheus: what the last evaluation of a rule with `sql` cost.
  ...(scan === undefined ? {} : { scannedBytes: scan.bytes, scanDollars: scan.dollars }),
  evaluationTime: 0,
  lastEvaluation: timeOf(lastSlotMs),
  type: rule.kind,
});

const alertFields = (rule: AlertingRule, alerts: readonly Alert[], withAlerts: boolean): object => ({
  annotations: Object.fromEntries(rule.annotations.map(([name, template]) => [name, template.source])),
  ...(withAlerts ? { alerts: alerts.map(alertJson) } : {}),
});

const stateOf = (alerts: readonly Alert[]): Alert['phase'] => {
  if (alerts.some((alert) => alert.phase === 'firing')) return 'firing';
  return alerts.some((alert) => alert.phase === 'pending') ? 'pending' : 'inactive';
};

const alertJson = (alert: Alert): object => ({
  labels: recordOf(alert.labels),
  annotations: recordOf(alert.annotations),
  state: alert.phase,
  activeAt: timeOf(alert.activeAtMs),
  ...(alert.keepFiringSinceMs === undefined ? {} : { keepFiringSince: timeOf(alert.keepFiringSinceMs) }),
  value: formatShortestExponent(alert.value),
});

const recordOf = (pairs: Labels): object => Object.fromEntries(pairs);

const timeOf = (tMs: number | undefined): string => (tMs === undefined ? NEVER : new Date(tMs).toISOString());
