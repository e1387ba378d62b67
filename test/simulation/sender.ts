import type { Content, DrawnSample } from './content.ts';
import { never, SimProcess } from './process.ts';
import type { SenderPlan } from './scenario.ts';
import type { Scheduler } from './scheduler.ts';
import { type Truth, Violation } from './truth.ts';

/** One life of a sender's process. */
export interface SenderSession {
  /** Takes samples, and tries to send what it has. */
  send(samples: readonly DrawnSample[]): Promise<void>;
  /** Whether everything it took has been acknowledged, or refused for good; tries to send what has not. */
  settle(): Promise<boolean>;
}

export interface SenderParts {
  readonly scheduler: Scheduler;
  readonly content: Content;
  readonly truth: Truth;
}

/** A sender that works through its plan, starts again when it dies, and ends when all it has is settled. */
export const runSender = async (parts: SenderParts, plan: SenderPlan, host: string, open: (process: SimProcess) => SenderSession): Promise<void> => {
  const { scheduler, content, truth } = parts;
  let left = plan.flushes;
  for (let life = 0; ; life++) {
    const process = new SimProcess(`${host}-${life}`);
    const session = open(process);
    const wait = async (): Promise<void> => {
      await scheduler.sleep(plan.intervalMs, process.name);
      if (!process.alive) await never();
    };
    const outcome = await process.run(async () => {
      while (left > 0) {
        await wait();
        left--;
        const nowMs = scheduler.nowMs() + plan.skewMs;
        await session.send(Array.from({ length: plan.samples }, () => content.sample(host, nowMs, plan.kind === 'direct')));
      }
      while (!(await session.settle())) await wait();
    });
    if (outcome.end === 'failed') truth.violate(new Violation('senders never reject', String(outcome.error)));
    if (outcome.end !== 'died') return;
  }
};
