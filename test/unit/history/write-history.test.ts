import { describe, expect, it } from 'vitest';
import { collectGarbage } from '../../../shared/compaction/collect.ts';
import { GRACE_MS } from '../../../shared/compaction/garbage.ts';
import { listHistoryFiles } from '../../../shared/history/history-files.ts';
import { shelve } from '../../../shared/history/shelf.ts';
import { writeHistory } from '../../../shared/history/write-history.ts';
import { dyingHistoryPorts, eventRow, HOUR_MS, MINUTE_MS, openHistoryRoad, START_MS } from './history-road.ts';

const DAY_MS = 24 * HOUR_MS;
const CLOSED_MS = START_MS + HOUR_MS + 5 * MINUTE_MS;
const FILE = 'history/alert_events/dt=2026-03-01/2026-03-01-10-0000.parquet';
const at = (minute: number): number => START_MS + minute * MINUTE_MS;

describe('the files of history', () => {
  it('hold the rows of an hour by time, five minutes after its end', async () => {
    const road = await openHistoryRoad();
    await road.shelve(eventRow(at(50), 'c'), eventRow(at(0), 'a'), eventRow(at(7), 'b'), eventRow(at(60), 'd'));
    expect(await road.write(CLOSED_MS - 1)).toEqual({ rows: 0, files: 0 });
    expect(await road.files()).toEqual([]);
    expect(await road.write(CLOSED_MS)).toEqual({ rows: 3, files: 1 });
    expect(await road.files()).toEqual([`${FILE} 0:a,7:b,50:c`]);
    expect(await listHistoryFiles(road.ports.catalog, 'alert_events')).toEqual([{ kind: 'alert_events', dt: '2026-03-01', key: FILE, bytes: expect.any(Number) as number }]);
    expect(await road.write(CLOSED_MS + MINUTE_MS)).toEqual({ rows: 0, files: 0 });
  });

  it('have what comes late in the next file of its own day', async () => {
    const road = await openHistoryRoad();
    await road.shelve(eventRow(at(1), 'a'));
    await road.write(at(14 * 60 + 5));
    await road.shelve(eventRow(at(2), 'late'), eventRow(at(14 * 60 + 6), 'b'));
    expect(await road.write(at(15 * 60 + 5))).toEqual({ rows: 2, files: 2 });
    expect(await road.files()).toEqual([
      `${FILE} 1:a`,
      'history/alert_events/dt=2026-03-01/2026-03-02-00-0000.parquet 2:late',
      'history/alert_events/dt=2026-03-02/2026-03-02-00-0000.parquet 846:b',
    ]);
  });

  it('are none for empty hours, and each hour of a standstill has its own', async () => {
    const road = await openHistoryRoad();
    expect(await road.write(CLOSED_MS)).toEqual({ rows: 0, files: 0 });
    await road.shelve(eventRow(at(65), 'a'), eventRow(at(10 * 60), 'b'));
    expect(await road.write(CLOSED_MS + 20 * HOUR_MS)).toEqual({ rows: 2, files: 2 });
    expect((await road.files()).map((line) => line.slice(35))).toEqual(['2026-03-01-11-0000.parquet 65:a', '2026-03-01-20-0000.parquet 600:b']);
  });

  it('are of no hour that the stream has not come to, however far ahead a clock runs', async () => {
    const road = await openHistoryRoad();
    const ahead = { nowMs: CLOSED_MS + 3 * 365 * DAY_MS, hasTime: () => true };
    await road.shelve(eventRow(at(1), 'a'), eventRow(at(61), 'b'));
    expect(await writeHistory(road.ports, 'alert_events', ahead)).toEqual({ rows: 0, files: 0 });
    await road.stored(CLOSED_MS);
    expect(await writeHistory(road.ports, 'alert_events', ahead)).toEqual({ rows: 1, files: 1 });
    await road.shelve(eventRow(at(62), 'c'));
    expect(await road.write(CLOSED_MS + HOUR_MS)).toEqual({ rows: 2, files: 1 });
    // What is a year old by that clock alone is kept.
    expect(await listHistoryFiles(road.ports.catalog, 'alert_events')).toHaveLength(2);
  });

  it('are left for the next call when there is no time', async () => {
    const road = await openHistoryRoad();
    await road.shelve(eventRow(at(1), 'a'), eventRow(at(61), 'b'));
    let hours = 0;
    const nowMs = CLOSED_MS + 5 * HOUR_MS;
    await road.stored(nowMs);
    expect(await writeHistory(road.ports, 'alert_events', { nowMs, hasTime: () => hours++ < 1 })).toEqual({ rows: 1, files: 1 });
    expect(await road.write(nowMs)).toEqual({ rows: 1, files: 1 });
    expect(await road.files()).toHaveLength(2);
  });

  it('are cut where an hour has very many rows', async () => {
    const road = await openHistoryRoad();
    const long = 'x'.repeat(390_000);
    for (let i = 0; i < 90; i++) await road.ports.alerts.transact([shelve('alert_events', eventRow(at(1) + i, String(i).padStart(3, '0'), { rule_id: long }), at(1) + i, undefined)]);
    expect(await road.write(CLOSED_MS)).toEqual({ rows: 90, files: 2 });
    const rows = (await road.files()).map((line) => (line.split(' ')[1] ?? '').split(','));
    expect(rows.map(({ length }) => length)).toEqual([83, 7]);
    expect(new Set(rows.flat())).toHaveProperty('size', 90);
  });

  it.each([
    ['before', false],
    ['after', true],
  ] as const)('are the same after a crash %s any effect', async (_when, effectHappens) => {
    for (let effect = 0, hasDied = true; hasDied; effect++) {
      const road = await openHistoryRoad();
      await road.shelve(eventRow(at(1), 'a'), eventRow(at(2) - DAY_MS, 'early'), eventRow(at(61), 'b'));
      const { ports, died } = dyingHistoryPorts(road.ports, effect, effectHappens);
      await road.write(CLOSED_MS + HOUR_MS, 'alert_events', ports).catch(() => undefined);
      hasDied = died();
      await road.shelve(eventRow(at(3), 'late'));
      await road.write(CLOSED_MS + 2 * HOUR_MS);
      await road.write(CLOSED_MS + 3 * HOUR_MS);
      const rows = (await road.files()).flatMap((line) => (line.split(' ')[1] ?? '').split(','));
      expect(rows.sort(), `effect ${effect}`).toEqual(['-1438:early', '1:a', '3:late', '61:b']);
      const listed = await listHistoryFiles(road.ports.catalog, 'alert_events');
      expect(listed.map(({ key }) => key), `effect ${effect}`).toEqual((await road.files()).map((line) => line.split(' ')[0]));
    }
  });

  it('are made once by two at the same time', async () => {
    const road = await openHistoryRoad();
    await road.shelve(...Array.from({ length: 30 }, (_, i) => eventRow(at(i * 10), `e${i}`)));
    await Promise.all([road.write(CLOSED_MS + 9 * HOUR_MS), road.write(CLOSED_MS + 4 * HOUR_MS), road.write(CLOSED_MS + 9 * HOUR_MS)]);
    await road.write(CLOSED_MS + 9 * HOUR_MS);
    const rows = (await road.files()).flatMap((line) => (line.split(' ')[1] ?? '').split(','));
    expect(rows).toHaveLength(30);
    expect(new Set(rows)).toHaveProperty('size', 30);
  });

  it('go after a year: out of the catalog first, and after the grace the objects', async () => {
    const road = await openHistoryRoad();
    await road.shelve(eventRow(at(1), 'a'), eventRow(at(1) + DAY_MS, 'b'));
    await road.write(CLOSED_MS + DAY_MS);
    const yearMs = START_MS + 365 * DAY_MS;
    await road.write(yearMs + HOUR_MS);
    expect(await listHistoryFiles(road.ports.catalog, 'alert_events')).toHaveLength(2);
    await road.write(yearMs + DAY_MS);
    expect((await listHistoryFiles(road.ports.catalog, 'alert_events')).map(({ dt }) => dt)).toEqual(['2026-03-02']);
    expect(await collectGarbage(road.ports, yearMs + DAY_MS + GRACE_MS - 1, (key) => key)).toEqual({ removed: 0, held: 0 });
    expect(await road.files()).toHaveLength(2);
    expect(await collectGarbage(road.ports, yearMs + DAY_MS + GRACE_MS, (key) => key)).toEqual({ removed: 1, held: 0 });
    expect((await road.files()).map((line) => line.slice(24, 34))).toEqual(['2026-03-02']);
    expect(await road.ports.catalog.query('garbage')).toEqual([]);
  });
});
