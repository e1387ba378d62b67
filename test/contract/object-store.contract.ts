import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { MissingObjectError, type ObjectStore, type ObjectSweep } from '../../shared/storage/object-store.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** What every object store and its sweep promise. `makeStore` may give the same store each time: every test writes below a prefix of its own. */
export const defineObjectStoreContract = (name: string, makeStore: () => Promise<ObjectStore & ObjectSweep>): void => {
  const fresh = async (): Promise<{ store: ObjectStore & ObjectSweep; prefix: string }> => ({
    store: await makeStore(),
    prefix: `contract/${randomBytes(8).toString('hex')}`,
  });

  describe(`object store contract: ${name}`, () => {
    it('gives back what was put', async () => {
      const { store, prefix } = await fresh();
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
      expect(await store.putIfAbsent(`${prefix}/a.bin`, bytes)).toBe(true);
      expect([...(await store.get(`${prefix}/a.bin`))]).toEqual([...bytes]);
    });

    it('keeps the first bytes when a key is put again', async () => {
      const { store, prefix } = await fresh();
      expect(await store.putIfAbsent(`${prefix}/a`, bytesOf('first'))).toBe(true);
      expect(await store.putIfAbsent(`${prefix}/a`, bytesOf('second, longer'))).toBe(false);
      expect(textOf(await store.get(`${prefix}/a`))).toBe('first');
    });

    it('lets exactly one of many concurrent puts win, whose bytes stay', async () => {
      const { store, prefix } = await fresh();
      const made = await Promise.all(Array.from({ length: 12 }, (_, i) => store.putIfAbsent(`${prefix}/race`, bytesOf(`writer ${i}`))));
      expect(made.filter(Boolean)).toHaveLength(1);
      expect(textOf(await store.get(`${prefix}/race`))).toBe(`writer ${made.indexOf(true)}`);
    });

    it('keeps an empty object', async () => {
      const { store, prefix } = await fresh();
      expect(await store.putIfAbsent(`${prefix}/empty`, new Uint8Array(0))).toBe(true);
      expect(await store.get(`${prefix}/empty`)).toHaveLength(0);
      expect(await store.putIfAbsent(`${prefix}/empty`, bytesOf('x'))).toBe(false);
    });

    it('keeps five megabytes whole', async () => {
      const { store, prefix } = await fresh();
      const bytes = new Uint8Array(randomBytes(5 * 1024 * 1024));
      await store.putIfAbsent(`${prefix}/big`, bytes);
      expect(Buffer.compare(await store.get(`${prefix}/big`), bytes)).toBe(0);
    });

    it('takes only the part of a buffer that it is given', async () => {
      const { store, prefix } = await fresh();
      await store.putIfAbsent(`${prefix}/view`, bytesOf('--inside--').subarray(2, 8));
      expect(textOf(await store.get(`${prefix}/view`))).toBe('inside');
    });

    it.each([
      { offset: 0, length: 4, part: '0123' },
      { offset: 3, length: 4, part: '3456' },
      { offset: 6, length: 4, part: '6789' },
      { offset: 8, length: 100, part: '89' },
      { offset: 4, length: 0, part: '' },
      { offset: 10, length: 5, part: '' },
      { offset: 500, length: 5, part: '' },
    ])('reads the range of $length bytes at $offset as "$part"', async ({ offset, length, part }) => {
      const { store, prefix } = await fresh();
      await store.putIfAbsent(`${prefix}/digits`, bytesOf('0123456789'));
      expect(textOf(await store.get(`${prefix}/digits`, { offset, length }))).toBe(part);
    });

    it('rejects a key that has no object, with and without a range', async () => {
      const { store, prefix } = await fresh();
      await expect(store.get(`${prefix}/none`)).rejects.toBeInstanceOf(MissingObjectError);
      await expect(store.get(`${prefix}/none`, { offset: 0, length: 1 })).rejects.toMatchObject({ key: expect.stringContaining(`${prefix}/none`) as unknown });
    });

    it('has no object under the beginning of a key', async () => {
      const { store, prefix } = await fresh();
      await store.putIfAbsent(`${prefix}/dt=2026-01-01-00/a.parquet`, bytesOf('a'));
      await expect(store.get(`${prefix}/dt=2026-01-01-00`)).rejects.toBeInstanceOf(MissingObjectError);
      await expect(store.get(`${prefix}/dt=2026-01-01-00/a.parquet/b`)).rejects.toBeInstanceOf(MissingObjectError);
    });

    it('removes what it is told and nothing else, and does not mind what is not there', async () => {
      const { store, prefix } = await fresh();
      const keys = ['hot/a', 'hot/b', 'hot/c', 'raw/a'].map((end) => `${prefix}/${end}`);
      await Promise.all(keys.map((key) => store.putIfAbsent(key, bytesOf(key))));
      await store.remove([`${prefix}/hot/a`, `${prefix}/hot/b`, `${prefix}/hot/none`, `${prefix}/nothing/at/all`, `${prefix}/raw/a/below`]);
      await store.remove([]);
      await expect(store.get(`${prefix}/hot/a`)).rejects.toBeInstanceOf(MissingObjectError);
      await expect(store.get(`${prefix}/hot/b`)).rejects.toBeInstanceOf(MissingObjectError);
      for (const key of [`${prefix}/hot/c`, `${prefix}/raw/a`]) expect(textOf(await store.get(key))).toBe(key);
    });

    it('takes a key again after its object was removed, also where it was the last of its folder', async () => {
      const { store, prefix } = await fresh();
      await store.putIfAbsent(`${prefix}/hot/a`, bytesOf('first'));
      await store.remove([`${prefix}/hot/a`]);
      expect(await store.putIfAbsent(`${prefix}/hot/a`, bytesOf('second'))).toBe(true);
      expect(textOf(await store.get(`${prefix}/hot/a`))).toBe('second');
    });

    it('removes more objects than one request of S3 takes', async () => {
      const { store, prefix } = await fresh();
      await store.putIfAbsent(`${prefix}/last`, bytesOf('x'));
      await store.remove([...Array.from({ length: 1000 }, (_, i) => `${prefix}/${i}`), `${prefix}/last`]);
      await expect(store.get(`${prefix}/last`)).rejects.toBeInstanceOf(MissingObjectError);
    });

    it('replaces an object, or makes it', async () => {
      const { store, prefix } = await fresh();
      for (const text of ['one', 'a second, longer', '', 'four']) {
        await store.replace(`${prefix}/sql/list.txt`, bytesOf(text));
        expect(textOf(await store.get(`${prefix}/sql/list.txt`))).toBe(text);
      }
      expect(await store.putIfAbsent(`${prefix}/sql/list.txt`, bytesOf('five'))).toBe(false);
    });

    it('shows a reader the old bytes or the new while it replaces', async () => {
      const { store, prefix } = await fresh();
      const texts = ['a', 'b'].map((letter) => letter.repeat(50_000));
      await store.replace(`${prefix}/list`, bytesOf('a'.repeat(50_000)));
      const writes = Array.from({ length: 10 }, (_, i) => store.replace(`${prefix}/list`, bytesOf(texts[i % 2] as string)));
      const reads = await Promise.all(Array.from({ length: 20 }, async () => textOf(await store.get(`${prefix}/list`))));
      await Promise.all(writes);
      expect(reads.every((text) => texts.includes(text))).toBe(true);
    });

    it('keeps keys of every allowed character apart', async () => {
      const { store, prefix } = await fresh();
      const keys = ['A', 'a', 'a-', 'a_', 'a.b', 'a=b', '.a', '..a', 'a..', 'd/e/f/g'].map((key) => `${prefix}/${key}`);
      await Promise.all(keys.map((key) => store.putIfAbsent(key, bytesOf(key))));
      for (const key of keys) expect(textOf(await store.get(key))).toBe(key);
    });
  });
};
