import { randomBytes } from 'node:crypto';
import { messageOf } from '../../shared/errors.ts';
import type { CompactRun } from './compact-messages.ts';
import type { Compact } from './compact-thread.ts';
import type { Say } from './live-files.ts';
import { type Running, runOnGrid, sayOnce } from './on-grid.ts';
import type { ProductMetrics } from './product-metrics.ts';

export interface CompactorTiming {
  /** From the begin of one step to that of the next. Default a minute, as the schedule on AWS. */
  readonly everyMs?: number;
  /** Hot files from which an open hour is merged; see `compaction/plan.ts` for the default. */
  readonly openHotFiles?: number;
}

export interface CompactorOptions {
  readonly compact: Compact;
  readonly timing?: CompactorTiming;
  readonly metrics: ProductMetrics;
  readonly say: Say;
}

const MINUTE_MS = 60_000;

/** Compacts what is due until it is stopped. */
export const runCompactor = ({ compact, timing = {}, metrics, say }: CompactorOptions): Running => {
  const { everyMs = MINUTE_MS, openHotFiles } = timing;
  const tell = sayOnce('compact', say);
  return runOnGrid(everyMs, 'next', async (stopping) => {
    const run: CompactRun = {
      nowMs: Date.now(),
      attempt: randomBytes(6).toString('hex'),
      ...(openHotFiles === undefined ? {} : { openHotFiles }),
    };
    try {
      metrics.compacted(await compact(run, stopping));
      tell('');
    } catch (error) {
      metrics.failed('compact');
      tell(messageOf(error));
    }
  });
};
