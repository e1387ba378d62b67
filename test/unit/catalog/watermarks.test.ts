import { describe, expect, it } from 'vitest';
import { installationWatermark, raiseWatermark, refreshShards, shardWatermarks } from '../../../shared/catalog/watermarks.ts';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';
import type { Shard } from '../../../shared/wire/record-stream.ts';
import { useCatalog } from './use-catalog.ts';

const T = 1_700_000_000_000;

const items = useCatalog();

const shard = (shardId: string, ...parentIds: string[]): Shard => ({ shardId, parentIds, startingHashKey: '0', open: true });

/** `[shard, watermark less T, delivered]` of each. */
const marks = async () => (await shardWatermarks(items)).map((mark) => [mark.shardId, mark.watermarkMs - T, mark.delivered]);

/** A record that moves the shard's watermark to T + `ms`. */
const raise = (shardId: string, ms: number): Promise<void> => raiseWatermark(items, shardId, T + ms + 1000);

describe('raiseWatermark', () => {
  it('goes up, to the arrival less a second, and never down', async () => {
    await raiseWatermark(items, 'a', T);
    expect(await marks()).toEqual([['a', -1000, true]]);
    for (const ms of [5000, 4000, 5000, -60_000]) await raise('a', ms);
    expect(await marks()).toEqual([['a', 5000, true]]);
  });

  it('tells that a child has delivered even while its records are not past what it inherited', async () => {
    await raise('parent', 5000);
    await refreshShards(items, [shard('parent'), shard('child', 'parent')]);
    expect(await marks()).toContainEqual(['child', 5000, false]);
    // Stamps are not monotonic: the first record of the child may be stamped before the parent's last one.
    await raise('child', 4500);
    expect(await marks()).toContainEqual(['child', 5000, true]);
    await refreshShards(items, [shard('parent'), shard('child', 'parent')]);
    expect(await marks()).toEqual([['child', 5000, true]]);
  });

  it('keeps the greater mark of two that raise a child at once', async () => {
    await raise('parent', 5000);
    await refreshShards(items, [shard('parent'), shard('child', 'parent')]);
    let met = false;
    const racing: ItemTable = {
      ...items,
      get: async (key) => {
        const item = await items.get(key);
        if (!met) await raise('child', 9000);
        met = true;
        return item;
      },
    };
    await raiseWatermark(racing, 'child', T + 4500 + 1000);
    expect(met).toBe(true);
    expect(await marks()).toContainEqual(['child', 9000, true]);
  });
});

describe('installationWatermark', () => {
  it('is the least of the live shards, and unknown before they are listed', async () => {
    expect(await installationWatermark(items)).toBeUndefined();
    // What is stored of one shard tells nothing of another that may hold older records.
    await raise('a', 9000);
    expect(await installationWatermark(items)).toBeUndefined();
    await raise('b', 3000);
    await refreshShards(items, [shard('a'), shard('b')]);
    expect(await installationWatermark(items)).toBe(T + 3000);
  });

  it('waits for a shard that is listed and has stored nothing', async () => {
    await raise('a', 9000);
    await refreshShards(items, [shard('a'), shard('b')]);
    expect(await installationWatermark(items)).toBe(0);
  });

  it('never goes down through a split, whichever child is the first', async () => {
    await raise('parent', 5000);
    const listed = [shard('parent'), shard('left', 'parent'), shard('right', 'parent')];
    const seen: (number | undefined)[] = [];
    const look = async () => void seen.push(await installationWatermark(items));
    for (const step of [
      () => refreshShards(items, [shard('parent')]),
      () => raise('left', 7000), // stored before the list names it
      () => refreshShards(items, listed),
      () => raise('left', 8000),
      () => raise('right', 7500),
      () => refreshShards(items, listed),
    ]) {
      await step();
      await look();
    }
    expect(seen).toEqual([5000, 5000, 5000, 5000, 7500, 7500].map((ms) => T + ms));
  });
});

describe('refreshShards', () => {
  it('lets a child in at the least of its parents, and the parents go once it has delivered', async () => {
    await raise('p1', 5000);
    await raise('p2', 3000);
    const merged = [shard('p1'), shard('p2'), shard('child', 'p1', 'p2')];
    await refreshShards(items, merged);
    expect(await marks()).toEqual([['child', 3000, false], ['p1', 5000, true], ['p2', 3000, true]]);
    await raise('child', 9000);
    await refreshShards(items, merged);
    expect(await marks()).toEqual([['child', 9000, true]]);
    await refreshShards(items, merged); // listed still, and out for good
    expect(await marks()).toEqual([['child', 9000, true]]);
  });

  it('keeps a parent while no descendant has delivered', async () => {
    await raise('parent', 5000);
    const listed = [shard('parent'), shard('child', 'parent')];
    for (let i = 0; i < 2; i++) await refreshShards(items, listed);
    await raise('parent', 6000); // its last records
    expect(await marks()).toEqual([['child', 5000, false], ['parent', 6000, true]]);
  });

  it('lets a shard go when only a grandchild has delivered', async () => {
    await raise('a', 5000);
    const listed = [shard('a'), shard('b', 'a'), shard('c', 'b')];
    await refreshShards(items, listed);
    await raise('c', 9000);
    await refreshShards(items, listed);
    expect(await marks()).toEqual([['c', 9000, true]]);
  });

  it('lets a shard go that the stream no longer lists, and its child inherits from it', async () => {
    await raise('parent', 5000);
    await refreshShards(items, [shard('child', 'parent')]);
    expect(await marks()).toEqual([['child', 5000, false]]);
  });

  it('lets nobody go for an empty list: a stream has shards', async () => {
    await raise('a', 5000);
    await refreshShards(items, []);
    expect(await marks()).toEqual([['a', 5000, true]]);
  });

  it('stands parents that name each other', async () => {
    await refreshShards(items, [shard('a', 'b'), shard('b', 'a')]);
    expect((await shardWatermarks(items)).map((mark) => mark.shardId)).toEqual(['a', 'b']);
  });
});
