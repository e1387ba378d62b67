import { HOUR_MS } from '../model/hour.ts';
import type { RuleGroup } from '../rules/rule-group.ts';
import type { BacktestPorts } from './backtest-ports.ts';
import type { BacktestReport } from './report.ts';
import { ChunkTooLarge, RuleSetRun } from './rule-set-run.ts';
import { countSlots } from './slot-grid.ts';
import type { DueRange } from './slot-grid.ts';

/** The hours of storage are the chunks: each file is read once, and an hour of a million samples is 16 MB. */
const CHUNK_MS = HOUR_MS;

/** A rule set, and what pages people for it. */
export interface TriedRules {
  readonly groups: readonly RuleGroup[];
  readonly ports: BacktestPorts;
}

export interface BacktestProgress {
  readonly slots: number;
  readonly of: number;
  /** Episodes of the first set that have fired so far. */
  readonly alerts: number;
}

/**
 * Rule sets over the same history, chunk by chunk side by side, so that what one has read is there for the next. Yields behind each
 * chunk; returns the reports in the order of the sets.
 * @throws BrokenOff when history cannot be read or nobody waits; PermanentError past a limit.
 */
export async function* runBacktest(sets: readonly TriedRules[], range: DueRange): AsyncGenerator<BacktestProgress, readonly BacktestReport[]> {
  const runs = sets.map(({ groups, ports }) => new RuleSetRun(groups, ports, range));
  const count = (part: DueRange): number => sets.reduce((sum, { groups }) => sum + groups.reduce((inner, group) => inner + countSlots(group, part), 0), 0);
  const of = count(range);
  let slots = 0;
  for (let fromMs = range.fromMs; fromMs < range.toMs; ) {
    const toMs = Math.min(range.toMs, (Math.floor(fromMs / CHUNK_MS) + 1) * CHUNK_MS);
    for (const run of runs) await stepInParts(run, { fromMs, toMs });
    slots += count({ fromMs, toMs });
    yield { slots, of, alerts: runs[0]?.fired ?? 0 };
    fromMs = toMs;
  }
  const reports: BacktestReport[] = [];
  for (const run of runs) reports.push(await run.end());
  return reports;
}

/** A chunk that is too large as a whole is done in halves. */
const stepInParts = async (run: RuleSetRun, chunk: DueRange): Promise<void> => {
  try {
    await run.step(chunk);
  } catch (error) {
    if (!(error instanceof ChunkTooLarge)) throw error;
    const middleMs = Math.floor((chunk.fromMs + chunk.toMs) / 2);
    await stepInParts(run, { fromMs: chunk.fromMs, toMs: middleMs });
    await stepInParts(run, { fromMs: middleMs, toMs: chunk.toMs });
  }
};
