import { isFresh } from '../../shared/alerting/failed-deliveries.ts';
import type { Alert } from '../../shared/alerting/alert.ts';
import { OWN_RULE_ID, activeOwn, advanceOwn } from '../../shared/alerting/own-alerts.ts';
import type { OwnFinding } from '../../shared/alerting/own-alerts.ts';
import { behindFindings, failedDeliveryFindings, isErrorUnknown, isLate, lateSenderFindings, ruleErrorFindings } from '../../shared/alerting/own-findings.ts';
import { findIntegration } from '../../shared/alerting/receivers.ts';
import type { AlertmanagerConfig } from '../../shared/alerting/receivers.ts';
import type { SlotClock } from '../../shared/alerting/slots.ts';
import { knowRule } from '../../shared/alerting/state-items.ts';
import type { AlertsByLabels } from '../../shared/alerting/state-items.ts';
import { storeTransitions } from '../../shared/alerting/transitions.ts';
import { listSenders } from '../../shared/catalog/senders.ts';
import type { Sender } from '../../shared/catalog/senders.ts';
import type { RuleSet } from '../../shared/rules/rule-group.ts';
import type { EvaluateMemory } from './memory.ts';
import type { TickScope } from './tick-scope.ts';

/** As often as the store writes the list; 10,000 senders are 175 read units each time (catalog/senders.ts). */
const READ_SENDERS_EVERY_MS = 60_000;

const NONE: AlertsByLabels = new Map<string, Alert>();

export interface OwnTick {
  readonly rules: RuleSet;
  readonly alertmanager: AlertmanagerConfig;
  readonly clock: SlotClock;
}

/**
 * Moves the alerts that Tidemark raises of itself, by what the holder knows: no query may fail here, and no rule file names them.
 * They lie among the alerts of rules, and are grouped, muted and told like these.
 */
export const evaluateOwn = async (scope: TickScope, tick: OwnTick, memory: EvaluateMemory): Promise<void> => {
  const { ports, lease, report } = scope;
  const before = scope.memory.alerts.get(OWN_RULE_ID) ?? NONE;
  const findings = findingsOf(scope, tick, await readSenders(scope, tick.clock, memory), before);
  const { alerts, changes } = advanceOwn(before, findings, tick.clock.nowMs, (alert) => isErrorUnknown(alert, scope.memory.cursors));
  if (changes.length > 0) {
    const known = { ruleId: OWN_RULE_ID, group: OWN_RULE_ID, name: OWN_RULE_ID };
    const transitions = changes.map(({ key, alert }) => ({ rule: known, key, before: before.get(key), alert, atMs: tick.clock.nowMs }));
    await storeTransitions(ports.alerts, lease, transitions, scope.memory.known.has(OWN_RULE_ID) ? [] : [knowRule(known)]);
    scope.memory.known.set(OWN_RULE_ID, known);
    report.transitions += changes.length;
  }
  scope.memory.alerts.set(OWN_RULE_ID, alerts);
  report.behind = activeOwn(alerts, 'TidemarkBehind').length > 0;
};

const findingsOf = ({ memory, report }: TickScope, { rules, alertmanager, clock }: OwnTick, senders: readonly Sender[], before: AlertsByLabels): readonly OwnFinding[] => {
  const isBehind = activeOwn(before, 'TidemarkBehind').length > 0;
  const failures = memory.failures.filter((failure) => isFresh(failure, clock.nowMs));
  const failed = failedDeliveryFindings(failures, (integration) => findIntegration(alertmanager, integration) !== undefined);
  report.failedDeliveries = failed.length;
  return [
    ...behindFindings({ ...clock, incompleteSlots: report.incompleteSlots, isActive: isBehind }),
    ...ruleErrorFindings(rules.groups, memory.cursors),
    ...lateSenderFindings(senders, activeOwn(before, 'TidemarkSenderLate'), clock),
    ...failed,
  ];
};

const readSenders = async ({ ports, report }: TickScope, { nowMs, latenessMs }: SlotClock, memory: EvaluateMemory): Promise<readonly Sender[]> => {
  if (memory.senders === undefined || Math.abs(nowMs - memory.senders.readAtMs) >= READ_SENDERS_EVERY_MS) {
    memory.senders = { readAtMs: nowMs, list: await listSenders(ports.catalog, nowMs) };
  }
  const { list } = memory.senders;
  report.senders = list.length;
  report.lateSenders = list.filter((sender) => isLate(sender, latenessMs, nowMs)).length;
  return list;
};
