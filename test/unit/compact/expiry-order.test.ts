import { describe, expect, it } from 'vitest';
import { allPartitions, readEntry } from '../../../shared/catalog/partitions.ts';
import { openTierRollup } from '../../../shared/storage/tier-rollup.ts';
import { END_MS, HOUR, openCompactRoad, START_MS } from './compact-road.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const openRollup = () => openTierRollup(MINUTE_MS, { promotedLabels: ['host'] });

describe('the 1m partitions of a day that no 1h partition holds yet', () => {
  it('do not expire before it does: an installation that stood still for long loses nothing', async () => {
    const road = await openCompactRoad();
    await road.addHot(START_MS, [{ metric: 'cpu', s: 5, value: 1 }]);
    await road.watermark(END_MS + 6 * MINUTE_MS);
    await road.minute({ nowMs: END_MS + 6 * MINUTE_MS, openRollup });
    const nowMs = START_MS + 40 * DAY_MS;
    // The first minutes, before any sender is heard of.
    await road.minute({ nowMs, openRollup });
    expect(await readEntry(road.ports.catalog, '1m', HOUR)).toMatchObject({ rows: 1 });
    await road.watermark(nowMs + MINUTE_MS);
    await road.minute({ nowMs: nowMs + MINUTE_MS, openRollup });
    expect(await allPartitions(road.ports.catalog, '1h')).toMatchObject([{ dt: HOUR.slice(0, 10), rows: 1 }]);
    await road.minute({ nowMs: nowMs + 2 * MINUTE_MS, openRollup });
    expect(await allPartitions(road.ports.catalog, '1m')).toEqual([]);
    await road.minute({ nowMs: nowMs + 3 * MINUTE_MS, openRollup });
    expect(await allPartitions(road.ports.catalog, '1h')).toMatchObject([{ dt: HOUR.slice(0, 10), rows: 1 }]);
  });
});
