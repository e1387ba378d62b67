import { storeDelivery, StoreMemory, type StorePorts } from '../../functions/store/store.ts';
import type { ItemTable } from '../../shared/catalog/item-table.ts';
import type { Delivery } from '../../shared/wire/record-stream.ts';
import type { Faults } from './faults.ts';
import { never, type ProcessOutcome, SimProcess } from './process.ts';
import type { SimItems } from './sim-items.ts';
import type { SimObjects } from './sim-objects.ts';
import type { Truth } from './truth.ts';

export interface StoreHostOptions {
  readonly faults: Faults;
  readonly objects: SimObjects;
  readonly items: SimItems;
  readonly truth: Truth;
  /** All deliveries in one process, as in the all-in-one; otherwise each process has one delivery at a time, as on Lambda. */
  readonly oneProcess: boolean;
}

interface Container {
  readonly process: SimProcess;
  readonly memory: StoreMemory;
}

export interface Invocation {
  readonly outcome: Promise<ProcessOutcome<unknown>>;
  /** Nobody waits for it any longer; it may go on all the same, but gets no further work. */
  abandon(): void;
}

/** Runs the store step in processes that may die. */
export class StoreHost {
  private readonly options: StoreHostOptions;
  private readonly free: Container[] = [];
  private started = 0;

  constructor(options: StoreHostOptions) {
    this.options = options;
  }

  invoke(delivery: Delivery): Invocation {
    const container = this.take();
    const { process, memory } = container;
    const attempt = new Attempt(this.options.truth, delivery);
    const ports = this.ports(process, delivery, attempt);
    let abandoned = false;
    const run = async (): Promise<ProcessOutcome<unknown>> => {
      const outcome = await process.run(() => storeDelivery(ports, delivery, { promotedLabels: ['host'], memory }));
      if (outcome.end === 'failed') attempt.failed();
      if (!abandoned && !this.options.oneProcess) this.free.push(container);
      return outcome;
    };
    return {
      outcome: run(),
      abandon: () => {
        abandoned = true;
      },
    };
  }

  private take(): Container {
    for (let found = this.free.pop(); found !== undefined; found = this.free.pop()) {
      if (!found.process.alive) continue;
      if (this.options.oneProcess) this.free.push(found);
      return found;
    }
    const fresh: Container = { process: new SimProcess(`store-${this.started++}`), memory: new StoreMemory() };
    if (this.options.oneProcess) this.free.push(fresh);
    return fresh;
  }

  private ports(process: SimProcess, delivery: Delivery, attempt: Attempt): StorePorts {
    const { faults, truth } = this.options;
    const objects = this.options.objects.through(faults, process);
    const catalog = this.options.items.through(faults, process);
    // A killer ends the process while it is decoded: before the first call that follows from what it holds.
    let deadly = delivery.records.some((record) => truth.isKiller(record.data));
    const alone = delivery.records.length === 1;
    const decoded = <T>(call: () => Promise<T>): Promise<T> => {
      if (!deadly) return call();
      process.die();
      return never();
    };
    return {
      objects: {
        ...objects,
        putIfAbsent: (key, bytes) => {
          // Alone, it is set aside as it came, which does it no harm.
          if (alone && key.startsWith('quarantine/')) deadly = false;
          return decoded(() => objects.putIfAbsent(key, bytes));
        },
      },
      catalog: attempt.watch({
        get: (key) => (alone && key.pk === 'attempts' ? catalog.get(key) : decoded(() => catalog.get(key))),
        query: (pk, range) => decoded(() => catalog.query(pk, range)),
        transact: (writes) => (alone && isAttempt(writes) ? catalog.transact(writes) : decoded(() => catalog.transact(writes))),
      }),
    };
  }
}

const isAttempt = (writes: Parameters<ItemTable['transact']>[0]): boolean => writes.some((write) => 'put' in write && write.put.pk === 'attempts');

/**
 * A delivery of one record alone counts as an attempt that may have ended its process, unless it failed with an error while
 * the catalog took every note about it. Only such attempts may send a good record into quarantine.
 */
class Attempt {
  private readonly truth: Truth;
  private readonly key: string | undefined;
  private writes = 0;
  private answered = 0;

  constructor(truth: Truth, { shardId, records }: Delivery) {
    this.truth = truth;
    this.key = records.length === 1 ? `${shardId}/${records[0]?.sequence}` : undefined;
    this.count(1);
  }

  watch(catalog: ItemTable): ItemTable {
    return {
      ...catalog,
      transact: async (writes) => {
        if (!isAttempt(writes)) return catalog.transact(writes);
        this.writes++;
        const outcome = await catalog.transact(writes);
        this.answered++;
        return outcome;
      },
    };
  }

  failed(): void {
    if (this.answered === this.writes) this.count(-1);
  }

  private count(change: number): void {
    if (this.key === undefined) return;
    const { now, most } = this.truth.attempts.get(this.key) ?? { now: 0, most: 0 };
    this.truth.attempts.set(this.key, { now: now + change, most: Math.max(most, now + change) });
  }
}
