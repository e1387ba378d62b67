import { formatDurationMs } from '../model/duration.ts';
import { parseRuleFile } from '../rules/rule-file.ts';
import type { RuleGroup } from '../rules/rule-group.ts';
import type { Alert } from './alert.ts';
import type { GroupState } from './alert-states.ts';
import { OWN_ALERTS, OWN_LABEL, OWN_RULE_ID, nameOf } from './own-alerts.ts';

/** As often as the evaluator is started; its holder looks at them at each tick. */
const INTERVAL = '1m';

const readOwnGroup = (): RuleGroup => {
  const rules = Object.entries(OWN_ALERTS).map(([alert, { severity, holdMs, expr, summary }]) => ({
    alert,
    expr,
    for: formatDurationMs(holdMs),
    labels: { severity, [OWN_LABEL[0]]: OWN_LABEL[1] },
    annotations: { summary },
  }));
  // JSON is YAML.
  const { groups, errors } = parseRuleFile(JSON.stringify({ groups: [{ name: OWN_RULE_ID, interval: INTERVAL, rules }] }), OWN_RULE_ID);
  const [group] = groups;
  if (group === undefined) throw new Error(`read own alerts: found ${errors.join('; ')}, none is allowed`);
  return group;
};

const GROUP = readOwnGroup();

/**
 * Tidemark's own alerts as a group of rules, for whoever looks for alerts where rules are. Nobody evaluates it: `expr` is what shows the
 * same among one's own metrics. `others` say how far evaluation has come; own alerts are looked at along with them.
 */
export const ownGroupState = (own: readonly Alert[], others: readonly GroupState[]): GroupState => {
  const slots = others.flatMap(({ lastSlotMs }) => lastSlotMs ?? []);
  return {
    group: GROUP,
    lastSlotMs: slots.length === 0 ? undefined : Math.max(...slots),
    complete: true,
    rules: GROUP.rules.map((rule) => ({
      rule,
      health: slots.length === 0 ? 'unknown' : 'ok',
      lastError: '',
      scan: undefined,
      alerts: own.filter((alert) => nameOf(alert) === rule.name),
    })),
  };
};
