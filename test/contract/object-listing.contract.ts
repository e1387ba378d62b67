import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { listAll, type ObjectListing, type ObjectStore } from '../../shared/storage/object-store.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What every listing promises. `makeStore` may give the same store each time: every test writes below a prefix of its own. */
export const defineObjectListingContract = (name: string, makeStore: () => Promise<ObjectStore & ObjectListing>): void => {
  const fresh = async (): Promise<{ store: ObjectStore & ObjectListing; prefix: string }> => ({
    store: await makeStore(),
    prefix: `contract/${randomBytes(8).toString('hex')}`,
  });

  describe(`object listing contract: ${name}`, () => {
    it('lists what begins with a prefix, in the byte order of the keys, with its length', async () => {
      const { store, prefix } = await fresh();
      const ends = ['raw/b', 'raw/a/2', 'raw/a/1', 'raw/a-b', 'raw/B', 'raw-1/a', 'rax'];
      await Promise.all(ends.map((end) => store.putIfAbsent(`${prefix}/${end}`, bytesOf(end))));
      const listed = async (begin: string, after?: string) => (await store.list(`${prefix}/${begin}`, after === undefined ? undefined : `${prefix}/${after}`)).map(({ key }) => key.slice(prefix.length + 1));
      expect(await listed('raw/')).toEqual(['raw/B', 'raw/a-b', 'raw/a/1', 'raw/a/2', 'raw/b']);
      expect(await listed('raw')).toEqual(['raw-1/a', 'raw/B', 'raw/a-b', 'raw/a/1', 'raw/a/2', 'raw/b']);
      expect(await listed('raw/a')).toEqual(['raw/a-b', 'raw/a/1', 'raw/a/2']);
      expect(await listed('raw/', 'raw/a/1')).toEqual(['raw/a/2', 'raw/b']);
      expect(await listed('raw/', 'raw/a/')).toEqual(['raw/a/1', 'raw/a/2', 'raw/b']);
      expect(await listed('raw/', 'raw/b')).toEqual([]);
      expect(await listed('none/')).toEqual([]);
      expect((await store.list(`${prefix}/raw/a/`)).map(({ bytes }) => bytes)).toEqual([7, 7]);
    });

    it('lists more than one page holds, each object once', async () => {
      const { store, prefix } = await fresh();
      const keys = Array.from({ length: 1005 }, (_, i) => `${prefix}/many/${String(i % 3)}/${String(i).padStart(4, '0')}`);
      // Not all at once: an endpoint on this machine takes no thousand connections within the client's time.
      for (let i = 0; i < keys.length; i += 50) await Promise.all(keys.slice(i, i + 50).map((key) => store.putIfAbsent(key, bytesOf('x'))));
      expect(await store.list(`${prefix}/many/`)).toHaveLength(1000);
      const found: string[] = [];
      for await (const { key } of listAll(store, `${prefix}/many/`)) found.push(key);
      expect(found).toEqual(keys.sort());
    });
  });
};
