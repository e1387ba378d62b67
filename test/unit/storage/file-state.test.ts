import { describe, expect, it } from 'vitest';
import { addHotFile, type HotFile } from '../../../shared/catalog/hot-files.ts';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';
import { openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import { addClass } from '../../../shared/lakes/class-rows.ts';
import { classPorts } from '../../../shared/lakes/lakes.ts';
import { hourStartMs } from '../../../shared/model/hour.ts';
import { fileState } from '../../../shared/storage/file-state.ts';
import { DEFAULT_RETENTION } from '../../../shared/tiers/retention.ts';

const HOUR = '2026-03-01-10';
const FROM_MS = hourStartMs(HOUR);

const hotFile = (minTMs: number): HotFile => ({ hour: HOUR, key: 'hot/one.parquet', bytes: 1, rows: 1, minTMs, maxTMs: FROM_MS + 60_000, minMetric: 'm', maxMetric: 'm' });

const addTo = async (catalog: ItemTable, name: string, minTMs: number): Promise<void> => {
  await addClass(catalog, { name, retention: DEFAULT_RETENTION });
  await addHotFile(classPorts({ objects: {}, catalog }, name).catalog, hotFile(minTMs));
};

describe('what answers are made of', () => {
  it('tells files of one batch in two classes apart, also where the earlier name comes later', async () => {
    const catalog = (await openItemTables(':memory:', ['catalog'])).table('catalog');
    await addTo(catalog, 'second', FROM_MS + 30_000);
    const before = await fileState(catalog, FROM_MS, FROM_MS + 60_000);
    await addTo(catalog, 'first', FROM_MS + 5000);
    const after = await fileState(catalog, FROM_MS, FROM_MS + 60_000);
    expect([...after].filter(([name]) => !before.has(name)).map(([, { fromMs }]) => fromMs - FROM_MS)).toEqual([5000]);
  });
});
