import { describe, expect, it } from 'vitest';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';
import { allPartitions } from '../../../shared/catalog/partitions.ts';
import { type CompactRoad, END_MS, openCompactRoad, START_MS } from '../compact/compact-road.ts';
import { CLOSED_MS, minute, MINUTE_MS } from '../deletion/delete-road.ts';
import { adminAt, bucketsIn, runBackfill, textFile } from './backfill-road.ts';

const DAY_MS = 86_400_000;

/** A planner whose clock is later is at work right before the first fill is committed. */
const beforeFill = (road: CompactRoad, nowMs: number): CompactRoad['ports'] => {
  const { objects, catalog } = road.ports;
  let isDone = false;
  const transact: ItemTable['transact'] = async (writes) => {
    if (!isDone && writes.some((write) => 'put' in write && write.put.pk === 'partition/1m')) {
      isDone = true;
      await minute(road, nowMs);
    }
    return catalog.transact(writes);
  };
  return { objects, catalog: { get: catalog.get.bind(catalog), query: catalog.query.bind(catalog), transact } };
};

describe('a backfill of an hour that leaves the 1m tier meanwhile', () => {
  it.each([{ what: 'beside what was there', host: 'a' }, { what: 'alone in the hour', host: undefined }])('goes to the day, $what', async ({ host }) => {
    const road = await openCompactRoad();
    const rows = [{ metric: 'cpu', labels: '{"host":"other"}', s: 3605, value: 3 }, ...(host === undefined ? [] : [{ metric: 'cpu', labels: '{"host":"a"}', s: 5, value: 1 }])];
    await road.addHot(1, rows);
    await road.watermark(CLOSED_MS);
    await minute(road, CLOSED_MS);
    const nowMs = END_MS + 30 * DAY_MS - 1000;
    const api = adminAt(beforeFill(road, nowMs + 2000), () => nowMs, { buckets: 2 });
    expect(await runBackfill(api, [textFile('b.prom', `cpu{host="b"} 2 ${START_MS + 65_000}\n`)])).toMatchObject({ cells: { filled: 1, skipped: 0 } });
    await minute(road, nowMs + MINUTE_MS);
    await minute(road, nowMs + 2 * MINUTE_MS);
    expect(await bucketsIn(road.ports, '1h')).toEqual([...(host === undefined ? [] : ['a 03-01T10:00 1 1']), 'b 03-01T10:00 1 2', 'other 03-01T11:00 1 3']);
    expect((await allPartitions(road.ports.catalog, '1m')).map(({ dt }) => dt)).toEqual(['2026-03-01-11']);
  });
});
