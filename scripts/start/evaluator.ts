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
  let stopped = false;
  let wake = (): void => undefined;
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
    while (!stopped) {
      await tick();
      if (!stopped) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, TICK_MS - (Date.now() % TICK_MS));
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    }
  };
  const ended = loop();
  return {
    stop: async () => {
      stopped = true;
      wake();
      await ended;
    },
  };
};
