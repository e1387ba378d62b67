import type { BacktestPorts, History, Pager } from '../../../shared/backtest/backtest-ports.ts';
import type { BacktestReport, Episode } from '../../../shared/backtest/report.ts';
import { runBacktest } from '../../../shared/backtest/run-backtest.ts';
import type { DueRange } from '../../../shared/backtest/slot-grid.ts';
import { METRIC_NAME, makeLabels } from '../../../shared/model/labels.ts';
import type { SelectSeries } from '../../../shared/promql/series-source.ts';
import type { PointValue } from '../../../shared/rules/point-block.ts';
import { parseRuleFile } from '../../../shared/rules/rule-file.ts';
import type { RuleGroup } from '../../../shared/rules/rule-group.ts';
import { TestSeries } from '../../../shared/rules/unit-tests/test-series.ts';
import { newBuckets } from '../../../shared/tiers/bucket.ts';

export const MINUTE = 60_000;
/** On the grid of hours. */
export const START = 1_700_002_800_000;

/** What is stored, all of it raw. */
export const historyOf = (select: SelectSeries): History => ({
  select,
  tiers: async (request) => ({ raw: await select(request), buckets: { ...newBuckets(0), labels: [], offsets: new Uint32Array(1) }, segments: [] }),
});

export const portsOf = (history: History, pager?: Pager): BacktestPorts => ({
  openHistory: () => history,
  check: () => undefined,
  yieldTurn: async () => undefined,
  externalLabels: [],
  externalUrl: '',
  ...(pager && { pager }),
});

export const groupsOf = (text: string, file = 'rules.yml'): readonly RuleGroup[] => {
  const { groups, errors } = parseRuleFile(text, file);
  if (errors.length > 0) throw new Error(errors.join('\n'));
  return groups;
};

/** One value every ten seconds from START on; undefined is a gap. */
export const fill = (series: TestSeries, metric: string, labels: Readonly<Record<string, string>>, values: readonly (PointValue | undefined)[]): void =>
  series.add(
    makeLabels([[METRIC_NAME, metric], ...Object.entries(labels)]),
    values.flatMap((value, i) => (value === undefined ? [] : [{ tMs: START + i * 10_000, value }])),
  );

/** Runs a set to its end. */
export const reportOf = async (groups: readonly RuleGroup[], ports: BacktestPorts, range: DueRange): Promise<BacktestReport> => {
  const steps = runBacktest([{ groups, ports }], range);
  for (;;) {
    const step = await steps.next();
    if (step.done === true) return step.value[0] as BacktestReport;
  }
};

/** `Name{labels} active+fired-ended` in minutes since START. */
export const episodeText = ({ labels, activeAtMs, firedAtMs, endedAtMs }: Episode): string => {
  const minutes = (tMs: number | undefined): string => (tMs === undefined ? '' : String((tMs - START) / MINUTE));
  return `${labels.map(([name, value]) => `${name}=${value}`).join(',')} ${minutes(activeAtMs)}+${minutes(firedAtMs)}-${minutes(endedAtMs)}`;
};
