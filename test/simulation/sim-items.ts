import { checkKey, checkQuery, checkWrites, keyOf } from '../../shared/catalog/item-limits.ts';
import type { Condition, Item, ItemKey, ItemTable, ItemWrite, SortRange, TransactOutcome } from '../../shared/catalog/item-table.ts';
import { compareUtf8 } from '../../shared/model/utf8.ts';
import type { Faults, Part } from './faults.ts';
import type { SimProcess } from './process.ts';

/** Items in memory, each call an effect at one moment. */
export class SimItems {
  private readonly partitions = new Map<string, Map<string, Item>>();
  /** Each is told of all that came about at one moment; `process` is whose call it was. */
  readonly watchers: ((writes: readonly ItemWrite[], process: SimProcess | undefined) => void)[] = [];

  get(key: ItemKey): Item | undefined {
    checkKey(key);
    return this.find(key);
  }

  /** The names of partitions that hold an item. */
  partitionKeys(): readonly string[] {
    return [...this.partitions].flatMap(([pk, items]) => (items.size === 0 ? [] : [pk]));
  }

  query(pk: string, range: SortRange = {}): readonly Item[] {
    checkQuery(pk, range);
    const { from, to, limit } = range;
    return [...(this.partitions.get(pk)?.values() ?? [])]
      .filter(({ sk }) => (from === undefined || compareUtf8(sk, from) >= 0) && (to === undefined || compareUtf8(sk, to) <= 0))
      .sort((a, b) => compareUtf8(a.sk, b.sk))
      .slice(0, limit);
  }

  transact(writes: readonly ItemWrite[], process?: SimProcess): TransactOutcome {
    checkWrites(writes);
    const failed = writes.flatMap((write, i) => (write.when === undefined || holds(write.when, this.find(keyOf(write))) ? [] : [i]));
    if (failed.length > 0) return { done: false, failed };
    for (const write of writes) this.apply(write);
    for (const watcher of this.watchers) watcher(writes, process);
    return { done: true };
  }

  /** As a port without faults. */
  port(): ItemTable {
    return {
      get: async (key) => this.get(key),
      query: async (pk, range) => this.query(pk, range),
      transact: async (writes) => this.transact(writes),
    };
  }

  /** As the port of a process, through the faults. */
  through(faults: Faults, process: SimProcess, part: Part = 'catalog'): ItemTable {
    return {
      get: (key) => faults.call(process, part, `get ${key.pk} ${key.sk}`, () => this.get(key)),
      query: (pk, range) => faults.call(process, part, `query ${pk}`, () => this.query(pk, range)),
      transact: (writes) => faults.call(process, part, `transact ${subjectOf(writes)}`, () => this.transact(writes, process)),
    };
  }

  private find({ pk, sk }: ItemKey): Item | undefined {
    return this.partitions.get(pk)?.get(sk);
  }

  private apply(write: ItemWrite): void {
    if ('remove' in write) this.partitions.get(write.remove.pk)?.delete(write.remove.sk);
    if (!('put' in write)) return;
    const { put } = write;
    let partition = this.partitions.get(put.pk);
    if (partition === undefined) this.partitions.set(put.pk, (partition = new Map()));
    partition.set(put.sk, { ...put, attributes: { ...put.attributes } });
  }
}

const subjectOf = ([first]: readonly ItemWrite[]): string => {
  if (first === undefined) return 'nothing';
  const { pk, sk } = keyOf(first);
  return `${pk} ${sk}`;
};

const holds = (condition: Condition, item: Item | undefined): boolean => {
  if ('any' in condition) return condition.any.some((each) => holds(each, item));
  if (condition.is === 'absent') return item === undefined;
  if (condition.is === 'present') return item !== undefined;
  const { attribute, value } = condition;
  if (item === undefined || !Object.hasOwn(item.attributes, attribute)) return false;
  const stored = item.attributes[attribute];
  if (condition.is === 'equal') return stored === value;
  if (typeof stored === 'number' && typeof value === 'number') return stored < value;
  return typeof stored === 'string' && typeof value === 'string' && compareUtf8(stored, value) < 0;
};
