import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Condition, Item, ItemTable, ItemWrite } from '../../shared/catalog/item-table.ts';

/** What every item table promises. `makeTable` may give the same table each time: every test writes partitions of its own. */
export const defineItemTableContract = (name: string, makeTable: () => Promise<ItemTable>): void => {
  const fresh = async (): Promise<{ table: ItemTable; pk: string }> => ({
    table: await makeTable(),
    pk: `contract/${randomBytes(8).toString('hex')}`,
  });
  const put = (pk: string, sk: string, attributes: Item['attributes'] = {}): ItemWrite => ({ put: { pk, sk, attributes } });
  const sortKeys = (items: readonly Item[]): string[] => items.map((item) => item.sk);

  describe(`item table contract, reads and writes: ${name}`, () => {
    it('gives back an item with strings, numbers and booleans', async () => {
      const { table, pk } = await fresh();
      const item: Item = { pk, sk: 'a', attributes: { text: 'é \u0000 😀', empty: '', count: 3, yes: true, no: false }, expiresAtS: 4_000_000_000 };
      expect(await table.transact([{ put: item }])).toEqual({ done: true });
      expect(await table.get({ pk, sk: 'a' })).toEqual(item);
    });

    it('gives back an item without attributes and without expiry', async () => {
      const { table, pk } = await fresh();
      await table.transact([put(pk, 'a')]);
      expect(await table.get({ pk, sk: 'a' })).toEqual({ pk, sk: 'a', attributes: {} });
      expect(await table.query(pk)).toEqual([{ pk, sk: 'a', attributes: {} }]);
    });

    it('has nothing under a key that was never written', async () => {
      const { table, pk } = await fresh();
      expect(await table.get({ pk, sk: 'a' })).toBeUndefined();
      expect(await table.query(pk)).toEqual([]);
    });

    it.each([0, 1, -1, 0.1, 1 / 3, -123.456, 1e21, 1e125, 1e-130, 5e-100, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 1_790_000_000_000, 0.1 + 0.2, 2 ** 60])(
      'keeps the number %d as it is',
      async (value) => {
        const { table, pk } = await fresh();
        await table.transact([put(pk, 'a', { value })]);
        expect((await table.get({ pk, sk: 'a' }))?.attributes['value']).toBe(value);
      },
    );

    it('keeps a string that looks like a number a string', async () => {
      const { table, pk } = await fresh();
      await table.transact([put(pk, 'a', { value: '007', truth: 'true' })]);
      expect((await table.get({ pk, sk: 'a' }))?.attributes).toEqual({ value: '007', truth: 'true' });
    });

    it('keeps attribute names that are words of a query language or of JavaScript', async () => {
      const { table, pk } = await fresh();
      const attributes = { name: 'a', value: 1, status: 'b', 'a.b': 2, '#x': 3, ':y': 4, constructor: 'c', 'ключ': 5 };
      await table.transact([put(pk, 'a', attributes)]);
      expect((await table.get({ pk, sk: 'a' }))?.attributes).toEqual(attributes);
    });

    it('replaces the whole item when it is put again', async () => {
      const { table, pk } = await fresh();
      await table.transact([{ put: { pk, sk: 'a', attributes: { old: 1, both: 1 }, expiresAtS: 4_000_000_000 } }]);
      await table.transact([put(pk, 'a', { both: 2 })]);
      expect(await table.get({ pk, sk: 'a' })).toEqual({ pk, sk: 'a', attributes: { both: 2 } });
    });

    it('removes an item, and takes the removal of none as done', async () => {
      const { table, pk } = await fresh();
      await table.transact([put(pk, 'a'), put(pk, 'b')]);
      expect(await table.transact([{ remove: { pk, sk: 'a' } }])).toEqual({ done: true });
      expect(await table.transact([{ remove: { pk, sk: 'a' } }])).toEqual({ done: true });
      expect(sortKeys(await table.query(pk))).toEqual(['b']);
    });

    it('keeps an item of 390 KB', async () => {
      const { table, pk } = await fresh();
      const text = 'é'.repeat(195 * 1024);
      await table.transact([put(pk, 'a', { text })]);
      expect((await table.get({ pk, sk: 'a' }))?.attributes['text']).toBe(text);
    });

    it('keeps an item that expired long ago or gives nothing, but never fails on it', async () => {
      const { table, pk } = await fresh();
      await table.transact([{ put: { pk, sk: 'a', attributes: { n: 1 }, expiresAtS: 1_000_000_000 } }]);
      expect([undefined, 1]).toContain((await table.get({ pk, sk: 'a' }))?.attributes['n']);
    });
  });

  describe(`item table contract, query: ${name}`, () => {
    // UTF-8 byte order. UTF-16 units would put 😀 (D83D) before U+E000 and U+FFFD.
    const ordered = ['\u0001', ' ', '0', '10', '9', 'A', 'Z', '_', 'a', 'a\u0000', 'a!', 'aa', 'b', '\u007f', '\u0080', 'é', '߿', 'ࠀ', '中', '\ue000', '\ufffd', '😀', '\u{10ffff}'];

    it('orders sort keys by their UTF-8 bytes', async () => {
      const { table, pk } = await fresh();
      await table.transact(ordered.toReversed().map((sk) => put(pk, sk)));
      expect(sortKeys(await table.query(pk))).toEqual(ordered);
    });

    it.each([
      { from: 'a', to: 'b' },
      { from: 'a' },
      { to: 'é' },
      { from: 'é', to: '😀' },
      { from: '\ue000' },
      { from: '', to: '9' },
      { from: 'aa', to: 'aa' },
      { from: 'ab', to: 'ac' },
      { from: 'z', to: 'a' },
    ])('takes the bounds $from and $to as inclusive', async (range) => {
      const { table, pk } = await fresh();
      await table.transact(ordered.map((sk) => put(pk, sk)));
      const bytes = (text: string): Buffer => Buffer.from(text);
      const expected = ordered.filter(
        (sk) =>
          (range.from === undefined || Buffer.compare(bytes(sk), bytes(range.from)) >= 0) &&
          (range.to === undefined || Buffer.compare(bytes(sk), bytes(range.to)) <= 0),
      );
      expect(sortKeys(await table.query(pk, range))).toEqual(expected);
    });

    it('gives the first items of a range up to a limit', async () => {
      const { table, pk } = await fresh();
      await table.transact(['a', 'b', 'c', 'd', 'e'].map((sk) => put(pk, sk)));
      expect(sortKeys(await table.query(pk, { limit: 2 }))).toEqual(['a', 'b']);
      expect(sortKeys(await table.query(pk, { from: 'b', to: 'd', limit: 2 }))).toEqual(['b', 'c']);
      expect(sortKeys(await table.query(pk, { from: 'd', limit: 10 }))).toEqual(['d', 'e']);
    });

    it('gives only items of the partition that is asked for', async () => {
      const { table, pk } = await fresh();
      await table.transact([put(pk, 'a'), put(`${pk}/x`, 'b'), put(`${pk} `, 'c'), put(pk.toUpperCase(), 'd')]);
      expect(sortKeys(await table.query(pk))).toEqual(['a']);
    });

    it('gives all items of a partition that is greater than a page of DynamoDB (1 MB)', async () => {
      const { table, pk } = await fresh();
      const keys = Array.from({ length: 120 }, (_, i) => String(i).padStart(3, '0'));
      const text = 'x'.repeat(20_000);
      for (let i = 0; i < keys.length; i += 60) await table.transact(keys.slice(i, i + 60).map((sk) => put(pk, sk, { text })));
      expect(sortKeys(await table.query(pk))).toEqual(keys);
      expect(sortKeys(await table.query(pk, { limit: 100 }))).toEqual(keys.slice(0, 100));
    });
  });

  describe(`item table contract, conditions: ${name}`, () => {
    const stored = { n: 5, s: 'm', flag: true, big: 1e15, umlaut: '\ue000' };
    const less = (attribute: string, value: string | number): Condition => ({ is: 'less', attribute, value });
    const equal = (attribute: string, value: string | number): Condition => ({ is: 'equal', attribute, value });
    const cases: readonly { readonly when: Condition; readonly present: boolean; readonly absent: boolean }[] = [
      { when: { is: 'absent' }, present: false, absent: true },
      { when: { is: 'present' }, present: true, absent: false },
      { when: equal('n', 5), present: true, absent: false },
      { when: equal('n', 4), present: false, absent: false },
      { when: equal('n', '5'), present: false, absent: false },
      { when: equal('s', 'm'), present: true, absent: false },
      { when: equal('s', 'M'), present: false, absent: false },
      { when: equal('none', 5), present: false, absent: false },
      { when: equal('flag', 'true'), present: false, absent: false },
      { when: equal('toString', 'x'), present: false, absent: false },
      { when: less('n', 6), present: true, absent: false },
      { when: less('n', 5), present: false, absent: false },
      { when: less('n', 4.999), present: false, absent: false },
      { when: less('n', 40), present: true, absent: false },
      { when: less('n', '6'), present: false, absent: false },
      { when: less('big', 1e15 + 1), present: true, absent: false },
      { when: less('s', 'n'), present: true, absent: false },
      { when: less('s', 'm'), present: false, absent: false },
      { when: less('s', 'mm'), present: true, absent: false },
      { when: less('s', 'M'), present: false, absent: false },
      { when: less('s', 99), present: false, absent: false },
      { when: less('umlaut', '😀'), present: true, absent: false },
      { when: less('none', 5), present: false, absent: false },
      { when: { any: [{ is: 'absent' }, less('n', 6)] }, present: true, absent: true },
      { when: { any: [{ is: 'absent' }, less('n', 5)] }, present: false, absent: true },
      { when: { any: [equal('n', 4), equal('s', 'm')] }, present: true, absent: false },
      { when: { any: [equal('n', 4), equal('s', 'x')] }, present: false, absent: false },
      { when: { any: [{ any: [equal('n', 4)] }, { any: [{ is: 'absent' }, equal('n', 5)] }] }, present: true, absent: true },
      { when: { any: [{ is: 'present' }] }, present: true, absent: false },
    ];

    it.each(cases)('$when holds for an item: $present, for none: $absent', async ({ when, present, absent }) => {
      const { table, pk } = await fresh();
      await table.transact([put(pk, 'here', stored)]);
      const outcome = (holds: boolean): unknown => (holds ? { done: true } : { done: false, failed: [0] });
      expect(await table.transact([{ check: { pk, sk: 'here' }, when }])).toEqual(outcome(present));
      expect(await table.transact([{ check: { pk, sk: 'none' }, when }])).toEqual(outcome(absent));
      expect(sortKeys(await table.query(pk))).toEqual(['here']);
      expect(await table.transact([{ put: { pk, sk: 'here', attributes: { new: 1 } }, when }])).toEqual(outcome(present));
      expect((await table.get({ pk, sk: 'here' }))?.attributes).toEqual(present ? { new: 1 } : stored);
      await table.transact([put(pk, 'here', stored)]);
      expect(await table.transact([{ remove: { pk, sk: 'here' }, when }])).toEqual(outcome(present));
      expect((await table.get({ pk, sk: 'here' })) === undefined).toBe(present);
    });
  });
};
