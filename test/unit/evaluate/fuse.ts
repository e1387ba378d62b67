import type { EvaluatePorts } from '../../../functions/evaluate/evaluate.ts';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';

/** Dies before or after effect number `at`, and does nothing more from then on. */
export class Fuse {
  private count = 0;
  private dead = false;
  private readonly at: number;
  private readonly when: 'before' | 'after';

  constructor(at: number, when: 'before' | 'after') {
    this.at = at;
    this.when = when;
  }

  get blown(): boolean {
    return this.dead;
  }

  async effect<T>(work: () => Promise<T>): Promise<T> {
    if (this.dead) throw new Error('crashed');
    this.count++;
    this.dead = this.count === this.at;
    if (this.dead && this.when === 'before') throw new Error('crashed');
    const result = await work();
    if (this.count >= this.at) throw new Error('crashed');
    return result;
  }

  table(items: ItemTable): ItemTable {
    return {
      get: (key) => items.get(key),
      query: (pk, range) => items.query(pk, range),
      transact: (writes) => this.effect(() => items.transact(writes)),
    };
  }

  ports(ports: EvaluatePorts): EvaluatePorts {
    return {
      ...ports,
      alerts: this.table(ports.alerts),
      putRecords: (records) => this.effect(() => ports.putRecords(records)),
      publish: (notification) => this.effect(() => ports.publish(notification)),
    };
  }
}
