import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReadBudget, flushTimesSince, readSpread, windowsBack } from '../../../shared/alerting/bounded-read.ts';
import { hashOf, sortableMs, spreadKey } from '../../../shared/alerting/spread.ts';
import { openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import type { ItemTables } from '../../../shared/embedded/item-sqlite.ts';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;

describe('windowsBack', () => {
  it.each([[flushTimesSince(NOW - 30 * 24 * HOUR, NOW)], [{ fromMs: NOW - 1, toMs: NOW }], [{ fromMs: NOW + HOUR, toMs: NOW + 2 * HOUR }], [{ fromMs: NOW - 9 * HOUR, toMs: NOW - 5 * HOUR }]])('covers %j without a gap, the newest first', (times) => {
    const windows = [...windowsBack(times, NOW)];
    expect(windows[0]?.toMs).toBe(times.toMs);
    expect(windows.at(-1)?.fromMs).toBe(times.fromMs);
    windows.slice(1).forEach(({ toMs }, i) => expect(toMs).toBe((windows[i]?.fromMs ?? 0) - 1));
    expect(windows.length).toBeLessThan(12);
  });

  it('has none of a range that ends before it begins', () => {
    expect([...windowsBack({ fromMs: NOW, toMs: NOW - 1 }, NOW)]).toEqual([]);
  });
});

describe('readSpread', () => {
  let tables: ItemTables;
  beforeEach(async () => {
    tables = await openItemTables(':memory:', ['alerts'], { nowMs: () => NOW });
    for (let i = 0; i < 100; i++) {
      const id = hashOf(i);
      await tables.table('alerts').transact([{ put: { pk: spreadKey('x', id), sk: `${sortableMs(NOW + i)}#${id}`, attributes: { i, text: 'y'.repeat(100) } } }]);
    }
  });
  afterEach(() => tables.close());
  const read = async (budget: ReadBudget, pageRows = 2) =>
    (await readSpread(tables.table('alerts'), { prefix: 'x', times: { fromMs: NOW + 10, toMs: NOW + 89 }, pageRows }, budget)).map(({ attributes }) => Number(attributes['i'])).sort((a, b) => a - b);

  it('reads a range page by page, both ends inclusive', async () => {
    const budget = new ReadBudget(1000, 1_000_000);
    expect(await read(budget)).toEqual(Array.from({ length: 80 }, (_, i) => i + 10));
    expect(budget.isCut).toBe(false);
  });

  it.each([[new ReadBudget(20, 1_000_000)], [new ReadBudget(1000, 2000)]])('ends with its budget, and says so', async (budget) => {
    const found = await read(budget);
    expect(found.length).toBeLessThan(60);
    expect(found.length).toBeGreaterThan(10);
    expect(budget.isCut).toBe(true);
  });
});
