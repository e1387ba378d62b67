import { mayFireOnAbsence } from '../../shared/alerting/absence.ts';
import { advanceRule } from '../../shared/alerting/advance-rule.ts';
import type { RuleStep } from '../../shared/alerting/advance-rule.ts';
import type { Alert } from '../../shared/alerting/alert.ts';
import type { Scan } from '../../shared/alerting/cursors.ts';
import { NOTHING_MISSING } from '../../shared/alerting/no-data.ts';
import { ROSTER_STEP_MS } from '../../shared/alerting/roster.ts';
import type { Roster } from '../../shared/alerting/roster.ts';
import { samplesOfRule } from '../../shared/alerting/rule-samples.ts';
import type { Slot } from '../../shared/alerting/slots.ts';
import { messageOf } from '../../shared/errors.ts';
import type { InstantSample } from '../../shared/promql/query-result.ts';
import type { Overlay } from '../../shared/rules/overlay.ts';
import { recordedSamples } from '../../shared/rules/recorded-samples.ts';
import type { RecordedSample } from '../../shared/rules/recorded-samples.ts';
import type { Rule, RuleGroup } from '../../shared/rules/rule-group.ts';
import { findMissing } from './find-missing.ts';
import { instantQuery, seenSeries } from './instant-query.ts';
import type { RuleReads } from './instant-query.ts';
import type { TickScope } from './tick-scope.ts';

/**
 * A rule that computes for longer ends as an error: it would hold back all others. 50 million samples, the most that a query
 * may read, take some seconds. One that takes longer than its group's interval would never keep up.
 */
const RULE_TIMEOUT_MS = 10_000;

export interface SlotRun {
  readonly scope: TickScope;
  readonly group: RuleGroup;
  readonly slot: Slot;
  readonly overlay: Overlay;
}

export type RuleResult = (RuleStep & { readonly roster: Roster | undefined }) | { readonly recorded: readonly RecordedSample[] };

export interface RuleOutcome {
  readonly rule: Rule;
  /** Undefined when the rule said nothing in this slot. */
  readonly result: RuleResult | undefined;
  readonly error: string | undefined;
  /** What its statement has read. */
  readonly scan?: Scan | undefined;
}

/** An error is a state of the rule: it resolves nothing, and does not stop other rules. */
export const evaluateRule = async (run: SlotRun, rule: Rule): Promise<RuleOutcome> => {
  // A result of half the samples would be a wrong one for ever: the series has a gap instead.
  const mayBeWrong = !run.slot.complete && (rule.kind === 'recording' || mayFireOnAbsence(rule.source));
  if (mayBeWrong) return { rule, result: undefined, error: undefined };
  const statement = rule.source.language === 'sql' ? run.scope.statements.take(run.group, rule) : undefined;
  if (statement !== undefined && 'error' in statement) return { rule, result: undefined, error: statement.error, scan: statement.scan };
  try {
    return { rule, result: await resultOf(run, rule, statement?.samples), error: undefined, scan: statement?.scan };
  } catch (error) {
    return { rule, result: undefined, error: messageOf(error), scan: statement?.scan };
  }
};

/** `given`: the answer of the rule's statement, where it has one. */
const resultOf = async ({ scope, group, slot, overlay }: SlotRun, rule: Rule, given: readonly InstantSample[] | undefined): Promise<RuleResult> => {
  const { ports, memory } = scope;
  const { slotMs } = slot;
  const { select, tiers } = scope.reads;
  const reads: RuleReads = { select: overlay.over(select), ...(tiers && { tiers: overlay.overTiers(tiers) }) };
  const time = { clockMs: ports.clockMs, timeoutMs: Math.min(RULE_TIMEOUT_MS, group.intervalMs) };
  const query = (text: string): Promise<readonly InstantSample[]> => instantQuery(reads, text, slotMs, time);
  const vector = given ?? (await query(rule.query));
  if (rule.kind === 'recording') return { recorded: recordedSamples(rule, vector, group.limit) };
  const setting = { tMs: slotMs, externalLabels: ports.externalLabels ?? [], externalUrl: ports.externalUrl, query };
  const alerts = memory.alerts.get(rule.id) ?? new Map<string, Alert>();
  const seen = (text: string, startMs: number, endMs: number) => seenSeries(reads, text, { startMs, endMs, stepMs: ROSTER_STEP_MS }, time);
  // In an incomplete slot nothing that is absent counts.
  const { missing, held, roster } = slot.complete ? await findMissing(scope, group, rule, slotMs, { now: query, seen }) : NOTHING_MISSING;
  return { ...advanceRule(rule, alerts, await samplesOfRule(rule, [...vector, ...missing], setting), slot, group.limit, held), roster };
};
