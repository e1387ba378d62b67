import type { AlertsByLabels } from '../alerting/state-items.ts';
import type { Labels } from '../model/labels.ts';
import type { SelectBatches } from '../promql/batch-source.ts';
import type { SelectSeries } from '../promql/series-source.ts';
import type { SelectTiers } from '../promql/tier-source.ts';

/** What is stored. */
export interface History {
  readonly select: SelectSeries;
  readonly tiers: SelectTiers;
  readonly batches?: SelectBatches;
}

/** One notification. */
export interface Page {
  readonly receiver: string;
  readonly status: 'firing' | 'resolved';
  /** Canonical labels JSON of the alerts in it that fire. */
  readonly firing: readonly string[];
}

/** The pipeline that makes notifications of alerts, in virtual time: each call tells it of all alerts, by rule id. */
export interface Pager {
  flush(alerts: ReadonlyMap<string, AlertsByLabels>, nowMs: number): Promise<PagerStep>;
}

export interface PagerStep {
  readonly pages: readonly Page[];
  /** The next timer of a group; undefined when there is none. */
  readonly nextFlushMs: number | undefined;
}

/** What a backtest works with. */
export interface BacktestPorts {
  /** As of now: called anew for each chunk. */
  readonly openHistory: () => History;
  /** Throws once nobody waits for the result. */
  readonly check: () => void;
  /** Lets others have their turn: called again and again while it computes. */
  readonly yieldTurn: () => Promise<void>;
  /** None where there is no pipeline. */
  readonly pager?: Pager;
  readonly externalLabels: Labels;
  /** Without a slash at the end. */
  readonly externalUrl: string;
}
