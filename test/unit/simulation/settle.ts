import { CALL_FAULTS, type CallFault, Faults } from '../../simulation/faults.ts';
import { SimProcess } from '../../simulation/process.ts';
import { Scheduler } from '../../simulation/scheduler.ts';

export const NO_FAULTS = Object.fromEntries(CALL_FAULTS.map((fault) => [fault, 0])) as Record<CallFault, number>;

export interface Calm {
  readonly faults: Faults;
  readonly process: SimProcess;
  /** Lets virtual time pass until the work is over. */
  readonly settle: <T>(work: Promise<T>) => Promise<T>;
}

/** A process among ports where calls take time and nothing goes wrong. */
export const calm = (): Calm => {
  const scheduler = new Scheduler(1, 0);
  return {
    faults: new Faults(scheduler, NO_FAULTS, []),
    process: new SimProcess('test'),
    settle: async (work) => {
      let over = false;
      const finish = (): void => void (over = true);
      work.then(finish, finish);
      await scheduler.run(() => over, Number.POSITIVE_INFINITY);
      return work;
    },
  };
};
