import { isActive, isForgotten, resolved } from '../../shared/alerting/alert.ts';
import type { Alert } from '../../shared/alerting/alert.ts';
import { forgetRule } from '../../shared/alerting/state-items.ts';
import type { AlertsByLabels } from '../../shared/alerting/state-items.ts';
import { storeTransitions } from '../../shared/alerting/transitions.ts';
import type { Transition } from '../../shared/alerting/transitions.ts';
import { isGroupOf } from '../../shared/rules/rule-group.ts';
import type { RuleSet } from '../../shared/rules/rule-group.ts';
import type { TickScope } from './tick-scope.ts';

/** Ends the alerts of rules that are in no file any more, as nothing will ever evaluate them. */
export const retireRules = async (scope: TickScope, rules: RuleSet, nowMs: number): Promise<void> => {
  const current = new Set(rules.groups.flatMap((group) => group.rules.map((rule) => rule.id)));
  const unread = rules.unreadFiles ?? [];
  for (const { ruleId, group } of scope.memory.known.values()) {
    if (current.has(ruleId) || unread.some((file) => isGroupOf(group, file))) continue;
    await retire(scope, ruleId, nowMs);
  }
};

const retire = async (scope: TickScope, ruleId: string, nowMs: number): Promise<void> => {
  const { memory } = scope;
  const alerts = memory.alerts.get(ruleId) ?? new Map<string, Alert>();
  const transitions = endings(ruleId, alerts, nowMs);
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

const endings = (ruleId: string, alerts: AlertsByLabels, nowMs: number): Transition[] =>
  [...alerts].flatMap(([key, alert]): Transition[] => {
    if (!isActive(alert)) return [];
    if (alert.phase === 'pending') return [{ ruleId, key, alert: undefined }];
    const atMs = Math.max(nowMs, alert.changedAtMs + 1); // the clock may have been set back
    return [{ ruleId, key, alert: resolved(alert, atMs) }];
  });
