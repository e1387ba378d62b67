import { isActive, resolved } from '../../shared/alerting/alert.ts';
import { notificationOf } from '../../shared/alerting/notification.ts';
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
  const { memory, report } = scope;
  const transitions = endings(scope, ruleId, memory.alerts.get(ruleId) ?? new Map(), nowMs);
  await storeTransitions(scope.ports.alerts, scope.lease, transitions);
  // Only now: a crash before this finds the rule again, with those alerts that are left.
  await storeTransitions(scope.ports.alerts, scope.lease, [], [forgetRule(ruleId)]);
  const notifications = transitions.flatMap((transition) => transition.notifications);
  memory.unpublished = [...memory.unpublished, ...notifications];
  memory.alerts.delete(ruleId);
  memory.known.delete(ruleId);
  report.transitions += transitions.length;
  report.notifications += notifications.length;
};

const endings = ({ integrations, ports }: TickScope, ruleId: string, alerts: AlertsByLabels, nowMs: number): Transition[] =>
  [...alerts].flatMap(([key, alert]): Transition[] => {
    if (!isActive(alert)) return [];
    if (alert.phase === 'pending') return [{ ruleId, key, alert: undefined, notifications: [] }];
    const ended = resolved(alert, nowMs);
    const change = { ruleId, query: '', alert: ended, status: 'resolved', atMs: nowMs } as const;
    const told = integrations.filter((integration) => integration.sendResolved);
    return [{ ruleId, key, alert: ended, notifications: told.map((integration) => notificationOf(change, integration, ports.externalUrl)) }];
  });
