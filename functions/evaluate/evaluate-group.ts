import { firesOnAbsence } from '../../shared/alerting/absence.ts';
import { advanceRule } from '../../shared/alerting/advance-rule.ts';
import type { RuleStep } from '../../shared/alerting/advance-rule.ts';
import { advanceCursor } from '../../shared/alerting/cursors.ts';
import { samplesOfRule } from '../../shared/alerting/rule-samples.ts';
import { dueSlots } from '../../shared/alerting/slots.ts';
import type { Slot, SlotClock } from '../../shared/alerting/slots.ts';
import { inParallel } from '../../shared/alerting/spread.ts';
import { knowRule } from '../../shared/alerting/state-items.ts';
import { storeTransitions } from '../../shared/alerting/transitions.ts';
import type { Transition } from '../../shared/alerting/transitions.ts';
import { messageOf } from '../../shared/errors.ts';
import type { AlertingRule, RuleGroup } from '../../shared/rules/rule-group.ts';
import { instantQuery } from './instant-query.ts';
import type { TickScope } from './tick-scope.ts';

/** Rules of one slot that are evaluated at once: enough to hide the latency of reads, few enough for the memory. */
const RULES_PARALLEL = 4;

/**
 * A rule that computes for longer ends as an error: it would hold back all others. 50 million samples, the most that a query
 * may read, take some seconds. One that takes longer than its group's interval would never keep up.
 */
const RULE_TIMEOUT_MS = 10_000;

/** Every slot of the group that is due, oldest first: transitions, then the cursor. */
export const evaluateGroup = async (scope: TickScope, group: RuleGroup, clock: SlotClock): Promise<void> => {
  const { memory, report } = scope;
  const { slots, skipped, waits } = dueSlots(group, memory.cursors.get(group.id), clock);
  report.skippedSlots += skipped;
  if (waits) report.waitingGroups++;
  for (const slot of slots) await evaluateSlot(scope, group, slot);
};

interface RuleOutcome {
  readonly rule: AlertingRule;
  /** Undefined when the rule said nothing in this slot. */
  readonly step: RuleStep | undefined;
  readonly error: string | undefined;
}

const evaluateSlot = async (scope: TickScope, group: RuleGroup, slot: Slot): Promise<void> => {
  const { memory, report } = scope;
  const outcomes = await inParallel(group.rules, RULES_PARALLEL, (rule) => evaluateRule(scope, group, rule, slot));
  const errors = new Map<string, string>();
  for (const { rule, step, error } of outcomes) {
    report.evaluations++;
    if (error !== undefined) {
      errors.set(rule.id, error);
      report.ruleErrors++;
    }
    if (step !== undefined) await storeStep(scope, group, rule, step);
  }
  await advanceCursor(scope.ports.alerts, scope.lease, { groupId: group.id, slotMs: slot.slotMs, complete: slot.complete, errors });
  memory.cursors.set(group.id, slot.slotMs);
  report.slots++;
  if (!slot.complete) report.incompleteSlots++;
};

/** An error is a state of the rule: it resolves nothing, and does not stop other rules. */
const evaluateRule = async (scope: TickScope, group: RuleGroup, rule: AlertingRule, slot: Slot): Promise<RuleOutcome> => {
  if (!slot.complete && firesOnAbsence(rule.expr)) return { rule, step: undefined, error: undefined };
  try {
    const vector = await instantQuery(scope.ports.select, rule.query, slot.slotMs, {
      clockMs: scope.ports.clockMs,
      timeoutMs: Math.min(RULE_TIMEOUT_MS, group.intervalMs),
    });
    const step = advanceRule(rule, scope.memory.alerts.get(rule.id) ?? new Map(), samplesOfRule(rule, vector), slot, group.limit);
    return { rule, step, error: undefined };
  } catch (error) {
    return { rule, step: undefined, error: messageOf(error) };
  }
};

const storeStep = async (scope: TickScope, group: RuleGroup, rule: AlertingRule, step: RuleStep): Promise<void> => {
  const { memory, ports, report } = scope;
  if (step.changes.length > 0) {
    const known = { ruleId: rule.id, group: group.id, name: rule.name };
    const transitions = step.changes.map(({ key, alert }): Transition => ({ ruleId: rule.id, key, alert }));
    await storeTransitions(ports.alerts, scope.lease, transitions, memory.known.has(rule.id) ? [] : [knowRule(known)]);
    memory.known.set(rule.id, known);
    report.transitions += transitions.length;
  }
  memory.alerts.set(rule.id, step.alerts);
};
