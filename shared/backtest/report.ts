import type { Labels } from '../model/labels.ts';
import type { TierName } from '../promql/tier-source.ts';

/** One life of an alert, from its first match until it ends. */
export interface Episode {
  readonly ruleId: string;
  readonly labels: Labels;
  readonly activeAtMs: number;
  /** Undefined of one that was pending alone. */
  readonly firedAtMs?: number;
  /** Undefined where the range ends before it does. */
  readonly endedAtMs?: number;
}

export interface Figures {
  /** Episodes that fired. */
  readonly alerts: number;
  /** Episodes that ended, or had come to the end of the range, without firing. */
  readonly pendingOnly: number;
  /** Notifications of something that fires; without a pipeline, episodes that fired. Of a rule, those that name an alert of it. */
  readonly pages: number;
  readonly pagesPerWeek: number;
  /** Minutes in which at least one alert fired. */
  readonly firingMinutes: number;
  /** Of the longest episode, in minutes of firing. */
  readonly longestMinutes: number;
  /** Distinct label sets that were pending or firing. */
  readonly series: number;
  /** Slots that ended in an error. */
  readonly errors: number;
}

export interface RuleFigures extends Figures {
  readonly ruleId: string;
  readonly file: string;
  readonly group: string;
  readonly name: string;
  readonly kind: 'alerting' | 'recording';
  readonly firstError?: { readonly atMs: number; readonly text: string };
  /** What answered its queries. */
  readonly tiers: readonly TierName[];
}

/** What one receiver would have been sent. */
export interface ReceiverPages {
  readonly receiver: string;
  /** Notifications of something that fires, repeats too. */
  readonly pages: number;
  /** Notifications of ends alone. */
  readonly resolved: number;
}

/** What reading has cost. */
export interface BacktestCost {
  readonly samples: number;
  readonly files: number;
  readonly bytes: number;
  readonly requests: number;
  readonly dollars: number;
}

/** A rule set over a time of history. */
export interface BacktestReport {
  /** In the order of the files. */
  readonly rules: readonly RuleFigures[];
  readonly total: Figures;
  /** Undefined where no pipeline was given: pages are then episodes that fired. */
  readonly receivers?: readonly ReceiverPages[];
  /** By their beginning, up to {@link MAX_EPISODES}. */
  readonly episodes: readonly Episode[];
  readonly episodesLeftOut: number;
  /** What the figures do not show by themselves. */
  readonly notes: readonly string[];
}

/** What stands in reports and pictures: some 30 MB of JSON. The figures count all. */
export const MAX_EPISODES = 100_000;

/** A time of the range that one tier answers. */
export interface TierSpan {
  readonly tier: TierName;
  readonly fromMs: number; // inclusive
  readonly toMs: number; // exclusive
}

/** What a backtest is going to do. */
export interface BacktestPlan {
  readonly fromMs: number; // inclusive
  readonly toMs: number; // exclusive
  readonly groups: number;
  readonly rules: number;
  readonly slots: number;
  /** Rules times slots. */
  readonly evaluations: number;
  /** Rows that lie compacted in the time, of all series: no more are read. */
  readonly storedRows: number;
  readonly spans: readonly TierSpan[];
  readonly notes: readonly string[];
}

/** What is told of a run as it goes on, a line each. */
export type BacktestMessage =
  | { readonly plan: BacktestPlan }
  | { readonly progress: { readonly slots: number; readonly of: number; readonly alerts: number } }
  | { readonly done: { readonly after: BacktestReport; readonly before?: BacktestReport; readonly cost: BacktestCost } }
  | { readonly error: string };
