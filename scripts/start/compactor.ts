import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { compactMinute, type MinuteOptions } from '../../functions/compact/compact.ts';
import type { CompactPorts } from '../../shared/compaction/compact-hour.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Say } from './live-files.ts';
import type { ProductMetrics } from './product-metrics.ts';

export interface CompactorTiming {
  /** From the begin of one step to that of the next. Default a minute, as the schedule on AWS. */
  readonly everyMs?: number;
  /** Hot files from which an open hour is merged; see `compaction/plan.ts` for the default. */
  readonly openHotFiles?: number;
}

export interface CompactorOptions {
  readonly ports: CompactPorts;
  readonly settings: Pick<MinuteOptions, 'promotedLabels' | 'buckets' | 'addressOf' | 'maxRows'>;
  readonly timing?: CompactorTiming;
  readonly metrics: ProductMetrics;
  readonly say: Say;
}

const MINUTE_MS = 60_000;

/** Compacts what is due until it is stopped; a step that takes longer than its turn makes the next ones wait, never run beside it. */
export const runCompactor = ({ ports, settings, timing = {}, metrics, say }: CompactorOptions): { stop(): Promise<void> } => {
  const { everyMs = MINUTE_MS, openHotFiles } = timing;
  const stopping = new AbortController();
  let lastProblem = '';
  const step = async (): Promise<void> => {
    const options: MinuteOptions = {
      ...settings,
      nowMs: Date.now(),
      attempt: randomBytes(6).toString('hex'),
      hasTime: () => !stopping.signal.aborted,
      ...(openHotFiles === undefined ? {} : { openHotFiles }),
    };
    try {
      metrics.compacted(await compactMinute(ports, options));
      lastProblem = '';
    } catch (error) {
      metrics.failed('compact');
      const problem = messageOf(error);
      if (problem !== lastProblem) say(`compact: ${problem}`);
      lastProblem = problem;
    }
  };
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      // An abort ends the wait early, by a rejection that says no more than that.
      await sleep(everyMs - (Date.now() % everyMs), undefined, { signal: stopping.signal }).catch(() => undefined);
      if (!stopping.signal.aborted) await step();
    }
  };
  const ended = loop();
  return {
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
};
