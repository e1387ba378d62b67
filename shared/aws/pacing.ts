import { setTimeout as after } from 'node:timers/promises';

/** How a retry waits. Tests give their own. */
export interface Pacing {
  readonly sleep: (ms: number) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
}

export const realPacing: Pacing = { sleep: (ms) => after(ms), random: Math.random };

const FIRST_STEP_MS = 50;
const LONGEST_STEP_MS = 2000;

/** Waits before attempt `attempt` (from 1 on) is made again: a random part of a doubling step, so that rivals do not meet again. */
export const backOff = async (pacing: Pacing, attempt: number): Promise<void> =>
  pacing.sleep(pacing.random() * Math.min(LONGEST_STEP_MS, FIRST_STEP_MS * 2 ** attempt));
