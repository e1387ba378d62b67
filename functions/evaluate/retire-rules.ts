import { isActive, isForgotten, resolved, withdrawn } from '../../shared/alerting/alert.ts';
import type { Alert } from '../../shared/alerting/alert.ts';
import { OWN_RULE_ID } from '../../shared/alerting/own-alerts.ts';
import { forgetRule } from '../../shared/alerting/state-items.ts';
import type { AlertsByLabels, KnownRule } from '../../shared/alerting/state-items.ts';
import { storeTransitions } from '../../shared/alerting/transitions.ts';
import type { Transition } from '../../shared/alerting/transitions.ts';
import { isGroupOf } from '../../shared/rules/rule-group.ts';
import type { RuleSet } from '../../shared/rules/rule-group.ts';
import type { TickScope } from './tick-scope.ts';

/** Ends the alerts of rules that are in no file any more, as nothing will ever evaluate them. */
export const retireRules = async (scope: TickScope, rules: RuleSet, nowMs: number): Promise<void> => {
  const current = new Set(rules.groups.flatMap((group) => group.rules.map((rule) => rule.id)));
  const unread = rules.unreadFiles ?? [];
  for (const rule of scope.memory.known.values()) {
    if (rule.ruleId === OWN_RULE_ID || current.has(rule.ruleId) || unread.some((file) => isGroupOf(rule.group, file))) continue;
    await retire(scope, rule, nowMs);
  }
};

const retire = async (scope: TickScope, rule: KnownRule, nowMs: number): Promise<void> => {
  const { memory } = scope;
  const { ruleId } = rule;
  const alerts = memory.alerts.get(ruleId) ?? new Map<string, Alert>();
  const transitions = endings(rule, alerts, nowMs);
  await storeTransitions(scope.ports.alerts, scope.lease, transitions);
  const left = new Map(alerts);
  for (const { key, alert } of transitions) {
    if (alert === undefined) left.delete(key);
    else left.set(key, alert);
  }
  memory.alerts.set(ruleId, left);
  scope.report.transitions += transitions.length;
  if ([...left.values()].every((alert) => isForgotten(alert, nowMs))) await forget(scope, ruleId);
};

/**
 * Not before its ended alerts are: slots lie before the clock, and a rule that comes back must know from which one on it may
 * fire, or that firing would be older than the end it follows.
 */
const forget = async ({ ports, lease, memory }: TickScope, ruleId: string): Promise<void> => {
  await storeTransitions(ports.alerts, lease, [], [forgetRule(ruleId)]);
  memory.alerts.delete(ruleId);
  memory.known.delete(ruleId);
};

const endings = (rule: KnownRule, alerts: AlertsByLabels, nowMs: number): Transition[] =>
  [...alerts].flatMap(([key, before]): Transition[] => {
    if (!isActive(before)) return [];
    const atMs = Math.max(nowMs, before.changedAtMs + 1); // the clock may have been set back
    return [{ rule, key, before, alert: before.phase === 'pending' ? withdrawn(before, atMs) : resolved(before, atMs), atMs }];
  });
