import { describe, expect, it } from 'vitest';
import type { ItemTable, ItemWrite } from '../../../shared/catalog/item-table.ts';
import { listMetadata, MetadataCache, METRICS_MAX, saveMetadata } from '../../../shared/catalog/metric-metadata.ts';
import { openStoreRoad } from './store-road.ts';

const of = (metric: string, help = `help of ${metric}`): { metric: string; type: string; help: string; unit: string } => ({ metric, type: 'counter', help, unit: 's' });

const counting = (items: ItemTable): { items: ItemTable; puts: ItemWrite[] } => {
  const puts: ItemWrite[] = [];
  return {
    puts,
    items: {
      get: (key) => items.get(key),
      query: (pk, range) => items.query(pk, range),
      transact: (writes) => {
        puts.push(...writes);
        return items.transact(writes);
      },
    },
  };
};

describe('metric metadata', () => {
  it('writes a description once, also across processes', async () => {
    const { items, puts } = counting((await openStoreRoad()).ports.catalog);
    const cache = new MetadataCache();
    await saveMetadata(items, cache, [of('a'), of('b'), of('a')], 0);
    await saveMetadata(items, cache, [of('a')], 1e9);
    await saveMetadata(items, new MetadataCache(), [of('a')], 1e9);
    expect(puts).toHaveLength(2);
    expect(await listMetadata(items)).toEqual([of('a'), of('b')]);
    expect(await listMetadata(items, 'b')).toEqual([of('b')]);
    expect(await listMetadata(items, 'c')).toEqual([]);
  });

  it('follows a change, but not two senders that disagree with every batch', async () => {
    const { items, puts } = counting((await openStoreRoad()).ports.catalog);
    const cache = new MetadataCache();
    for (let batch = 0; batch < 100; batch++) await saveMetadata(items, cache, [of('a', `sender ${batch % 2}`)], batch * 10_000);
    expect(puts.length).toBeLessThanOrEqual(2);
    await saveMetadata(items, cache, [of('a', 'new')], 10_000_000);
    expect(await listMetadata(items)).toEqual([of('a', 'new')]);
  });

  it('takes more than one transaction holds, cuts long texts, and leaves out names that no key can hold', async () => {
    const { catalog } = (await openStoreRoad()).ports;
    const many = Array.from({ length: 250 }, (_, i) => of(`m${String(i).padStart(3, '0')}`));
    const emojis = '\u{1f600}'.repeat(2000);
    await saveMetadata(catalog, new MetadataCache(), [...many, of('', 'x'), of('x'.repeat(1025)), of('long', `x${emojis}`)], 0);
    const found = await listMetadata(catalog);
    expect(found).toHaveLength(251);
    expect(found[0]?.help.length).toBe(2000);
    expect(found[0]?.help.isWellFormed()).toBe(true);
  });

  it('keeps no more metrics than it may, whatever names come, and still follows those it has', async () => {
    const { catalog } = (await openStoreRoad()).ports;
    const cache = new MetadataCache();
    cache.known = new Map(Array.from({ length: METRICS_MAX - 2 }, (_, i) => [`known${i}`, { text: '', writtenMs: 0 }]));
    await saveMetadata(catalog, cache, [of('a'), of('b'), of('a', 'again'), of('c'), of('known7')], 1e9);
    await saveMetadata(catalog, cache, [of('d')], 1e9);
    expect((await listMetadata(catalog)).map(({ metric, help }) => [metric, help])).toEqual([['a', 'again'], ['b', 'help of b'], ['known7', 'help of known7']]);
    expect(cache.known.size).toBe(METRICS_MAX);
  });

  it('does not take a description for written when the write was refused', async () => {
    const { catalog } = (await openStoreRoad()).ports;
    const cache = new MetadataCache();
    const refusing: ItemTable = { get: (key) => catalog.get(key), query: (pk) => catalog.query(pk), transact: () => Promise.reject(new Error('throttled')) };
    await expect(saveMetadata(refusing, cache, [of('a')], 0)).rejects.toThrow('throttled');
    await saveMetadata(catalog, cache, [of('a')], 0);
    expect(await listMetadata(catalog)).toEqual([of('a')]);
  });
});
