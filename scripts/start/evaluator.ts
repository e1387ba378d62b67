import { setTimeout as sleep } from 'node:timers/promises';
import { type EvaluateMemory, type EvaluatePorts, createEvaluateMemory, evaluateTick } from '../../functions/evaluate/evaluate.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Say } from './live-files.ts';
import type { ProductMetrics } from './product-metrics.ts';

/** Ticks on the wall clock's grid: often enough for rules of 5 s, and for one's own metrics to be under the watermark soon. */
const TICK_MS = 2000;

export interface EvaluatorOptions {
  readonly ports: EvaluatePorts;
  readonly holder: string;
  readonly metrics: ProductMetrics;
  readonly say: Say;
}

/** Evaluates until it is stopped; a tick that takes longer than its turn makes the next ones wait, never run beside it. */
export const runEvaluator = ({ ports, holder, metrics, say }: EvaluatorOptions): { stop(): Promise<void> } => {
  const memory: EvaluateMemory = createEvaluateMemory(holder);
  const stopping = new AbortController();
  let lastProblem = '';
  const tell = (problem: string): void => {
    if (problem !== '' && problem !== lastProblem) say(`evaluate: ${problem}`);
    lastProblem = problem;
  };
  const tick = async (): Promise<void> => {
    const nowMs = Date.now();
    try {
      const report = await evaluateTick(ports, memory, { nowMs });
      metrics.ticked(report, nowMs);
      tell(report.errors.join('; '));
    } catch (error) {
      metrics.failed('evaluate');
      tell(messageOf(error));
    }
  };
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await tick();
      // An abort ends the wait early, by a rejection that says no more than that.
      await sleep(TICK_MS - (Date.now() % TICK_MS), undefined, { signal: stopping.signal }).catch(() => undefined);
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
