import { describe, expect, it } from 'vitest';
import type { ItemTable, ItemWrite } from '../../../shared/catalog/item-table.ts';
import { type CompactRoad, END_MS, HOUR, openCompactRoad, START_MS } from '../compact/compact-road.ts';
import { CLOSED_MS, minute, MINUTE_MS } from '../deletion/delete-road.ts';
import { adminAt, bucketsIn, runBackfill, textFile } from './backfill-road.ts';

const DAY_MS = 86_400_000;

const isPublish = (write: ItemWrite): boolean => 'put' in write && write.put.pk === `hot/${HOUR}`;

/** A planner whose clock is later is at work right before the files of a backfill are made hot files, or right after. */
const around = (road: CompactRoad, when: 'before' | 'after', nowMs: number): CompactRoad['ports'] => {
  const { objects, catalog } = road.ports;
  let isDone = false;
  const transact: ItemTable['transact'] = async (writes) => {
    const isNow = !isDone && writes.some(isPublish);
    if (isNow) isDone = true;
    if (isNow && when === 'before') await minute(road, nowMs);
    const outcome = await catalog.transact(writes);
    if (isNow && when === 'after') await minute(road, nowMs);
    return outcome;
  };
  return { objects, catalog: { get: catalog.get.bind(catalog), query: catalog.query.bind(catalog), transact } };
};

describe('a backfill of an hour that leaves the raw tier meanwhile', () => {
  it.each([
    { what: 'that a planner expires before the files are published', when: 'before', laterMs: 2 * MINUTE_MS },
    { what: 'that a planner merges after they are, past the retention of raw', when: 'after', laterMs: 20 * MINUTE_MS },
  ] as const)('$what, stands in 1m and in its day', async ({ when, laterMs }) => {
    const road = await openCompactRoad();
    await road.addHot(1, [{ metric: 'cpu', labels: '{"host":"a"}', s: 5, value: 1 }]);
    await road.watermark(CLOSED_MS);
    await minute(road, CLOSED_MS);
    const nowMs = END_MS + 7 * DAY_MS - 1000;
    const api = adminAt(around(road, when, nowMs + laterMs), () => nowMs, { buckets: 2 });
    const text = `cpu{host="a"} 7 ${START_MS + 65_000}\ncpu{host="b"} 2 ${START_MS + 65_000}\n`;
    const outcome = await runBackfill(api, [textFile('b.prom', text)]);
    expect(outcome).toMatchObject({ samples: { read: 2, stored: 0, rolledUp: 1, repeated: 0 }, cells: { filled: 1, skipped: 1 }, partitions: { raw: 0, '1m': 1 } });
    expect(outcome.refused).toMatchObject([{ samples: 1 }]);
    for (const afterMs of [1, 2, 3]) await minute(road, nowMs + laterMs + afterMs * MINUTE_MS);
    expect(await bucketsIn(road.ports, '1m')).toEqual(['a 03-01T10:00 1 1', 'b 03-01T10:01 1 2']);
    expect(await bucketsIn(road.ports, '1h')).toEqual(['a 03-01T10:00 1 1', 'b 03-01T10:00 1 2']);
  });
});
