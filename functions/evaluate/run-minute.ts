import { evaluateTick } from './evaluate.ts';
import type { EvaluatePorts } from './evaluate-ports.ts';
import type { EvaluateMemory } from './memory.ts';
import type { TickReport } from './tick-report.ts';

/** Two schedules and some room: by then a successor has come, or the next schedule brings one (design 7). */
export const MAX_RESIDENT_MS = 130_000;

/** Ticks are at most this far apart while anything is due within the minute. */
const MAX_TICK_MS = 5000;

/** Groups with intervals from here on need no tick between two schedules. */
const SCHEDULE_MS = 60_000;

export interface RunClock {
  readonly nowMs: () => number;
  readonly sleep: (durationMs: number) => Promise<void>;
  /** Told after every tick, for metrics and logs. */
  readonly onTick?: (report: TickReport) => void;
}

/**
 * One invocation of the schedule: ticks at once, then on the wall-clock grid until the successor has taken the lease or
 * 130 s are over. Where every interval is a minute or more it ends once no group's timer is due within the minute and no slot waits
 * for the watermark: on a quiet stream the
 * first tick's own heartbeat is what moves that, seconds later. Rejects as the tick does.
 */
export const runMinute = async (ports: EvaluatePorts, memory: EvaluateMemory, clock: RunClock): Promise<void> => {
  const startedAtMs = clock.nowMs();
  for (;;) {
    const report = await evaluateTick(ports, memory, { nowMs: clock.nowMs() });
    clock.onTick?.(report);
    if (!report.held) return;
    const tickMs = (await tickLength(ports)) ?? (report.waitingGroups > 0 || flushesSoon(report, clock.nowMs()) ? MAX_TICK_MS : undefined);
    if (tickMs === undefined) return;
    const nowMs = clock.nowMs();
    const nextMs = (Math.floor(nowMs / tickMs) + 1) * tickMs;
    if (nextMs - startedAtMs > MAX_RESIDENT_MS) return;
    await clock.sleep(nextMs - nowMs);
  }
};

/** Whether a group's timer runs out before the next schedule is sure to have come. */
const flushesSoon = ({ nextFlushMs }: TickReport, nowMs: number): boolean => nextFlushMs !== undefined && nextFlushMs - nowMs < SCHEDULE_MS;

/** Undefined when the schedule alone is often enough. */
const tickLength = async (ports: EvaluatePorts): Promise<number | undefined> => {
  const shortest = Math.min(...(await ports.rules()).groups.map((group) => group.intervalMs));
  return shortest >= SCHEDULE_MS ? undefined : Math.min(shortest, MAX_TICK_MS);
};
