import { describe, expect, it } from 'vitest';
import { rebuildPartition, verifyPartition } from '../../../shared/rebuild/recompute.ts';
import { DEFAULT_RETENTION } from '../../../shared/tiers/retention.ts';
import { adminAt, bucketsIn, runBackfill, textFile } from '../backfill/backfill-road.ts';
import { type CompactRoad, END_MS, HOUR, openCompactRoad, START_MS } from '../compact/compact-road.ts';
import { CLOSED_MS, minute, MINUTE_MS, openRollup, runDelete } from '../deletion/delete-road.ts';

const DAY_MS = 86_400_000;
const settings = { promotedLabels: ['host'], buckets: 2, openRollup, addressOf: (key: string) => `file:///lake/${key}`, retention: DEFAULT_RETENTION };

/** Past the retention of the finer tier, of which no planner has taken the partition away yet, host b has been filled into the coarser. */
const openWorld = async (nowMs: number): Promise<CompactRoad> => {
  const road = await openCompactRoad();
  await road.addHot(1, [{ metric: 'cpu', labels: '{"host":"a"}', s: 5, value: 1 }]);
  await road.watermark(CLOSED_MS);
  await minute(road, CLOSED_MS);
  await runBackfill(adminAt(road.ports, () => nowMs, { buckets: 2 }), [textFile('b.prom', `cpu{host="b"} 2 ${START_MS + 65_000}\n`)]);
  return road;
};

describe.each([
  { tier: '1m', dt: HOUR, nowMs: END_MS + 7 * DAY_MS + MINUTE_MS, filled: 'b 03-01T10:01 1 2' },
  { tier: '1h', dt: HOUR.slice(0, 10), nowMs: END_MS + 30 * DAY_MS + MINUTE_MS, filled: 'b 03-01T10:00 1 2' },
] as const)('while what a partition of $tier was made of is about to expire', ({ tier, dt, nowMs, filled }) => {
  it('a rebuild keeps cells that were filled', async () => {
    const road = await openWorld(nowMs);
    const before = await bucketsIn(road.ports, tier);
    expect(before).toContain(filled);
    await verifyPartition(road.ports, tier, dt, { retention: DEFAULT_RETENTION, nowMs }).then((found) => expect(found?.rows ?? 0).toBe(0));
    await rebuildPartition(road.ports, tier, dt, settings, { nowMs, attempt: 'again' });
    expect(await bucketsIn(road.ports, tier)).toEqual(before);
  });

  it('a deletion takes cells that were filled', async () => {
    const road = await openWorld(nowMs);
    await runDelete(road, { match: 'cpu{host="b"}', from: 0, to: 3600 }, { nowMs });
    expect((await bucketsIn(road.ports, tier)).filter((line) => line.startsWith('b'))).toEqual([]);
  });
});
