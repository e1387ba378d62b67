import { ThrottledError, UnavailableError } from '../../shared/errors.ts';
import { never, type SimProcess } from './process.ts';
import type { Scheduler } from './scheduler.ts';

/** What may befall one call of a port. `lateEffect`: the caller is told of a time-out, and the effect comes afterwards. */
export const CALL_FAULTS = ['throttle', 'refuse', 'loseAnswer', 'lateEffect', 'slow', 'crashBefore', 'crashAfter'] as const;
export type CallFault = (typeof CALL_FAULTS)[number];

/** The parts of the outside world that may be away for a while. */
export const PARTS = ['objects', 'catalog', 'stream'] as const;
export type Part = (typeof PARTS)[number] | 'network' | 'alerts' | 'topic' | 'receivers';

export interface Outage {
  readonly part: Part;
  readonly fromMs: number;
  readonly untilMs: number; // exclusive
}

const USUAL_MS = 20;
const SLOW_MS = 15_000;
const LATE_MS = 5000;

/** Lies between a caller and an effect: time passes, answers get lost, processes die. */
export class Faults {
  readonly scheduler: Scheduler;
  private readonly rates: Readonly<Record<CallFault, number>>;
  private readonly outages: readonly Outage[];
  private stopped = false;

  constructor(scheduler: Scheduler, rates: Readonly<Record<CallFault, number>>, outages: readonly Outage[]) {
    this.scheduler = scheduler;
    this.rates = rates;
    this.outages = outages;
  }

  /** From now on calls only take time. */
  stop(): void {
    this.stopped = true;
  }

  /** Faults happen again. */
  resume(): void {
    this.stopped = false;
  }

  get active(): boolean {
    return !this.stopped;
  }

  /** Whether something of this probability happens now. */
  chance(probability: number): boolean {
    return !this.stopped && this.scheduler.random.chance(probability);
  }

  /**
   * One call of `process` to the outside: the effect comes about at one moment of virtual time, or not at all. A call that
   * is under way when its process dies may still have its effect.
   */
  async call<T>(process: SimProcess, part: Part, subject: string, effect: () => T): Promise<T> {
    const { scheduler } = this;
    const fault = this.draw();
    await scheduler.sleep(this.latencyMs(fault), subject);
    if (!process.alive) {
      if (scheduler.random.chance(0.5)) quietly(effect);
      return never();
    }
    if (fault !== undefined) scheduler.note(`${fault} ${process.name} ${subject}`);
    this.refuse(fault, part, subject);
    if (fault === 'crashBefore') return die(process);
    if (fault === 'lateEffect') {
      scheduler.after(scheduler.random.int(1, LATE_MS), `late ${subject}`, () => quietly(effect));
      throw new UnavailableError(`${subject}: no answer in time`, 1);
    }
    const value = effect();
    if (fault === 'crashAfter') return die(process);
    await scheduler.sleep(this.latencyMs(undefined), `answer ${subject}`);
    if (!process.alive) return never();
    if (fault === 'loseAnswer') throw new UnavailableError(`${subject}: the answer was lost`, 1);
    return value;
  }

  private refuse(fault: CallFault | undefined, part: Part, subject: string): void {
    if (fault === 'throttle') throw new ThrottledError(`${subject}: throttled`, 1);
    const nowMs = this.scheduler.nowMs();
    const away = !this.stopped && this.outages.some((outage) => outage.part === part && nowMs >= outage.fromMs && nowMs < outage.untilMs);
    if (fault === 'refuse' || away) throw new UnavailableError(`${subject}: ${part} is away`, 1);
  }

  private draw(): CallFault | undefined {
    if (this.stopped) return undefined;
    let left = this.scheduler.random.next();
    for (const fault of CALL_FAULTS) {
      left -= this.rates[fault];
      if (left < 0) return fault;
    }
    return undefined;
  }

  private latencyMs(fault: CallFault | undefined): number {
    return this.scheduler.random.int(1, fault === 'slow' ? SLOW_MS : USUAL_MS);
  }
}

const die = (process: SimProcess): Promise<never> => {
  process.die();
  return never();
};

/** For an effect that nobody waits for: what it refuses, nobody hears. */
const quietly = (effect: () => unknown): void => {
  try {
    effect();
  } catch {
    // The caller is gone.
  }
};
