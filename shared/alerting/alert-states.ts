import type { ItemTable } from '../catalog/item-table.ts';
import type { Rule, RuleGroup, RuleSet } from '../rules/rule-group.ts';
import { isActive } from './alert.ts';
import type { Alert } from './alert.ts';
import { readCursors } from './cursors.ts';
import type { Cursor, Scan } from './cursors.ts';
import { OWN_RULE_ID } from './own-alerts.ts';
import { knownRules, readAlerts } from './state-items.ts';

export interface RuleState {
  readonly rule: Rule;
  /** `unknown` before the first evaluation. */
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError: string;
  /** What its statement scanned at the last evaluation; undefined where it has none. */
  readonly scan: Scan | undefined;
  /** Active ones, by their activation; none of a recording rule. Their values are those of the last transition. */
  readonly alerts: readonly Alert[];
}

export interface GroupState {
  readonly group: RuleGroup;
  /** The last slot that was evaluated; undefined before the first. */
  readonly lastSlotMs: number | undefined;
  /** Whether every sample of that slot was stored. */
  readonly complete: boolean;
  readonly rules: readonly RuleState[];
}

/** The state of all rules, from the alerts table alone: for whoever does not evaluate. */
export const readAlertStates = async (items: ItemTable, rules: RuleSet): Promise<readonly GroupState[]> => {
  const [cursors, known] = await Promise.all([readCursors(items), knownRules(items)]);
  const alerts = await readAlerts(
    items,
    known.map((rule) => rule.ruleId),
  );
  return rules.groups.map((group) => {
    const cursor = cursors.get(group.id);
    return {
      group,
      lastSlotMs: cursor?.slotMs,
      complete: cursor?.complete ?? false,
      rules: group.rules.map((rule) => ruleState(rule, cursor, [...(alerts.get(rule.id)?.values() ?? [])])),
    };
  });
};

/** What the installation raises of itself and is active, by activation. */
export const readOwnAlerts = async (items: ItemTable): Promise<readonly Alert[]> =>
  [...((await readAlerts(items, [OWN_RULE_ID])).get(OWN_RULE_ID)?.values() ?? [])].filter(isActive).sort((a, b) => a.activeAtMs - b.activeAtMs);

const ruleState = (rule: Rule, cursor: Cursor | undefined, alerts: readonly Alert[]): RuleState => {
  const error = cursor?.errors.get(rule.id);
  return {
    rule,
    health: cursor === undefined ? 'unknown' : error === undefined ? 'ok' : 'err',
    lastError: error ?? '',
    scan: cursor?.scans?.get(rule.id),
    alerts: alerts.filter(isActive).sort((a, b) => a.activeAtMs - b.activeAtMs),
  };
};
