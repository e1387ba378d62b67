import { describe, expect, it } from 'vitest';
import { addBackfillFiles, backfillFilesOf, beginBackfill, giveUpBackfill, idleBackfills, touchBackfill } from '../../../shared/catalog/backfill-files.ts';
import { classRows } from '../../../shared/lakes/class-rows.ts';
import { classPorts } from '../../../shared/lakes/lakes.ts';
import { openAdmin } from '../commands/open-admin.ts';
import { type ClassRoad, openClassRoad } from '../lakes/class-road.ts';
import { CLASSES, DAY_OVER_MS } from '../lakes/two-lakes.ts';
import { bucketsIn, runBackfill, textFile } from './backfill-road.ts';

const DAY_MS = 86_400_000;
const NOW_MS = DAY_OVER_MS;

let attempts = 0;
const adminOf = (road: ClassRoad) => openAdmin({ ...road.ports, clockMs: () => NOW_MS, classes: CLASSES, nextAttempt: () => `bc${attempts++}` });
const fileOf = (daysOld: number, hosts = ['a', 'b']) => textFile('x.prom', hosts.map((host) => `cpu{host="${host}"} 1 ${NOW_MS - daysOld * DAY_MS - 3_600_000}\n`).join(''));

const openRoad = async (): Promise<ClassRoad> => {
  const road = await openClassRoad();
  await road.watermark(NOW_MS);
  return road;
};

describe('a backfill over retention classes', () => {
  it('puts samples into the lake of their class, and none into two', async () => {
    const road = await openRoad();
    const dry = await runBackfill(adminOf(road), [fileOf(0)], { dryRun: true });
    expect(dry).toMatchObject({ samples: { read: 2, stored: 2, rolledUp: 0 }, hours: 2 });
    expect(await classRows(road.ports.catalog)).toEqual([]);
    expect(await runBackfill(adminOf(road), [fileOf(0)])).toMatchObject({ samples: { read: 2, stored: 2, rolledUp: 0, repeated: 0 }, hours: 2, partitions: { raw: 2 } });
    const ofBrief = classPorts(road.ports, 'brief');
    expect((await bucketsIn(road.ports, '1m')).map((line) => line.slice(0, 1))).toEqual(['a']);
    expect((await bucketsIn(ofBrief, '1m')).map((line) => line.slice(0, 1))).toEqual(['b']);
    expect(await road.promql()).toHaveLength(2);
    await road.compact(NOW_MS, { classes: CLASSES });
    expect(await road.sql()).toHaveLength(2);
    // Nothing of the run is left in either lake.
    for (const { catalog } of [road.ports, ofBrief]) expect(await idleBackfills(catalog, Infinity)).toEqual([]);
  });

  it('judges ages by the retention of each class', async () => {
    // Kept: default raw 7 d, 1m 30 d; brief raw 3 d, 1m 4 d, 1h 5 d.
    const road = await openRoad();
    const files = [fileOf(3.5), fileOf(4.5), fileOf(6)];
    const expected = { samples: { read: 6, stored: 3, rolledUp: 2 }, refused: [{ reason: 'timestamp more than 120 hours before arrival', samples: 1 }] };
    expect(await runBackfill(adminOf(road), files, { dryRun: true })).toMatchObject(expected);
    expect(await runBackfill(adminOf(road), files)).toMatchObject({ ...expected, cells: { filled: 2, skipped: 0 } });
    const ofBrief = classPorts(road.ports, 'brief');
    expect([(await bucketsIn(road.ports, '1m')).length, (await bucketsIn(ofBrief, '1m')).length]).toEqual([3, 1]);
    expect(await bucketsIn(ofBrief, '1h')).toHaveLength(2);
  });

  it('gives up in one lake only for all: no step goes on without the files of a class', async () => {
    const road = await openRoad();
    const { catalog } = road.ports;
    await beginBackfill(catalog, '1.a', 1);
    expect(await touchBackfill(catalog, '1.a', 1, ['brief'])).toEqual(['brief']);
    expect(await touchBackfill(catalog, '1.a', 2)).toEqual(['brief']);
    const brief = classPorts(road.ports, 'brief').catalog;
    const waiting = { hour: '2026-03-01-10', key: 'hot/dt=2026-03-01-10/1-backfill-a-x.parquet', bytes: 1, rows: 1, minTMs: 1, maxTMs: 1, minMetric: 'a', maxMetric: 'a' };
    await addBackfillFiles(brief, '1.a', [waiting]);
    const [idle] = await idleBackfills(brief, 3);
    expect(await giveUpBackfill(brief, idle as NonNullable<typeof idle>)).toBe(true);
    await expect(touchBackfill(catalog, '1.a', 4)).rejects.toThrow('found no such run');
    await expect(addBackfillFiles(brief, '1.a', [waiting])).rejects.toThrow('given up');
    await expect(touchBackfill(catalog, '1.a', 4, ['other'])).rejects.toThrow('found no such run');
  });

  it('that is left behind is cleared up in every lake', async () => {
    const road = await openRoad();
    const { catalog } = road.ports;
    const brief = classPorts(road.ports, 'brief');
    const api = adminOf(road);
    // The command dies between its pieces and its steps.
    const dying = { ...api, fetch: async (url: string, init?: RequestInit) => (url.endsWith('/step') ? new Response('no', { status: 400 }) : api.fetch(url, init)) } as typeof api;
    await expect(runBackfill(dying, [fileOf(0)])).rejects.toThrow();
    const [run] = await idleBackfills(brief.catalog, Infinity);
    const name = (run as NonNullable<typeof run>).run;
    expect((await Promise.all([catalog, brief.catalog].map((items) => backfillFilesOf(items, name, '')))).map(({ length }) => length)).toEqual([1, 1]);
    await road.compact(NOW_MS + 2 * DAY_MS, { classes: CLASSES });
    expect((await Promise.all([catalog, brief.catalog].map((items) => backfillFilesOf(items, name, '')))).map(({ length }) => length)).toEqual([0, 0]);
    await road.compact(NOW_MS + 2 * DAY_MS + 2 * 3_600_000, { classes: CLASSES });
    expect((await road.keys()).filter((key) => key.includes('backfill'))).toEqual([]);
  });
});
