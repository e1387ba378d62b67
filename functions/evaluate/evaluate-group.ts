import type { RuleStep } from '../../shared/alerting/advance-rule.ts';
import { alertSeries } from '../../shared/alerting/alert-series.ts';
import { advanceCursor } from '../../shared/alerting/cursors.ts';
import type { Scan } from '../../shared/alerting/cursors.ts';
import { dueSlots } from '../../shared/alerting/slots.ts';
import type { Slot, SlotClock } from '../../shared/alerting/slots.ts';
import { inParallel } from '../../shared/alerting/spread.ts';
import { knowRule } from '../../shared/alerting/state-items.ts';
import type { KnownRule } from '../../shared/alerting/state-items.ts';
import { storeTransitions } from '../../shared/alerting/transitions.ts';
import type { Transition } from '../../shared/alerting/transitions.ts';
import { afterSlot, endedInStage, endedSeries, overlayOf } from '../../shared/rules/group-series.ts';
import type { GroupSeries } from '../../shared/rules/group-series.ts';
import type { RecordedSample } from '../../shared/rules/recorded-samples.ts';
import { hasSql } from '../../shared/rules/rule-group.ts';
import type { AlertingRule, Rule, RuleGroup } from '../../shared/rules/rule-group.ts';
import { stagesOf } from '../../shared/rules/rule-stages.ts';
import { evaluateRule } from './evaluate-rule.ts';
import type { RuleOutcome, RuleResult, SlotRun } from './evaluate-rule.ts';
import { keepRoster } from './find-missing.ts';
import { lastSeries, sentAtMs } from './last-series.ts';
import { recordSlot, sweepOutbox } from './record-slot.ts';
import type { TickScope } from './tick-scope.ts';

/** Rules of one slot that are evaluated at once: enough to hide the latency of reads, few enough for the memory. */
const RULES_PARALLEL = 4;

/** Every slot of the group that is due, oldest first: transitions, then the series that it makes, then the cursor. */
export const evaluateGroup = async (scope: TickScope, group: RuleGroup, clock: SlotClock): Promise<void> => {
  const { memory, ports, report, statements } = scope;
  const askBehindMs = hasSql(group) ? (ports.sql?.behindMs ?? 0) : 0;
  const askedMs = statements.askedSlotMs(group);
  // A group's first slot stays due while its statements run, also when they take until the next.
  const cursorMs = memory.cursors.get(group.id)?.slotMs ?? (askedMs === undefined ? undefined : askedMs - 1);
  const { slots, skipped, waits } = dueSlots({ ...group, queryOffsetMs: group.queryOffsetMs + askBehindMs }, cursorMs, clock);
  report.skippedSlots += skipped;
  let answered = 0;
  for (const slot of slots) {
    // In an incomplete slot statements say nothing, so none is asked.
    if (slot.complete && !statements.areDone(ports, group, slot.slotMs)) break;
    await evaluateSlot(scope, group, slot, clock);
    statements.forget(group);
    answered++;
  }
  if (waits || answered < slots.length) report.waitingGroups++;
};

const evaluateSlot = async (scope: TickScope, group: RuleGroup, slot: Slot, clock: SlotClock): Promise<void> => {
  const { memory, report } = scope;
  const { slotMs, complete } = slot;
  const before = await lastSeries(scope, group);
  const { made, silent, errors, scans } = await evaluateRules({ scope, group, slot, overlay: overlayOf(before, clock.watermarkMs ?? 0) }, before);
  const ended = complete ? endedSeries(before, made, silent) : [];
  const { series, wrote, writes } = await recordSlot(scope, group, slotMs, { samples: [...made.values()].flat(), ended });
  const cursor = { groupId: group.id, slotMs, complete, errors, wrote, scans };
  await advanceCursor(scope.ports.alerts, scope.lease, cursor, writes);
  memory.cursors.set(group.id, cursor);
  memory.series.set(group.id, afterSlot(before, made, silent, { slotMs, sentAtMs: sentAtMs(scope, group, slotMs), series }, clock.watermarkMs ?? 0));
  if (wrote) await sweepOutbox(scope, group, slotMs);
  report.slots++;
  if (!complete) report.incompleteSlots++;
};

interface SlotOutcome {
  /** The series of each rule that gave a result, by its id. */
  readonly made: ReadonlyMap<string, readonly RecordedSample[]>;
  /** Rules that gave none: what they made before goes on. */
  readonly silent: ReadonlySet<string>;
  readonly errors: ReadonlyMap<string, string>;
  readonly scans: ReadonlyMap<string, Scan>;
}

/** Stage after stage, each over what the earlier ones made. */
const evaluateRules = async (run: SlotRun, before: GroupSeries): Promise<SlotOutcome> => {
  const { scope, group, slot, overlay } = run;
  const made = new Map<string, readonly RecordedSample[]>();
  const silent = new Set<string>();
  const errors = new Map<string, string>();
  const scans = new Map<string, Scan>();
  const stages = stagesOf(group.rules);
  for (const [i, stage] of stages.entries()) {
    const outcomes = await inParallel(stage, RULES_PARALLEL, (rule) => evaluateRule(run, rule));
    for (const outcome of outcomes) {
      const { rule, result, error, scan } = outcome;
      countOutcome(scope, outcome);
      if (error !== undefined) errors.set(rule.id, error);
      if (scan !== undefined) scans.set(rule.id, scan);
      if (result === undefined) silent.add(rule.id);
      else made.set(rule.id, await storeResult(run, rule, result));
    }
    const ended = slot.complete ? endedInStage(before, made, stage, stages.slice(i + 1).flat()) : [];
    overlay.add(slot.slotMs, { samples: stage.flatMap((rule) => made.get(rule.id) ?? []), ended });
  }
  return { made, silent, errors, scans };
};

const countOutcome = ({ report }: TickScope, { error, scan }: RuleOutcome): void => {
  report.evaluations++;
  if (error !== undefined) report.ruleErrors++;
  if (scan === undefined) return;
  report.statements++;
  report.scannedBytes += scan.bytes;
  report.scanDollars += scan.dollars;
};

/** Stores the transitions of a rule. What it makes of series is for the end of the slot. */
const storeResult = async ({ scope, group, slot }: SlotRun, rule: Rule, result: RuleResult): Promise<readonly RecordedSample[]> => {
  if ('recorded' in result) return result.recorded;
  await storeChanges(scope, { ruleId: rule.id, group: group.id, name: (rule as AlertingRule).name }, slot.slotMs, result);
  scope.memory.alerts.set(rule.id, result.alerts);
  if (result.roster !== undefined) await keepRoster(scope, rule.id, result.roster);
  return alertSeries(result.alerts);
};

const storeChanges = async ({ memory, ports, lease, report }: TickScope, rule: KnownRule, atMs: number, { changes }: RuleStep): Promise<void> => {
  if (changes.length === 0) return;
  const before = memory.alerts.get(rule.ruleId);
  const transitions = changes.map(({ key, alert }): Transition => ({ rule, key, before: before?.get(key), alert, atMs }));
  await storeTransitions(ports.alerts, lease, transitions, memory.known.has(rule.ruleId) ? [] : [knowRule(rule)]);
  memory.known.set(rule.ruleId, rule);
  report.transitions += transitions.length;
};
