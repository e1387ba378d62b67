import type { PublishedNotification } from '../../../shared/alerting/publish.ts';
import type { Faults } from '../faults.ts';

const USUAL_DELAY_MS = 2000;
const LONG_DELAY_MS = 60_000;
/** Until a message that nobody has said anything about comes again. */
const VISIBILITY_MS = 45_000;

/** How a queue's consumer is done with a message: `undefined` when it died or failed. */
export type Handled = { readonly outcome: 'done' } | { readonly outcome: 'retry'; readonly delayMs: number } | undefined;

export interface TopicPlan {
  /** Probabilities per message. */
  readonly doubled: number;
  readonly delayed: number;
}

/** A topic with queues behind it: each message at least once, in no order. */
export class SimTopic {
  /** Messages that are not done. */
  waiting = 0;
  private readonly faults: Faults;
  private readonly plan: TopicPlan;
  private readonly handle: (notification: PublishedNotification) => Promise<Handled>;

  constructor(faults: Faults, plan: TopicPlan, handle: (notification: PublishedNotification) => Promise<Handled>) {
    this.faults = faults;
    this.plan = plan;
    this.handle = handle;
  }

  accept(notification: PublishedNotification): void {
    const copies = this.faults.chance(this.plan.doubled) ? 2 : 1;
    for (let k = 0; k < copies; k++) {
      this.waiting++;
      const { random } = this.faults.scheduler;
      this.deliver(notification, random.int(1, this.faults.chance(this.plan.delayed) ? LONG_DELAY_MS : USUAL_DELAY_MS));
    }
  }

  private deliver(notification: PublishedNotification, delayMs: number): void {
    this.faults.scheduler.after(delayMs, `deliver ${notification.id}`, () => void this.attempt(notification));
  }

  private async attempt(notification: PublishedNotification): Promise<void> {
    const { faults, plan } = this;
    const { scheduler } = faults;
    // A consumer that takes too long has the message come again while it works on it.
    const late = Symbol('late');
    const handled = await Promise.race([this.handle(notification), scheduler.sleep(VISIBILITY_MS, `visible ${notification.id}`).then(() => late)]);
    if (handled === late || handled === undefined) return this.deliver(notification, handled === late ? 1 : VISIBILITY_MS);
    const { outcome } = handled as Exclude<Handled, undefined>;
    if (outcome === 'retry') return this.deliver(notification, (handled as { readonly delayMs: number }).delayMs);
    // The end of a message gets lost, too.
    if (faults.chance(plan.doubled / 4)) return this.deliver(notification, VISIBILITY_MS);
    this.waiting--;
    return undefined;
  }
}
