import { firesOnAbsence } from '../../shared/alerting/absence.ts';
import { advanceRule } from '../../shared/alerting/advance-rule.ts';
import type { RuleStep } from '../../shared/alerting/advance-rule.ts';
import type { Alert } from '../../shared/alerting/alert.ts';
import { alertSeries } from '../../shared/alerting/alert-series.ts';
import { advanceCursor } from '../../shared/alerting/cursors.ts';
import { NOTHING_MISSING, ROSTER_MS, ROSTER_STEP_MS, findNoData } from '../../shared/alerting/no-data.ts';
import { samplesOfRule } from '../../shared/alerting/rule-samples.ts';
import { dueSlots } from '../../shared/alerting/slots.ts';
import type { Slot, SlotClock } from '../../shared/alerting/slots.ts';
import { inParallel } from '../../shared/alerting/spread.ts';
import { knowRule } from '../../shared/alerting/state-items.ts';
import type { KnownRule } from '../../shared/alerting/state-items.ts';
import { storeTransitions } from '../../shared/alerting/transitions.ts';
import type { Transition } from '../../shared/alerting/transitions.ts';
import { messageOf } from '../../shared/errors.ts';
import type { InstantSample } from '../../shared/promql/query-result.ts';
import type { SelectSeries } from '../../shared/promql/series-source.ts';
import { afterSlot, endedSeries, overlayOf } from '../../shared/rules/group-series.ts';
import type { Overlay } from '../../shared/rules/overlay.ts';
import { recordedSamples } from '../../shared/rules/recorded-samples.ts';
import type { RecordedSample } from '../../shared/rules/recorded-samples.ts';
import type { AlertingRule, Rule, RuleGroup } from '../../shared/rules/rule-group.ts';
import { stagesOf } from '../../shared/rules/rule-stages.ts';
import { instantQuery, queriedLabels } from './instant-query.ts';
import { lastSeries } from './last-series.ts';
import { recordSlot, sweepOutbox } from './record-slot.ts';
import type { TickScope } from './tick-scope.ts';

/** Rules of one slot that are evaluated at once: enough to hide the latency of reads, few enough for the memory. */
const RULES_PARALLEL = 4;

/**
 * A rule that computes for longer ends as an error: it would hold back all others. 50 million samples, the most that a query
 * may read, take some seconds. One that takes longer than its group's interval would never keep up.
 */
const RULE_TIMEOUT_MS = 10_000;

/** Every slot of the group that is due, oldest first: transitions, then the series that it makes, then the cursor. */
export const evaluateGroup = async (scope: TickScope, group: RuleGroup, clock: SlotClock): Promise<void> => {
  const { memory, report } = scope;
  const { slots, skipped, waits } = dueSlots(group, memory.cursors.get(group.id)?.slotMs, clock);
  report.skippedSlots += skipped;
  if (waits) report.waitingGroups++;
  for (const slot of slots) await evaluateSlot(scope, group, slot, clock);
};

const evaluateSlot = async (scope: TickScope, group: RuleGroup, slot: Slot, clock: SlotClock): Promise<void> => {
  const { memory, report } = scope;
  const { slotMs, complete } = slot;
  const before = await lastSeries(scope, group, clock.nowMs);
  const { made, silent, errors } = await evaluateRules({ scope, group, slot, overlay: overlayOf(before, clock.watermarkMs ?? 0) });
  const ended = complete ? endedSeries(before, made, silent) : [];
  const { series, wrote, writes } = await recordSlot(scope, group, slotMs, { samples: [...made.values()].flat(), ended });
  const cursor = { groupId: group.id, slotMs, complete, errors, wrote };
  await advanceCursor(scope.ports.alerts, scope.lease, cursor, writes);
  memory.cursors.set(group.id, cursor);
  memory.series.set(group.id, afterSlot(before, made, silent, { slotMs, sentAtMs: clock.nowMs, series }, clock.watermarkMs ?? 0));
  if (wrote) await sweepOutbox(scope, group, slotMs);
  report.slots++;
  if (!complete) report.incompleteSlots++;
};

