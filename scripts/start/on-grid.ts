import { setTimeout as sleep } from 'node:timers/promises';
import type { Say } from './live-files.ts';

export interface Running {
  /** Lets the step that runs end, and starts no other. */
  stop(): Promise<void>;
}

/**
 * Runs `step` on the wall clock's grid until it is stopped, the first time at once or at the grid's next point. A step that
 * takes longer than its turn makes the next ones wait, never run beside it. A step must not reject.
 */
export const runOnGrid = (everyMs: number, first: 'at once' | 'next', step: (stopping: AbortSignal) => Promise<void>): Running => {
  const stopping = new AbortController();
  const { signal } = stopping;
  // An abort ends the wait early, by a rejection that says no more than that.
  const nextPoint = (): Promise<void> => sleep(everyMs - (Date.now() % everyMs), undefined, { signal }).catch(() => undefined);
  const loop = async (): Promise<void> => {
    if (first === 'next') await nextPoint();
    while (!signal.aborted) {
      await step(signal);
      await nextPoint();
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

/** Says a problem when it is new; '' means that there is none. */
export const sayOnce = (part: string, say: Say): ((problem: string) => void) => {
  let last = '';
  return (problem) => {
    if (problem !== '' && problem !== last) say(`${part}: ${problem}`);
    last = problem;
  };
};
