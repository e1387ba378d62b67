import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEvaluateMemory } from '../../functions/evaluate/evaluate.ts';
import type { Episode } from '../../shared/backtest/report.ts';
import { decodeHistogram } from '../../shared/histograms/histogram-bytes.ts';
import { EMPTY_HISTOGRAM } from '../../shared/histograms/histogram.ts';
import type { Histogram } from '../../shared/histograms/histogram.ts';
import { histogramAt } from '../../shared/model/histogram-column.ts';
import { labelsFromJson, makeLabels } from '../../shared/model/labels.ts';
import { bitsOf, isStaleAt } from '../../shared/model/stale.ts';
import type { RuleGroup } from '../../shared/rules/rule-group.ts';
import { TestSeries } from '../../shared/rules/unit-tests/test-series.ts';
import { decodeFrame, isHeartbeat } from '../../shared/wire/frame.ts';
import type { OutgoingRecord } from '../../shared/wire/record-stream.ts';
import { START, episodeText, fill, groupsOf, historyOf, portsOf, reportOf } from '../unit/backtest/history.ts';
import { World } from '../unit/evaluate/world.ts';

const TICK = 30_000;

const FAST = [
  '{record: "hosts:up", expr: "sum by (host) (up)"}',
  '{alert: Low, expr: "hosts:up < 1", for: 1m, keep_firing_for: 1m}',
  '{alert: Down, expr: "up == 0", for: 1m, labels: {severity: page, seen: "{{ $value }}"}}',
  '{record: "hosts:down", expr: "up == 0"}',
  '{alert: Again, expr: "hosts:down"}',
  '{alert: Busy, expr: "rate(requests[2m]) > 0.5"}',
  '{alert: Meta, expr: "ALERTS{alertname=\\"Down\\", alertstate=\\"firing\\"}", for: 30s}',
  '{record: "latency:sum", expr: "sum by (zone) (latency)"}',
  '{alert: Slow, expr: "histogram_avg(latency:sum) > 5"}',
  '{alert: Faster, expr: "histogram_count(rate(latency:sum[3m])) > 0.1"}',
  '{alert: Twice, expr: "requests / on (zone) up"}',
  '{alert: Silent, expr: "up == 0", no_data: alert}',
  '{alert: Kept, expr: "up == 0", no_data: keep}',
  '{alert: Named, expr: "up == 0", labels: {hosts: "{{ range query \\"hosts:up == 1\\" }}{{ .Labels.host }}{{ end }}"}}',
];
const SLOW = [
  '{alert: Few, expr: "sum(hosts:up) < 2", for: 2m}',
  '{alert: Mean, expr: "avg_over_time(hosts:up[3m]) < 0.7"}',
  '{record: "slow:count", expr: "count_over_time(up[90s])"}',
  '{alert: Sub, expr: "max_over_time((up == 0)[2m:30s]) == 0"}',
  '{alert: Late, expr: "up offset 1m == 0"}',
  '{alert: Gone, expr: "absent(up{host=\\"a\\"})", for: 1m}',
  '{alert: Own, expr: "slow:count < 5 and slow:count offset 1m < 5"}',
  '{alert: First, expr: "topk(1, requests) > 100"}',
  '{alert: Before, expr: "up @ end() == 0"}',
];

const value = fc.oneof({ weight: 6, arbitrary: fc.constantFrom<number>(0, 1) }, { weight: 1, arbitrary: fc.constantFrom('stale' as const, undefined) });
/** Stretches of ten seconds each. */
const states = fc.array(fc.tuple(value, fc.integer({ min: 1, max: 25 })), { minLength: 1, maxLength: 12 }).map((stretches) => stretches.flatMap(([each, times]) => Array.from({ length: times }, () => each)));
/** Growth, with restarts of the counter and gaps. */
const counter = fc.array(fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 0, max: 12 }) }, { weight: 1, arbitrary: fc.constantFrom('restart' as const, 'gap' as const) }), { minLength: 1, maxLength: 120 }).map((steps) => {
  let count = 0;
  return steps.map((step) => {
    if (step === 'gap') return undefined;
    count = step === 'restart' ? 0 : count + step;
    return count;
  });
});

const latencyOf = (count: number): Histogram => ({ ...EMPTY_HISTOGRAM, count, sum: count * (count % 10), positive: { indices: Int32Array.of(1, 3), counts: Float64Array.of(count, 0) } });

const world = fc.record({
  latencies: fc.array(counter, { maxLength: 2 }),
  ups: fc.array(states, { minLength: 1, maxLength: 3 }),
  requests: fc.array(counter, { maxLength: 2 }),
  fast: fc.subarray(FAST, { minLength: 1 }),
  slow: fc.subarray(SLOW),
  limit: fc.constantFrom(0, 0, 2),
  offset: fc.constantFrom('0s', '0s', '30s', '1m'),
  ticks: fc.integer({ min: 4, max: 40 }),
  restarts: fc.array(fc.integer({ min: 1, max: 39 }), { maxLength: 2 }),
});
type Given = typeof world extends fc.Arbitrary<infer T> ? T : never;

const rulesOf = ({ fast, slow, limit, offset }: Given): string =>
  `- {name: fast, interval: 30s, limit: ${limit}, rules: [${fast.join(', ')}]}\n` + (slow.length === 0 ? '' : `- {name: slow, interval: 1m, query_offset: ${offset}, rules: [${slow.join(', ')}]}\n`);

