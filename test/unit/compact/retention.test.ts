import { describe, expect, it } from 'vitest';
import { hoursWithSamples } from '../../../shared/catalog/hot-files.ts';
import { readEntry } from '../../../shared/catalog/partitions.ts';
import { hourStartMs } from '../../../shared/model/hour.ts';
import { parseRetention } from '../../../shared/tiers/retention.ts';
import { bucketsOf, openRollup } from '../deletion/delete-road.ts';
import { type CompactRoad, END_MS, HOUR, openCompactRoad, START_MS } from './compact-road.ts';

const DAY_MS = 86_400_000;
const DAY = HOUR.slice(0, 10);
const DAY_END_MS = hourStartMs('2026-03-02-00');

const minuteAt = (road: CompactRoad, nowMs: number, retention: string) => road.minute({ nowMs, openRollup, retention: parseRetention(retention) });

/** A day with one hour of two samples, built into all tiers. */
const openBuilt = async (): Promise<CompactRoad> => {
  const road = await openCompactRoad();
  await road.addHot(START_MS + 50_000, [{ metric: 'm', s: 10, value: 1 }, { metric: 'm', s: 20, value: 2 }]);
  await road.watermark(DAY_END_MS + 600_000);
  await minuteAt(road, DAY_END_MS + 600_000, '');
  return road;
};

const tiersOf = async ({ ports: { catalog } }: CompactRoad): Promise<readonly string[]> => {
  const found = await Promise.all([readEntry(catalog, 'raw', HOUR), readEntry(catalog, '1m', HOUR), readEntry(catalog, '1h', DAY)]);
  return found.flatMap((entry) => entry?.tier ?? []);
};

describe('retention', () => {
  it('lets each tier go at its own time', async () => {
    const road = await openBuilt();
    const retention = 'raw=3d,1m=5d,1h=9d';
    for (const [nowMs, tiers] of [
      [END_MS + 3 * DAY_MS - 1, ['raw', '1m', '1h']],
      [END_MS + 3 * DAY_MS, ['1m', '1h']],
      [END_MS + 5 * DAY_MS, ['1h']],
      [DAY_END_MS + 9 * DAY_MS - 1, ['1h']],
      [DAY_END_MS + 9 * DAY_MS, []],
    ] as const) {
      await minuteAt(road, nowMs, retention);
      expect(await tiersOf(road)).toEqual(tiers);
    }
  });

  it('keeps an hour in the list for two days more than its raw samples', async () => {
    const road = await openBuilt();
    const hours = () => hoursWithSamples(road.ports.catalog, -Infinity, Infinity);
    await minuteAt(road, END_MS + 22 * DAY_MS - 1, 'raw=20d');
    expect(await hours()).toEqual([HOUR]);
    await minuteAt(road, END_MS + 22 * DAY_MS, 'raw=20d');
    expect(await hours()).toEqual([]);
  });

  it('takes rows of the 1m tier for all there is once raw has expired, though raw is kept longer by then', async () => {
    const road = await openBuilt();
    await minuteAt(road, END_MS + 7 * DAY_MS, '');
    const before = await bucketsOf(road, '1m');
    await road.addHot(END_MS + 8 * DAY_MS, [{ metric: 'm', s: 30, value: 7 }]);
    await minuteAt(road, END_MS + 9 * DAY_MS, 'raw=20d');
    expect(await road.read()).toEqual(['m {"host":"a"} 30 7']);
    expect(await bucketsOf(road, '1m')).toEqual(before);
    // The second late merge finds a raw version of the number that the rows were once made from.
    await road.addHot(END_MS + 9 * DAY_MS, [{ metric: 'm', s: 40, value: 8 }]);
    await minuteAt(road, END_MS + 10 * DAY_MS, 'raw=20d');
    expect(await bucketsOf(road, '1m')).toEqual(before);
  });

  it('takes a day for all there is once its 1m rows have expired, though they are kept longer by then', async () => {
    const road = await openBuilt();
    await minuteAt(road, END_MS + 30 * DAY_MS, '');
    expect(await tiersOf(road)).toEqual(['1h']);
    const before = await bucketsOf(road, '1h');
    await road.addHot(END_MS + 31 * DAY_MS, [{ metric: 'm', s: 30, value: 7 }]);
    await minuteAt(road, END_MS + 32 * DAY_MS, 'raw=60d,1m=90d');
    expect(await tiersOf(road)).toEqual(['raw', '1h']);
    expect(await bucketsOf(road, '1h')).toEqual(before);
  });
});
