import { describe, expect, it } from 'vitest';
import { ThrottledError, UnavailableError } from '../../../shared/errors.ts';
import { type CallFault, Faults } from '../../simulation/faults.ts';
import { SimProcess } from '../../simulation/process.ts';
import { Scheduler } from '../../simulation/scheduler.ts';
import { NO_FAULTS } from './settle.ts';

/** One call that meets the fault, and how it ended: once for the caller, once for the world. */
const meet = async (fault: CallFault): Promise<{ outcome: string; effects: number; alive: boolean; error: unknown }> => {
  const scheduler = new Scheduler(1, 0);
  const faults = new Faults(scheduler, { ...NO_FAULTS, [fault]: 1 }, []);
  const process = new SimProcess('p');
  let effects = 0;
  let outcome = 'no answer';
  let error: unknown;
  faults.call(process, 'catalog', 'call', () => ++effects).then(
    () => (outcome = 'answered'),
    (reason: unknown) => {
      outcome = `failed after ${effects}`;
      error = reason;
    },
  );
  await scheduler.run(() => false, 60_000);
  return { outcome, effects, alive: process.alive, error };
};

describe('a call that meets a fault', () => {
  it.each([
    { fault: 'throttle', outcome: 'failed after 0', effects: 0, alive: true },
    { fault: 'refuse', outcome: 'failed after 0', effects: 0, alive: true },
    { fault: 'loseAnswer', outcome: 'failed after 1', effects: 1, alive: true },
    { fault: 'lateEffect', outcome: 'failed after 0', effects: 1, alive: true },
    { fault: 'slow', outcome: 'answered', effects: 1, alive: true },
    { fault: 'crashBefore', outcome: 'no answer', effects: 0, alive: false },
    { fault: 'crashAfter', outcome: 'no answer', effects: 1, alive: false },
  ] as const)('$fault: $outcome, $effects effects', async ({ fault, outcome, effects, alive }) => {
    expect(await meet(fault)).toMatchObject({ outcome, effects, alive });
  });

  it('fails in the words of the ports', async () => {
    expect((await meet('throttle')).error).toBeInstanceOf(ThrottledError);
    expect((await meet('refuse')).error).toBeInstanceOf(UnavailableError);
  });

  it('never hears an answer in a process that died meanwhile', async () => {
    const scheduler = new Scheduler(1, 0);
    const faults = new Faults(scheduler, NO_FAULTS, []);
    const process = new SimProcess('p');
    const outcome = process.run(() => faults.call(process, 'objects', 'call', () => 1));
    process.die();
    await scheduler.run(() => false, 60_000);
    expect(await outcome).toEqual({ end: 'died' });
    expect(await process.run(async () => 1)).toEqual({ end: 'died' });
  });
});
