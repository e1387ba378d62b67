import type { Item, ItemTable } from './item-table.ts';

/** A table as it is at the first look: each key and each partition is read once. For readers whose work takes seconds. */
export const readOnce = (items: ItemTable): ItemTable => {
  const keys = new Map<string, Promise<Item | undefined>>();
  const partitions = new Map<string, Promise<readonly Item[]>>();
  return {
    get: (key) => remembered(keys, JSON.stringify([key.pk, key.sk]), () => items.get(key)),
    query: (pk, range) => remembered(partitions, JSON.stringify([pk, range]), () => items.query(pk, range)),
    transact: (writes) => items.transact(writes),
  };
};

const remembered = <T>(known: Map<string, Promise<T>>, key: string, read: () => Promise<T>): Promise<T> => {
  let value = known.get(key);
  if (value === undefined) {
    value = read();
    known.set(key, value);
    // What has failed is tried again by whoever asks next.
    value.catch(() => known.delete(key));
  }
  return value;
};
