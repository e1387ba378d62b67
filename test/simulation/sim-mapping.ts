import type { DeliveredRecord, Delivery } from '../../shared/wire/record-stream.ts';
import type { Faults } from './faults.ts';
import type { SimShard, SimStream } from './sim-stream.ts';
import type { StoreHost } from './store-host.ts';

export interface MappingPlan {
  readonly batchRecords: number;
  readonly windowMs: number;
  /** Probabilities per delivery: it is over its time while it goes on, its good outcome is lost, it comes again later. */
  readonly timeOut: number;
  readonly loseOutcome: number;
  readonly again: number;
}

const TIME_OUT_MS = 3000;
const AGAIN_MS = 60_000;
const BACKOFF_FIRST_MS = 100;
const BACKOFF_MAX_MS = 10_000;

/**
 * Lambda's event source mapping: each shard in order, parents before children, a failed batch in halves, a failed record
 * again and again. At least once: batches come twice, side by side, and late.
 */
export class SimMapping {
  private readonly stream: SimStream;
  private readonly store: StoreHost;
  private readonly faults: Faults;
  private readonly plan: MappingPlan;
  private readonly delivered = new Map<string, number>();
  private readonly done = new Set<string>();

  constructor(stream: SimStream, store: StoreHost, faults: Faults, plan: MappingPlan) {
    this.stream = stream;
    this.store = store;
    this.faults = faults;
    this.plan = plan;
  }

  /** Whether everything that the stream holds was delivered. */
  get idle(): boolean {
    return this.stream.shards.every((shard) => (this.delivered.get(shard.shardId) ?? 0) === shard.records.length);
  }

  /** Starts every shard once its parents are through; never ends. */
  async run(): Promise<void> {
    const followed = new Set<string>();
    for (;;) {
      for (const shard of this.stream.shards) {
        if (followed.has(shard.shardId) || !shard.parentIds.every((parent) => this.done.has(parent))) continue;
        followed.add(shard.shardId);
        void this.follow(shard);
      }
      await this.stream.changed();
    }
  }

  private async follow(shard: SimShard): Promise<void> {
    const { random, sleep } = this.faults.scheduler;
    for (let next = 0; ; ) {
      while (shard.records.length === next && shard.open) await this.stream.changed();
      if (shard.records.length === next) break;
      await sleep(random.int(1, this.plan.windowMs), `window ${shard.shardId}`);
      const batch = shard.records.slice(next, next + random.int(1, this.plan.batchRecords));
      await this.deliverAll(shard.shardId, batch);
      next += batch.length;
      this.delivered.set(shard.shardId, next);
    }
    this.done.add(shard.shardId);
    this.stream.announce();
  }

  private async deliverAll(shardId: string, batch: readonly DeliveredRecord[]): Promise<void> {
    const { sleep } = this.faults.scheduler;
    const left = [batch];
    let tries = 0;
    for (let piece = left.pop(); piece !== undefined; piece = left.pop()) {
      const delivery: Delivery = { shardId, records: piece };
      if (await this.deliver(delivery)) {
        tries = 0;
        if (this.faults.chance(this.plan.again)) this.deliverAgain(delivery);
      } else if (piece.length > 1) {
        const middle = piece.length >> 1;
        left.push(piece.slice(middle), piece.slice(0, middle));
      } else {
        left.push(piece);
        await sleep(Math.min(BACKOFF_FIRST_MS * 2 ** tries++, BACKOFF_MAX_MS), `back off ${shardId}`);
      }
    }
  }

  private async deliver(delivery: Delivery): Promise<boolean> {
    const { faults, plan } = this;
    const { scheduler } = faults;
    const { outcome, abandon } = this.store.invoke(delivery);
    const timesOut = faults.chance(plan.timeOut);
    const { end } = timesOut ? await Promise.race([outcome, scheduler.sleep(scheduler.random.int(1, TIME_OUT_MS), 'time out').then(() => TIMED_OUT)]) : await outcome;
    scheduler.note(`deliver ${delivery.shardId} ${delivery.records.map((record) => record.sequence).join(',')} ${end}`);
    if (end === 'timedOut') abandon();
    return end === 'done' && !faults.chance(plan.loseOutcome);
  }

  private deliverAgain(delivery: Delivery): void {
    const { scheduler } = this.faults;
    scheduler.after(scheduler.random.int(1, AGAIN_MS), `again ${delivery.shardId}`, () => void this.store.invoke(delivery).outcome);
  }
}

const TIMED_OUT = { end: 'timedOut' } as const;