/** Both groups have a slot that is due then: an evaluator that starts takes the newest. */
const firstOf = ({ offset }: Given): number => (offset === '30s' ? START + TICK : START);

const seriesOf = ({ ups, requests, latencies }: Given): TestSeries => {
  const series = new TestSeries();
  ups.forEach((values, i) => fill(series, 'up', { host: 'abc'[i] as string, zone: 'z' }, values));
  requests.forEach((values, i) => fill(series, 'requests', { host: 'abc'[i] as string, zone: 'z' }, values));
  latencies.forEach((counts, i) => fill(series, 'latency', { host: 'abc'[i] as string, zone: 'z' }, counts.map((count) => (count === undefined ? undefined : latencyOf(count)))));
  return series;
};

const storeRecords = (series: TestSeries, records: readonly OutgoingRecord[]): void => {
  for (const { data } of records) {
    const frame = decodeFrame(data);
    if (isHeartbeat(frame)) continue;
    const { metrics, labels, offsets, tMs, values, histograms } = frame.batch;
    const bits = bitsOf(values);
    metrics.forEach((metric, k) => {
      const at = offsets[k] as number;
      const histogram = histogramAt(histograms, at);
      const number = isStaleAt(bits, at) ? 'stale' : (values[at] as number);
      series.add(labelsFromJson(metric, labels[k] as string), [{ tMs: tMs[at] as number, value: histogram === undefined ? number : decodeHistogram(histogram) }]);
    });
  }
};

interface Outcome {
  readonly episodes: readonly string[];
  /** Slots with an error, by rule. */
  readonly errors: Readonly<Record<string, number>>;
}

/** Episodes as somebody sees them who looks at the evaluator's memory behind each slot. */
class Watcher {
  readonly episodes: Episode[] = [];
  readonly errors: Record<string, number> = {};
  private readonly open = new Map<string, Episode>();

  look(group: RuleGroup, slotMs: number, { memory }: World): void {
    for (const rule of group.rules) {
      if (memory.alerts?.cursors.get(group.id)?.errors.has(rule.id) === true) this.errors[rule.name] = (this.errors[rule.name] ?? 0) + 1;
      const alerts = [...(memory.alerts?.alerts.get(rule.id) ?? [])].filter(([, { phase }]) => phase !== 'inactive');
      const active = new Map(alerts.map(([key, alert]) => [`${rule.id}${key}`, alert]));
      for (const [key, { phase, labels, activeAtMs, firedAtMs }] of active) {
        const first = this.open.get(key)?.labels ?? makeLabels(labels);
        this.open.set(key, { ruleId: rule.id, labels: first, activeAtMs, ...(phase === 'pending' || firedAtMs === undefined ? {} : { firedAtMs }) }); // a pending one tells when it fired in an earlier life
      }
      for (const [key, episode] of this.open) {
        if (episode.ruleId !== rule.id || active.has(key)) continue;
        this.open.delete(key);
        this.episodes.push({ ...episode, endedAtMs: slotMs });
      }
    }
  }

  outcome(): Outcome {
    return { episodes: [...this.episodes, ...this.open.values()].map(episodeText).sort(), errors: this.errors };
  }
}

const evaluated = async (given: Given, groups: readonly RuleGroup[]): Promise<Outcome> => {
  const series = seriesOf(given);
  const made = await World.open();
  try {
    made.rulesText = rulesOf(given);
    const records: OutgoingRecord[] = [];
    const ports = made.ports({ openSelect: () => series.select, putRecords: async (more) => void records.push(...more) });
    const watcher = new Watcher();
    for (let i = 0; i < given.ticks; i++) {
      const nowMs = firstOf(given) + i * TICK;
      if (given.restarts.includes(i)) made.memory = createEvaluateMemory(String(i).padStart(16, '0'));
      const report = await made.tick(nowMs + 16_000, nowMs + 16_000, ports);
      expect(report.errors).toEqual([]);
      // Seconds later it is stored: other groups see it from the next tick on.
      storeRecords(series, records.splice(0));
      for (const group of groups) {
        const slotMs = nowMs - group.queryOffsetMs;
        if (slotMs % group.intervalMs === 0) watcher.look(group, slotMs, made);
      }
    }
    return watcher.outcome();
  } finally {
    await made.close();
  }
};

const tried = async (given: Given, groups: readonly RuleGroup[]): Promise<Outcome> => {
  const { episodes, rules } = await reportOf(groups, portsOf(historyOf(seriesOf(given).select)), { fromMs: firstOf(given), toMs: firstOf(given) + given.ticks * TICK });
  return { episodes: episodes.map(episodeText).sort(), errors: Object.fromEntries(rules.flatMap(({ name, errors }) => (errors > 0 ? [[name, errors]] : []))) };
};

describe('a backtest', () => {
  it('gives what the evaluator gave slot by slot over the same samples', async () => {
    await fc.assert(
      fc.asyncProperty(world, async (given) => {
        const groups = groupsOf(rulesOf(given));
        expect(await tried(given, groups)).toEqual(await evaluated(given, groups));
      }),
      { numRuns: 40 },
    );
  });
});
