import type { Faults } from './faults.ts';
import type { Lake } from './lake.ts';
import type { Pace } from './pace.ts';
import { workLeft } from './rest.ts';
import { START_MS } from './scenario.ts';
import { type Truth, Violation } from './truth.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Late samples wait for 6 hours at most, several times where few fit into a run; then comes the grace. */
const REST_MS = 3 * DAY_MS;

export interface AftermathParts {
  readonly faults: Faults;
  readonly lake: Lake;
  readonly truth: Truth;
  readonly pace: Pace;
}

const setPace = (pace: Pace, everyMs: number): void => {
  pace.tickMs = everyMs;
  pace.compactMs = everyMs;
  pace.readPauseMs = everyMs * 4;
};

const pass = async ({ faults: { scheduler }, truth }: AftermathParts, untilMs: number): Promise<void> => {
  let isOver = false;
  scheduler.after(Math.max(0, untilMs - scheduler.nowMs()), 'time passes', () => (isOver = true));
  await scheduler.run(() => isOver || truth.violation !== undefined, Infinity);
};

/** Lets time pass until the compactor has nothing left to do, and has seen so. */
export const comeToRest = async (parts: AftermathParts, everyMs = 15 * MINUTE_MS): Promise<void> => {
  const { faults, lake, truth, pace } = parts;
  const { scheduler } = faults;
  setPace(pace, everyMs);
  const violated = (): boolean => truth.violation !== undefined;
  const fromMs = scheduler.nowMs();
  let quiet = 0;
  // The last rows are of an hour that has yet to close, and it takes two runs to see that lists are right.
  while (quiet < 4 && !violated()) {
    await pass(parts, scheduler.nowMs() + everyMs);
    const left = workLeft(lake);
    quiet = left === undefined ? quiet + 1 : 0;
    if (left !== undefined && scheduler.nowMs() > fromMs + Math.max(REST_MS, 100 * everyMs)) truth.violate(new Violation('the compactor comes to rest', left));
  }
};

/** Lets days pass with faults, then without, until every tier has expired; `look` is called once each has. `excused` may be left over. */
export const passDays = async (parts: AftermathParts, look: () => Promise<void>, excused: ReadonlySet<string>): Promise<void> => {
  const { faults, truth, pace } = parts;
  const { scheduler } = faults;
  const violated = (): boolean => truth.violation !== undefined;
  const steps = [
    { untilMs: 2 * DAY_MS, everyMs: HOUR_MS },
    { untilMs: 9 * DAY_MS, everyMs: 8 * HOUR_MS },
    { untilMs: 33 * DAY_MS, everyMs: DAY_MS },
    { untilMs: 370 * DAY_MS, everyMs: 20 * DAY_MS },
  ];
  for (const { untilMs, everyMs } of steps) {
    setPace(pace, everyMs);
    faults.resume();
    await pass(parts, START_MS + untilMs);
    faults.stop();
    await comeToRest(parts, everyMs);
    if (!violated()) await look();
    if (violated()) return;
  }
  const left = [...parts.lake.objects.byKey.keys()].find((key) => /^(?:raw|1m|1h)\//.test(key) && !excused.has(key));
  if (left !== undefined) truth.violate(new Violation('tiers expire', `${left} is there after ${(scheduler.nowMs() - START_MS) / DAY_MS} days`));
};
