import type { Item, ItemKey, ItemTable, ItemWrite } from '../catalog/item-table.ts';
import { WATERMARKS } from '../catalog/watermarks.ts';

/** There is one road, so one watermark: of every class. */
const SHARED = WATERMARKS;

/** The items of partitions below a prefix, by partition keys without it; the watermarks are those of the table itself. */
export const prefixedItems = (items: ItemTable, prefix: string): ItemTable => {
  // An empty key is for the table to refuse.
  const inside = (pk: string): string => (pk === SHARED || pk === '' ? pk : prefix + pk);
  const key = <T extends ItemKey>(named: T): T => ({ ...named, pk: inside(named.pk) });
  const outside = (item: Item): Item => (item.pk === SHARED ? item : { ...item, pk: item.pk.slice(prefix.length) });
  const write = (one: ItemWrite): ItemWrite => {
    if ('put' in one) return { ...one, put: key(one.put) };
    return 'remove' in one ? { ...one, remove: key(one.remove) } : { ...one, check: key(one.check) };
  };
  return {
    get: async (named) => {
      const item = await items.get(key(named));
      return item === undefined ? undefined : outside(item);
    },
    query: async (pk, range) => (await items.query(inside(pk), range)).map(outside),
    transact: (writes) => items.transact(writes.map(write)),
  };
};
