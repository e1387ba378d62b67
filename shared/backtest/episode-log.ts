import type { RuleGroup } from '../rules/rule-group.ts';
import type { PageLog } from './page-log.ts';
import type { BacktestReport, Episode, Figures } from './report.ts';
import { MAX_EPISODES } from './report.ts';
import { BusyTime, WEEK_MS } from './rule-log.ts';
import type { RuleLog } from './rule-log.ts';
import type { DueRange } from './slot-grid.ts';

export interface RunOutcome {
  readonly groups: readonly RuleGroup[];
  /** By rule id. */
  readonly logs: ReadonlyMap<string, RuleLog>;
  readonly range: DueRange;
  readonly pages?: PageLog;
}

/** The episodes of all rules, as far as they are kept, and the report that they end in. */
export class EpisodeLog {
  private readonly kept: Episode[] = [];
  private leftOut = 0;

  take(ended: readonly Episode[]): void {
    for (const episode of ended) {
      if (this.kept.length < MAX_EPISODES) this.kept.push(episode);
      else this.leftOut++;
    }
  }

  report({ groups, logs, range, pages }: RunOutcome): BacktestReport {
    const weeks = (range.toMs - range.fromMs) / WEEK_MS;
    const all = groups.flatMap((group) => group.rules.map(({ id }) => logs.get(id) as RuleLog));
    for (const log of all) this.take(log.stillOpen());
    const rules = all.map((log) => log.figures(weeks, range.toMs, pages !== undefined));
    const episodes = this.kept.toSorted((a, b) => a.activeAtMs - b.activeAtMs);
    const sum = (name: keyof Figures): number => rules.reduce((total, rule) => total + rule[name], 0);
    const paged = pages?.total ?? sum('alerts');
    const total: Figures = {
      alerts: sum('alerts'),
      pendingOnly: sum('pendingOnly'),
      pages: paged,
      pagesPerWeek: paged / weeks,
      firingMinutes: busyMinutes(episodes, range),
      longestMinutes: rules.reduce((most, { longestMinutes }) => Math.max(most, longestMinutes), 0),
      series: sum('series'),
      errors: sum('errors'),
    };
    return { rules, total, ...(pages && { receivers: pages.receivers() }), episodes, episodesLeftOut: this.leftOut, notes: notesOf(this.leftOut) };
  }
}

const notesOf = (leftOut: number): readonly string[] =>
  leftOut === 0 ? [] : [`${leftOut} episodes are counted and not listed, ${MAX_EPISODES} are; the total of firing minutes is of those that are listed`];

/** Minutes in which any of them fires. */
const busyMinutes = (episodes: readonly Episode[], { toMs }: DueRange): number => {
  const edges = episodes
    .flatMap(({ firedAtMs, endedAtMs }) => (firedAtMs === undefined ? [] : [{ tMs: firedAtMs, isEnd: false }, ...(endedAtMs === undefined ? [] : [{ tMs: endedAtMs, isEnd: true }])]))
    .sort((a, b) => a.tMs - b.tMs || Number(a.isEnd) - Number(b.isEnd));
  const busy = new BusyTime();
  for (const { tMs, isEnd } of edges) {
    if (isEnd) busy.end(tMs);
    else busy.begin(tMs);
  }
  return busy.minutes(toMs);
};
