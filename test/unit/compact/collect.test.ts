import { describe, expect, it } from 'vitest';
import type { ItemWrite } from '../../../shared/catalog/item-table.ts';
import { GRACE_MS } from '../../../shared/compaction/garbage.ts';
import { sqlListKey } from '../../../shared/compaction/sql-list.ts';
import { END_MS, HOUR, openCompactRoad, START_MS } from './compact-road.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const CLOSED_MS = END_MS + 6 * MINUTE;

const sampleAt = (s: number) => [{ metric: 'cpu', s, value: s }];

describe('garbage', () => {
  it('of a partition that has expired is removed though its list was last written by somebody late', async () => {
    const road = await openCompactRoad();
    await road.addHot(START_MS + 1, sampleAt(1));
    await road.watermark(CLOSED_MS);
    await road.minute({ nowMs: CLOSED_MS });
    const named = await road.ports.objects.get(sqlListKey('raw', HOUR));
    const goneMs = END_MS + 7 * DAY;
    await road.minute({ nowMs: goneMs });
    await road.ports.objects.replace(sqlListKey('raw', HOUR), named);
    expect((await road.minute({ nowMs: goneMs + GRACE_MS })).garbage).toEqual({ removed: 1, held: 1 });
    expect(await road.minute({ nowMs: goneMs + GRACE_MS + MINUTE })).toMatchObject({ lists: 1, garbage: { removed: 0 } });
    expect(await road.minute({ nowMs: goneMs + 2 * GRACE_MS + MINUTE })).toMatchObject({ garbage: { held: 0 } });
    expect(await road.keys()).toEqual([]);
    expect(await road.ports.catalog.query('garbage')).toEqual([]);
    expect(await road.ports.catalog.query('sql-list/raw')).toEqual([]);
  });

  it('of two versions goes in their order, whichever run began first', async () => {
    const road = await openCompactRoad();
    await road.addHot(START_MS + 1, sampleAt(1));
    // The run that began later was the first to commit.
    await road.compact({ nowMs: CLOSED_MS + 10 * MINUTE });
    await road.addHot(START_MS + 2, sampleAt(2));
    await road.compact({ nowMs: CLOSED_MS });
    for (const minutes of [0, 60, 70, 71]) await road.minute({ nowMs: CLOSED_MS + minutes * MINUTE });
    expect((await road.keys()).filter((key) => key.startsWith('hot/') || key.includes('v1-'))).toEqual([]);
    expect(await road.ports.catalog.query('garbage')).toEqual([]);
    expect(await road.read()).toHaveLength(2);
  });

  it('is held where the list was written but not noted, since it is not known since when', async () => {
    const road = await openCompactRoad();
    await road.addHot(START_MS + 1, sampleAt(1));
    await road.watermark(CLOSED_MS);
    await road.minute({ nowMs: CLOSED_MS });
    const goneMs = END_MS + 7 * DAY;
    const { catalog } = road.ports;
    const isNote = (write: ItemWrite): boolean => 'put' in write && write.put.pk === 'sql-list/raw';
    const withoutNotes = {
      ...road.ports,
      catalog: {
        get: catalog.get.bind(catalog),
        query: catalog.query.bind(catalog),
        transact: (writes: readonly ItemWrite[]) => (writes.some(isNote) ? Promise.reject(new Error('no note')) : catalog.transact(writes)),
      },
    };
    await expect(road.minute({ nowMs: goneMs }, withoutNotes)).rejects.toThrow('no note');
    const laterMs = goneMs + 2 * GRACE_MS;
    await expect(road.minute({ nowMs: laterMs }, withoutNotes)).rejects.toThrow('no note');
    const isFileLeft = async (): Promise<boolean> => (await road.keys()).some((key) => key.startsWith('raw/') && key.endsWith('.parquet'));
    expect(await isFileLeft()).toBe(true);
    await road.minute({ nowMs: laterMs + MINUTE });
    expect(await isFileLeft()).toBe(true);
    await road.minute({ nowMs: laterMs + MINUTE + GRACE_MS });
    expect(await road.keys()).toEqual([]);
  });

  it('is removed a grace after the list could be written, when that was not possible for long', async () => {
    const road = await openCompactRoad();
    await road.addHot(START_MS + 1, sampleAt(1));
    await road.minute({ nowMs: START_MS + MINUTE });
    await road.watermark(CLOSED_MS);
    const { objects } = road.ports;
    const withoutLists = {
      ...road.ports,
      objects: {
        get: objects.get.bind(objects),
        putIfAbsent: objects.putIfAbsent.bind(objects),
        remove: objects.remove.bind(objects),
        replace: () => Promise.reject(new Error('no list')),
      },
    };
    await expect(road.minute({ nowMs: CLOSED_MS }, withoutLists)).rejects.toThrow('no list');
    const isHotLeft = async (): Promise<boolean> => (await road.keys()).some((key) => key.startsWith('hot/'));
    const writtenMs = CLOSED_MS + GRACE_MS;
    for (const laterMs of [0, GRACE_MS - 1]) {
      await road.minute({ nowMs: writtenMs + laterMs });
      expect(await isHotLeft()).toBe(true);
    }
    await road.minute({ nowMs: writtenMs + GRACE_MS });
    expect(await isHotLeft()).toBe(false);
  });
});
