import { messageOf } from '../errors.ts';
import type { Labels } from '../model/labels.ts';
import { evaluateInstant, evaluateRange } from '../promql/engine.ts';
import { instantVector } from '../promql/query-result.ts';
import type { InstantSample } from '../promql/query-result.ts';
import { NO_SERIES, afterSlot, endedInStage, endedSeries } from '../rules/group-series.ts';
import type { GroupSeries } from '../rules/group-series.ts';
import { recordedSamples } from '../rules/recorded-samples.ts';
import type { RecordedSample } from '../rules/recorded-samples.ts';
import type { Rule, RuleGroup } from '../rules/rule-group.ts';
import type { RuleTest } from '../rules/unit-tests/test-file.ts';
import { TestSeries } from '../rules/unit-tests/test-series.ts';
import { advanceRule } from './advance-rule.ts';
import { alertSeries } from './alert-series.ts';
import type { Alert } from './alert.ts';
import { findNoData } from './no-data.ts';
import { ROSTER_STEP_MS, lastSeenIn } from './roster.ts';
import type { Roster, SeenSeries } from './roster.ts';
import { samplesOfRule } from './rule-samples.ts';
import type { AlertsByLabels } from './state-items.ts';

const NO_ALERTS: AlertsByLabels = new Map();

/** Rules in virtual time, over the series of a test: what the evaluator does in complete slots. */
export class TestRun {
  /** By group, rule and time: what went wrong. */
  readonly errors: string[] = [];
  private readonly series = new TestSeries();
  private readonly groups: readonly RuleGroup[];
  private readonly test: RuleTest;
  private readonly alerts = new Map<string, AlertsByLabels>();
  private readonly rosters = new Map<string, Roster>();
  private readonly made = new Map<string, GroupSeries>();

  constructor(test: RuleTest, groups: readonly RuleGroup[]) {
    this.test = test;
    this.groups = groups;
    for (const { labels, values } of test.series) {
      this.series.add(
        labels,
        values.flatMap((value, i) => (value === undefined ? [] : [{ tMs: i * test.intervalMs, value }])),
      );
    }
  }

  /** One slot of every group, in their order. */
  async evaluate(tMs: number): Promise<void> {
    for (const group of this.groups) await this.evaluateGroup(group, tMs);
  }

  query(expr: string, tMs: number): Promise<readonly InstantSample[]> {
    return evaluateInstant((request) => this.series.select({ ...request, toMs: Math.min(request.toMs, tMs) }), expr, tMs).then(instantVector);
  }

  /** Firing alerts of every rule of that name. */
  firing(alertname: string): readonly Alert[] {
    const rules = this.groups.flatMap((group) => group.rules.filter((rule) => rule.kind === 'alerting' && rule.name === alertname));
    return rules.flatMap((rule) => [...(this.alerts.get(rule.id) ?? NO_ALERTS).values()]).filter(({ phase }) => phase === 'firing');
  }

  private async evaluateGroup(group: RuleGroup, tMs: number): Promise<void> {
    const before = this.made.get(group.id) ?? NO_SERIES;
    const made = new Map<string, readonly RecordedSample[]>();
    const silent = new Set<string>();
    for (const [i, rule] of group.rules.entries()) {
      try {
        const samples = await this.evaluateRule(group, rule, tMs);
        made.set(rule.id, samples);
        for (const { labels, value, histogram } of samples) this.series.add(labels, [{ tMs, value: histogram ?? value }]);
      } catch (error) {
        silent.add(rule.id);
        this.errors.push(`group: ${group.name}, rule: ${rule.name}, time: ${tMs / 1000}s, err: ${messageOf(error)}`);
      }
      this.end(endedInStage(before, made, [rule], group.rules.slice(i + 1)), tMs);
    }
    this.end(endedSeries(before, made, silent), tMs);
    this.made.set(group.id, afterSlot(before, made, silent, { slotMs: tMs, sentAtMs: tMs, series: { samples: [], ended: [] } }, tMs));
  }

  private end(series: readonly Labels[], tMs: number): void {
    for (const labels of series) this.series.add(labels, [{ tMs, value: 'stale' }]);
  }

  private async evaluateRule(group: RuleGroup, rule: Rule, tMs: number): Promise<readonly RecordedSample[]> {
    const vector = await this.query(rule.query, tMs);
    if (rule.kind === 'recording') return recordedSamples(rule, vector, group.limit);
    const setting = { tMs, externalLabels: this.test.externalLabels, externalUrl: this.test.externalUrl, query: (text: string) => this.query(text, tMs) };
    const before = this.alerts.get(rule.id) ?? NO_ALERTS;
    const state = { alerts: before, roster: this.rosters.get(rule.id), retirements: [] };
    const { missing, held, roster } = await findNoData(rule, state, tMs, { now: setting.query, seen: (text, fromMs, toMs) => this.seen(text, fromMs, toMs) });
    const { alerts } = advanceRule(rule, before, await samplesOfRule(rule, [...vector, ...missing], setting), { slotMs: tMs, complete: true }, group.limit, held);
    this.alerts.set(rule.id, alerts);
    if (roster !== undefined) this.rosters.set(rule.id, roster);
    return alertSeries(alerts);
  }

  private async seen(query: string, fromMs: number, toMs: number): Promise<readonly SeenSeries[]> {
    if (toMs < 0) return []; // a test's time begins at 0
    return lastSeenIn(await evaluateRange(this.series.select, query, { startMs: Math.max(0, fromMs), endMs: toMs, stepMs: ROSTER_STEP_MS }));
  }
}
