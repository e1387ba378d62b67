import { describe, expect, it } from 'vitest';
import { sqlListKey } from '../../../shared/compaction/sql-list.ts';
import { examinePartition } from '../../../shared/doctor/partition.ts';
import { DEFAULT_RETENTION } from '../../../shared/tiers/retention.ts';
import { type CompactRoad, END_MS, HOUR, openCompactRoad, START_MS } from '../compact/compact-road.ts';

const MINUTE_MS = 60_000;
const addressOf = (key: string): string => `file:///lake/${key}`;

/** `severity kind: found` of each finding, the names of files cut off. */
const look = async (road: CompactRoad, nowMs: number): Promise<readonly string[]> =>
  (await examinePartition({ ...road.ports, addressOf, retention: DEFAULT_RETENTION }, 'raw', HOUR, nowMs)).findings.map(({ severity, kind, found }) => `${severity} ${kind}: ${found.replaceAll(/file:[^\s;]+/g, 'F')}`);

const add = (road: CompactRoad, arrivalMs: number): Promise<readonly string[]> => road.addHot(arrivalMs, [{ metric: 'up', s: 0, value: arrivalMs }]);

describe('the doctor finds of a SQL list', () => {
  it('that it does not name a hot file: nothing at first, then a notice, then wrong', async () => {
    const road = await openCompactRoad();
    await add(road, START_MS);
    expect(await look(road, START_MS + 2 * MINUTE_MS)).toEqual([]);
    expect(await look(road, START_MS + 3 * MINUTE_MS)).toEqual(['notice SQL list behind: for 3 min; 1 not named: F']);
    expect(await look(road, START_MS + 16 * MINUTE_MS)).toEqual(['wrong SQL list behind: for 16 min; 1 not named: F']);
    await road.minute({ nowMs: START_MS + 16 * MINUTE_MS });
    expect(await look(road, START_MS + 16 * MINUTE_MS)).toEqual([]);
  });

  it('that it is of an older version, by the time of the commit', async () => {
    const road = await openCompactRoad();
    await add(road, START_MS);
    await road.minute({ nowMs: START_MS });
    const nowMs = END_MS + 10 * MINUTE_MS;
    await road.compact({ nowMs });
    expect(await look(road, nowMs + MINUTE_MS)).toEqual([]);
    expect(await look(road, nowMs + 20 * MINUTE_MS)).toEqual(['wrong SQL list behind: for 20 min; 1 not named: F; 1 named that the catalog does not know: F']);
  });

  it('that it was written from outside: other files, or one twice', async () => {
    const road = await openCompactRoad();
    await add(road, START_MS);
    const nowMs = END_MS + 10 * MINUTE_MS;
    await road.watermark(nowMs);
    await road.minute({ nowMs });
    const { objects } = road.ports;
    const list = Buffer.from(await objects.get(sqlListKey('raw', HOUR))).toString();
    await objects.replace(sqlListKey('raw', HOUR), Buffer.from(`${list}${list}file:///elsewhere\n`));
    // Two hours on nobody remembers the commit.
    await road.minute({ nowMs: nowMs + 120 * MINUTE_MS });
    const found = await look(road, nowMs + 120 * MINUTE_MS);
    expect(found).toEqual(['wrong SQL list names files twice: 1: F', 'wrong SQL list behind: 1 named that the catalog does not know: F']);
  });
});
