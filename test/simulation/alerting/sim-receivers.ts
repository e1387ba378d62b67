import type { Fetch } from '../../../shared/channels/http-post.ts';
import type { Faults } from '../faults.ts';
import type { SimProcess } from '../process.ts';
import type { AnswerPlan } from './alert-plan.ts';
import type { DeliveryInvariants } from './delivery-invariants.ts';

/** Receivers behind HTTP: they fail, hang, refuse, and take things of which the sender never hears. */
export class SimReceivers {
  private readonly faults: Faults;
  private readonly plan: AnswerPlan;
  private readonly watch: DeliveryInvariants;

  constructor(faults: Faults, plan: AnswerPlan, watch: DeliveryInvariants) {
    this.faults = faults;
    this.plan = plan;
    this.watch = watch;
  }

  /** For an attempt to deliver one notification. */
  fetchFor(process: SimProcess, id: string, attemptAtMs: number): Fetch {
    return (url, { body }) => this.faults.call(process, 'receivers', `post ${url} ${id}`, () => new Response(null, { status: this.answer(id, String(body), attemptAtMs) }));
  }

  private answer(id: string, body: string, attemptAtMs: number): number {
    const { faults, plan, watch } = this;
    watch.requested(id, body, attemptAtMs);
    if (faults.chance(plan.broken)) return 500;
    if (faults.chance(plan.refused)) return 400;
    watch.took(id, attemptAtMs);
    return faults.chance(plan.brokenAfter) ? 500 : 200;
  }
}
