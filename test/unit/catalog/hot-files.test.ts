import { beforeEach, describe, expect, it } from 'vitest';
import { addHotFile, hotFilesOf, hoursWithSamples } from '../../../shared/catalog/hot-files.ts';
import type { HotFile } from '../../../shared/catalog/hot-files.ts';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';
import { useCatalog } from './use-catalog.ts';

const HOUR = 3_600_000;

const items = useCatalog();

const file = (hour: string, key: string): HotFile => ({ hour, key, bytes: 10, rows: 2, minTMs: 1, maxTMs: 2, minMetric: 'a', maxMetric: 'ü' });

describe('hot files', () => {
  it('come back as they were added, by key, and twice is once', async () => {
    const files = [file('2026-01-02-03', 'k2'), file('2026-01-02-03', 'k1'), file('2026-01-02-04', 'k3')];
    for (const each of [...files, ...files]) await addHotFile(items, each);
    expect(await hotFilesOf(items, '2026-01-02-03')).toEqual([files[1], files[0]]);
    expect(await hotFilesOf(items, '2026-01-02-04')).toEqual([files[2]]);
    expect(await hotFilesOf(items, '2026-01-02-05')).toEqual([]);
  });

  it('stand in the list of hours in the same transaction', async () => {
    let transactions = 0;
    const counting: ItemTable = { ...items, transact: (writes) => (transactions++, items.transact(writes)) };
    await addHotFile(counting, file('2026-01-02-03', 'k'));
    expect(transactions).toBe(1);
    expect(await hoursWithSamples(items, 0, Number.POSITIVE_INFINITY)).toEqual(['2026-01-02-03']);
  });
});

describe('hoursWithSamples', () => {
  const at = (hour: number): number => Date.UTC(2026, 0, 2, hour);
  beforeEach(async () => {
    for (const hour of ['2026-01-02-03', '2026-01-02-04', '2026-01-02-06']) await addHotFile(items, file(hour, 'k'));
  });

  it.each([
    ['both ends inclusive', at(4), at(6), ['2026-01-02-04', '2026-01-02-06']],
    ['inside one hour', at(3) + 1, at(3) + 2, ['2026-01-02-03']],
    ['up to the last millisecond before an hour', at(4), at(6) - 1, ['2026-01-02-04']],
    ['an hour without samples', at(5), at(6) - 1, []],
    ['all times', Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, ['2026-01-02-03', '2026-01-02-04', '2026-01-02-06']],
    ['beyond the year 9999', Date.UTC(9999, 11, 31), Date.UTC(20_000, 0, 1), []],
  ])('%s', async (_name, fromMs, toMs, hours) => {
    expect(await hoursWithSamples(items, fromMs, toMs)).toEqual(hours);
  });

  it.each([
    ['before 1970', -10 * HOUR, -5 * HOUR],
    ['before every Date', Number.NEGATIVE_INFINITY, -1e300],
    ['after the year 9999', Date.UTC(20_000, 0, 1), Date.UTC(20_000, 0, 2)],
    ['the wrong way round', at(6), at(3)],
  ])('asks the table nothing about times %s: DynamoDB refuses bounds that are the wrong way round', async (_name, fromMs, toMs) => {
    const refusing: ItemTable = { ...items, query: () => Promise.reject(new Error('bounds')) };
    expect(await hoursWithSamples(refusing, fromMs, toMs)).toEqual([]);
  });
});
