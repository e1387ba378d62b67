import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { MAX_TRANSACT_WRITES } from '../../shared/catalog/item-table.ts';
import type { Item, ItemTable, ItemWrite } from '../../shared/catalog/item-table.ts';
import { PermanentError } from '../../shared/errors.ts';

/** What every item table promises of several writes at once, of concurrent writes, and of its limits. */
export const defineItemTransactContract = (name: string, makeTable: () => Promise<ItemTable>): void => {
  const fresh = async (): Promise<{ table: ItemTable; pk: string }> => ({
    table: await makeTable(),
    pk: `contract/${randomBytes(8).toString('hex')}`,
  });
  const put = (pk: string, sk: string, attributes: Item['attributes'] = {}): ItemWrite => ({ put: { pk, sk, attributes } });
  const sortKeys = (items: readonly Item[]): string[] => items.map((item) => item.sk);

  describe(`item table contract, transact: ${name}`, () => {
    it('does puts, removals and checks of several partitions together', async () => {
      const { table, pk } = await fresh();
      await table.transact([put(pk, 'old'), put(pk, 'guard', { epoch: 3 })]);
      const outcome = await table.transact([
        { check: { pk, sk: 'guard' }, when: { is: 'equal', attribute: 'epoch', value: 3 } },
        { remove: { pk, sk: 'old' }, when: { is: 'present' } },
        { put: { pk: `${pk}/2`, sk: 'new', attributes: { n: 1 } }, when: { is: 'absent' } },
      ]);
      expect(outcome).toEqual({ done: true });
      expect(sortKeys(await table.query(pk))).toEqual(['guard']);
      expect(sortKeys(await table.query(`${pk}/2`))).toEqual(['new']);
      expect((await table.get({ pk, sk: 'guard' }))?.attributes).toEqual({ epoch: 3 });
    });

    it('writes nothing and names every failed write when conditions fail', async () => {
      const { table, pk } = await fresh();
      await table.transact([put(pk, 'a', { n: 1 }), put(pk, 'b', { n: 1 })]);
      const outcome = await table.transact([
        put(pk, 'c'),
        { put: { pk, sk: 'a', attributes: { n: 2 } }, when: { is: 'absent' } },
        { remove: { pk, sk: 'b' }, when: { is: 'equal', attribute: 'n', value: 1 } },
        { check: { pk, sk: 'd' }, when: { is: 'present' } },
      ]);
      expect(outcome).toEqual({ done: false, failed: [1, 3] });
      expect((await table.query(pk)).map((item) => [item.sk, item.attributes['n']])).toEqual([['a', 1], ['b', 1]]);
    });

    it('judges conditions by what stood before the transact', async () => {
      const { table, pk } = await fresh();
      const outcome = await table.transact([put(pk, 'a'), { check: { pk, sk: 'b' }, when: { is: 'absent' } }, put(pk, 'c')]);
      expect(outcome).toEqual({ done: true });
    });

    it('writes 100 items at once', async () => {
      const { table, pk } = await fresh();
      const writes = Array.from({ length: MAX_TRANSACT_WRITES }, (_, i) => put(pk, String(i).padStart(3, '0'), { i }));
      expect(await table.transact(writes)).toEqual({ done: true });
      expect((await table.query(pk)).map((item) => item.attributes['i'])).toEqual(writes.map((_, i) => i));
    });

    it('lets exactly one of many concurrent creators win', async () => {
      const { table, pk } = await fresh();
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, (_, i) => untilDecided(() => table.transact([{ put: { pk, sk: 'lease', attributes: { holder: i } }, when: { is: 'absent' } }]))),
      );
      const winners = outcomes.flatMap((outcome, i) => (outcome.done ? [i] : []));
      expect(winners).toHaveLength(1);
      expect((await table.get({ pk, sk: 'lease' }))?.attributes['holder']).toBe(winners[0]);
    });

    it('counts right under concurrent compare-and-set', async () => {
      const { table, pk } = await fresh();
      await table.transact([put(pk, 'counter', { n: 0 })]);
      const increment = async (): Promise<void> => {
        for (;;) {
          const n = Number((await table.get({ pk, sk: 'counter' }))?.attributes['n']);
          const write: ItemWrite = { put: { pk, sk: 'counter', attributes: { n: n + 1 } }, when: { is: 'equal', attribute: 'n', value: n } };
          if ((await untilDecided(() => table.transact([write]))).done) return;
        }
      };
      await Promise.all(Array.from({ length: 8 }, increment));
      expect((await table.get({ pk, sk: 'counter' }))?.attributes['n']).toBe(8);
    });

    it('keeps a maximum whatever the order of concurrent raises', async () => {
      const { table, pk } = await fresh();
      const raise = (n: number): Promise<unknown> =>
        untilDecided(() =>
          table.transact([{ put: { pk, sk: 'mark', attributes: { n } }, when: { any: [{ is: 'absent' }, { is: 'less', attribute: 'n', value: n }] } }]),
        );
      await Promise.all([3, 9, 1, 7, 9, 2].map(raise));
      expect((await table.get({ pk, sk: 'mark' }))?.attributes['n']).toBe(9);
    });
  });

  describe(`item table contract, limits: ${name}`, () => {
    const refused: readonly { readonly what: string; readonly writes: (pk: string) => readonly ItemWrite[] }[] = [
      { what: 'no write', writes: () => [] },
      { what: '101 writes', writes: (pk) => Array.from({ length: 101 }, (_, i) => put(pk, String(i))) },
      { what: 'an item twice', writes: (pk) => [put(pk, 'a'), { remove: { pk, sk: 'a' } }] },
      { what: 'a check of an item that is written', writes: (pk) => [{ check: { pk, sk: 'a' }, when: { is: 'absent' } }, put(pk, 'a')] },
      { what: 'an item over 400 KB', writes: (pk) => [put(pk, 'a', { text: 'é'.repeat(200 * 1024) })] },
      { what: 'more than 4 MB in all', writes: (pk) => Array.from({ length: 11 }, (_, i) => put(pk, String(i), { text: 'x'.repeat(390 * 1024) })) },
      { what: 'an empty partition key', writes: () => [put('', 'a')] },
      { what: 'an empty sort key', writes: (pk) => [put(pk, '')] },
      { what: 'a partition key over 2048 bytes', writes: () => [put('é'.repeat(1025), 'a')] },
      { what: 'a sort key over 1024 bytes', writes: (pk) => [put(pk, 'é'.repeat(513))] },
      { what: 'an empty attribute name', writes: (pk) => [put(pk, 'a', { '': 1 })] },
      { what: 'the attribute pk', writes: (pk) => [put(pk, 'a', { pk: 'x' })] },
      { what: 'the attribute expiresAtS', writes: (pk) => [put(pk, 'a', { expiresAtS: 1 })] },
      { what: 'NaN', writes: (pk) => [put(pk, 'a', { n: Number.NaN })] },
      { what: 'infinity', writes: (pk) => [put(pk, 'a', { n: Number.POSITIVE_INFINITY })] },
      { what: 'a number over 10^126', writes: (pk) => [put(pk, 'a', { n: 1e126 })] },
      { what: 'a number under 10^-130', writes: (pk) => [put(pk, 'a', { n: 9e-131 })] },
      { what: 'a lone surrogate in a key', writes: (pk) => [put(pk, '\ud83d')] },
      { what: 'a lone surrogate in a value', writes: (pk) => [put(pk, 'a', { s: '\ude00' })] },
      { what: 'an any of no condition', writes: (pk) => [{ put: { pk, sk: 'a', attributes: {} }, when: { any: [] } }] },
    ];

    it.each(refused)('refuses $what for good', async ({ writes }) => {
      const { table, pk } = await fresh();
      await expect(table.transact([...writes(pk)])).rejects.toBeInstanceOf(PermanentError);
      expect(await table.query(pk)).toEqual([]);
    });

    it('tells long keys apart that begin alike', async () => {
      const { table, pk } = await fresh();
      const keys = ['a', 'b'].map((last) => 'x'.repeat(1023) + last);
      await table.transact(keys.map((sk) => put(pk, sk)));
      expect(sortKeys(await table.query(pk))).toEqual(keys);
    });

    it('refuses a query with a limit of nothing', async () => {
      const { table, pk } = await fresh();
      await expect(table.query(pk, { limit: 0 })).rejects.toBeInstanceOf(PermanentError);
    });
  });
};

/** DynamoDB may reject concurrent transactions on one item (TransactionConflict): rejecting leaves the effect unknown, so call again. */
const untilDecided = async <T>(attempt: () => Promise<T>): Promise<T> => {
  for (let left = 50; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw error;
    }
  }
};