interface SlotRun {
  readonly scope: TickScope;
  readonly group: RuleGroup;
  readonly slot: Slot;
  readonly overlay: Overlay;
}

interface SlotOutcome {
  /** The series of each rule that gave a result, by its id. */
  readonly made: ReadonlyMap<string, readonly RecordedSample[]>;
  /** Rules that gave none: what they made before goes on. */
  readonly silent: ReadonlySet<string>;
  readonly errors: ReadonlyMap<string, string>;
}

/** Stage after stage, each over what the earlier ones made. */
const evaluateRules = async (run: SlotRun): Promise<SlotOutcome> => {
  const { scope, group, slot, overlay } = run;
  const made = new Map<string, readonly RecordedSample[]>();
  const silent = new Set<string>();
  const errors = new Map<string, string>();
  for (const stage of stagesOf(group.rules)) {
    const outcomes = await inParallel(stage, RULES_PARALLEL, (rule) => evaluateRule(run, rule));
    for (const { rule, result, error } of outcomes) {
      scope.report.evaluations++;
      if (error !== undefined) {
        errors.set(rule.id, error);
        scope.report.ruleErrors++;
      }
      if (result === undefined) silent.add(rule.id);
      else made.set(rule.id, await storeResult(run, rule, result));
    }
    overlay.add(slot.slotMs, { samples: stage.flatMap((rule) => made.get(rule.id) ?? []), ended: [] });
  }
  return { made, silent, errors };
};

type RuleResult = RuleStep | { readonly recorded: readonly RecordedSample[] };

interface RuleOutcome {
  readonly rule: Rule;
  /** Undefined when the rule said nothing in this slot. */
  readonly result: RuleResult | undefined;
  readonly error: string | undefined;
}

/** An error is a state of the rule: it resolves nothing, and does not stop other rules. */
const evaluateRule = async (run: SlotRun, rule: Rule): Promise<RuleOutcome> => {
  // A result of half the samples would be a wrong one for ever: the series has a gap instead.
  const mayBeWrong = !run.slot.complete && (rule.kind === 'recording' || firesOnAbsence(rule.expr));
  if (mayBeWrong) return { rule, result: undefined, error: undefined };
  try {
    return { rule, result: await resultOf(run, rule), error: undefined };
  } catch (error) {
    return { rule, result: undefined, error: messageOf(error) };
  }
};

const resultOf = async ({ scope, group, slot, overlay }: SlotRun, rule: Rule): Promise<RuleResult> => {
  const { ports, memory } = scope;
  const select: SelectSeries = overlay.over(scope.select);
  const time = { clockMs: ports.clockMs, timeoutMs: Math.min(RULE_TIMEOUT_MS, group.intervalMs) };
  const query = (text: string): Promise<readonly InstantSample[]> => instantQuery(select, text, slot.slotMs, time);
  const vector = await query(rule.query);
  if (rule.kind === 'recording') return { recorded: recordedSamples(rule, vector, group.limit) };
  const setting = { tMs: slot.slotMs, externalLabels: ports.externalLabels ?? [], externalUrl: ports.externalUrl, query };
  const alerts = memory.alerts.get(rule.id) ?? new Map<string, Alert>();
  const bounds = { startMs: slot.slotMs - ROSTER_MS, endMs: slot.slotMs, stepMs: ROSTER_STEP_MS };
  // In an incomplete slot nothing that is absent counts.
  const { missing, held } = slot.complete ? await findNoData(rule, alerts, { now: query, roster: (text) => queriedLabels(select, text, bounds, time) }) : NOTHING_MISSING;
  return advanceRule(rule, alerts, await samplesOfRule(rule, [...vector, ...missing], setting), slot, group.limit, held);
};

/** Stores the transitions of a rule. What it makes of series is for the end of the slot. */
const storeResult = async ({ scope, group, slot }: SlotRun, rule: Rule, result: RuleResult): Promise<readonly RecordedSample[]> => {
  if ('recorded' in result) return result.recorded;
  await storeChanges(scope, { ruleId: rule.id, group: group.id, name: (rule as AlertingRule).name }, slot.slotMs, result);
  scope.memory.alerts.set(rule.id, result.alerts);
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
