import { type EvaluateMemory, type EvaluatePorts, createEvaluateMemory, evaluateTick } from '../../functions/evaluate/evaluate.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Say } from './live-files.ts';
import { type Running, runOnGrid, sayOnce } from './on-grid.ts';
import type { ProductMetrics } from './product-metrics.ts';
import { openRoadWatch } from './road-watch.ts';

/** Ticks on the wall clock's grid: often enough for rules of 5 s, and for one's own metrics to be under the watermark soon. */
const TICK_MS = 2000;

export interface EvaluatorOptions {
  readonly ports: EvaluatePorts;
  readonly holder: string;
  readonly metrics: ProductMetrics;
  readonly say: Say;
  /** Told of a silent road, on a path of its own. */
  readonly warn: Say;
}

/** Of the watch, which goes on where a tick does not end. */
const WATCH_MS = 5000;

/** Evaluates until it is stopped. */
export const runEvaluator = ({ ports, holder, metrics, say, warn }: EvaluatorOptions): Running => {
  const memory: EvaluateMemory = createEvaluateMemory(holder);
  const tell = sayOnce('evaluate', say);
  const road = openRoadWatch(metrics.registry, warn, Date.now());
  const watch = runOnGrid(WATCH_MS, 'next', async () => road.check(Date.now()));
  const ticks = runOnGrid(TICK_MS, 'at once', async () => {
    const nowMs = Date.now();
    try {
      const report = await evaluateTick(ports, memory, { nowMs });
      metrics.ticked(report, nowMs);
      if (report.roadAgeMs !== undefined) road.came(report.roadAgeMs, nowMs);
      tell(report.errors.join('; '));
    } catch (error) {
      metrics.failed('evaluate');
      tell(messageOf(error));
    }
  });
  return { stop: async () => void (await Promise.all([watch.stop(), ticks.stop()])) };
};
