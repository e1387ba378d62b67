import { describe, expect, it } from 'vitest';
import { readEntry, type Tier } from '../../../shared/catalog/partitions.ts';
import { readList } from '../../../shared/compaction/sql-list.ts';
import { classPorts } from '../../../shared/lakes/lakes.ts';
import { parseRetentionClasses } from '../../../shared/lakes/retention-class.ts';
import { hourStartMs } from '../../../shared/model/hour.ts';
import { parseRetention } from '../../../shared/tiers/retention.ts';
import { ARRIVAL_MS } from '../store/store-road.ts';
import { type ClassRoad, openClassRoad } from './class-road.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const HOUR = '2026-03-01-10';
const END_MS = hourStartMs(HOUR) + HOUR_MS;
const DAY_OVER_MS = hourStartMs('2026-03-02-00') + 600_000;
const CLASSES = parseRetentionClasses([
  { name: 'brief', match: 'debug', retention: 'raw=3d,1m=4d,1h=5d' },
  { name: 'long', match: '{host="bill"}', retention: 'raw=10d,1m=40d,1h=400d' },
]);
const row = (metric: string, host: string, s: number, value: number) => ({ metric, labels: `{"host":"${host}"}`, tMs: ARRIVAL_MS - 1000 * s, value });

const storeThree = async (road: ClassRoad): Promise<void> => {
  await road.store(CLASSES, 0, [row('cpu', 'a', 10, 1), row('debug', 'a', 10, 2), row('cpu', 'bill', 10, 3)]);
  await road.store(CLASSES, 1, [row('cpu', 'a', 5, 4), row('debug', 'bill', 5, 5)]);
};

const ALL = ['cpu{host="a"} -10 1', 'cpu{host="a"} -5 4', 'cpu{host="bill"} -10 3', 'debug{host="a"} -10 2', 'debug{host="bill"} -5 5'];

const tiersOf = async ({ ports }: ClassRoad, name: string | undefined): Promise<readonly Tier[]> => {
  const { catalog } = name === undefined ? ports : classPorts(ports, name);
  const found = await Promise.all([readEntry(catalog, 'raw', HOUR), readEntry(catalog, '1m', HOUR), readEntry(catalog, '1h', HOUR.slice(0, 10))]);
  return found.flatMap((entry) => entry?.tier ?? []);
};

describe('retention classes on the road', () => {
  it('put the samples of a series below the prefix of its class, and are read together', async () => {
    const road = await openClassRoad();
    await storeThree(road);
    const prefixes = (await road.keys()).map((key) => key.slice(0, key.indexOf('dt=')));
    expect(prefixes).toEqual(['classes/brief/hot/', 'classes/brief/hot/', 'classes/long/hot/', 'hot/', 'hot/']);
    expect(await road.promql()).toEqual(ALL);
    expect(await road.sql()).toEqual([...ALL].sort());
    expect(await road.series()).toEqual(['cpu{host="a"}', 'cpu{host="bill"}', 'debug{host="a"}', 'debug{host="bill"}']);
  });

  it('are compacted alone, and are read as before', async () => {
    const road = await openClassRoad();
    await storeThree(road);
    await road.watermark(DAY_OVER_MS);
    const report = await road.compact(DAY_OVER_MS, { classes: CLASSES });
    expect(report).toMatchObject({ expired: 0, left: 0, oldestHotAgeMs: 0 });
    expect(report.outcomes.map(({ kind }) => kind)).toEqual(Array.from({ length: 6 }, () => 'merged'));
    for (const name of [undefined, 'brief', 'long']) expect(await tiersOf(road, name)).toEqual(['raw', '1m', '1h']);
    expect(await road.promql()).toEqual(ALL);
    expect(await road.sql()).toEqual([...ALL].sort());
    expect(await road.series()).toEqual(['cpu{host="a"}', 'cpu{host="bill"}', 'debug{host="a"}', 'debug{host="bill"}']);
    const [listed] = await readList(classPorts(road.ports, 'brief').objects, 'raw', HOUR);
    expect(listed).toMatch(/\/classes\/brief\/raw\/dt=2026-03-01-10\/v1-.*\.parquet$/);
  });

  it('let go of each tier at their own time, out of the catalog first, and after the grace of the objects', async () => {
    const road = await openClassRoad();
    await storeThree(road);
    await road.watermark(DAY_OVER_MS);
    await road.compact(DAY_OVER_MS, { classes: CLASSES });
    const tiersAt = async (nowMs: number): Promise<readonly string[]> => {
      await road.compact(nowMs, { classes: CLASSES });
      return Promise.all([undefined, 'brief', 'long'].map(async (name) => (await tiersOf(road, name)).join(' ')));
    };
    const below = async (prefix: string): Promise<number> => (await road.keys()).filter((key) => key.startsWith(prefix) && key.endsWith('.parquet')).length;
    expect(await tiersAt(END_MS + 3 * DAY_MS - 1)).toEqual(['raw 1m 1h', 'raw 1m 1h', 'raw 1m 1h']);
    const before = await below('classes/brief/raw/');
    expect(before).toBeGreaterThan(0);
    const expiredMs = END_MS + 3 * DAY_MS;
    expect(await tiersAt(expiredMs)).toEqual(['raw 1m 1h', '1m 1h', 'raw 1m 1h']);
    expect(await below('classes/brief/raw/')).toBe(before);
    expect(await readList(classPorts(road.ports, 'brief').objects, 'raw', HOUR)).toEqual([]);
    expect(await road.promql()).toEqual(ALL.filter((line) => !line.startsWith('debug')));
    await road.compact(expiredMs + 2 * HOUR_MS, { classes: CLASSES });
    expect(await below('classes/brief/raw/')).toBe(0);
    expect(await below('raw/')).toBeGreaterThan(0);
    expect(await tiersAt(END_MS + 7 * DAY_MS)).toEqual(['1m 1h', '', 'raw 1m 1h']);
    expect(await tiersAt(END_MS + 10 * DAY_MS)).toEqual(['1m 1h', '', '1m 1h']);
    expect(await tiersAt(END_MS + 30 * DAY_MS)).toEqual(['1h', '', '1m 1h']);
  });

  it('stay readable, and expire as they were set, when the settings name them no more', async () => {
    const road = await openClassRoad();
    await storeThree(road);
    await road.watermark(DAY_OVER_MS);
    await road.compact(DAY_OVER_MS);
    expect(await road.promql()).toEqual(ALL);
    await road.compact(END_MS + 3 * DAY_MS);
    expect(await tiersOf(road, 'brief')).toEqual(['1m', '1h']);
    expect(await tiersOf(road, 'long')).toEqual(['raw', '1m', '1h']);
    // Settings count before what was written down.
    await road.compact(END_MS + 4 * DAY_MS, { classes: [{ name: 'brief', retention: parseRetention('') }] });
    expect(await tiersOf(road, 'brief')).toEqual(['1m', '1h']);
  });

  it('count a sample once that was stored again after its series had changed the class', async () => {
    const road = await openClassRoad();
    await storeThree(road);
    await road.store([], 0, [row('cpu', 'a', 10, 1), row('debug', 'a', 10, 2), row('cpu', 'bill', 10, 3)]);
    expect(await road.promql()).toEqual(ALL);
    expect(await road.sql()).toEqual([...ALL].sort());
    expect(await road.series()).toHaveLength(4);
    await road.watermark(DAY_OVER_MS);
    await road.compact(DAY_OVER_MS, { classes: CLASSES });
    expect(await road.promql()).toEqual(ALL);
  });

  it('answer each selector by what its own classes still have, and several by the coarser tier', async () => {
    const road = await openClassRoad();
    await storeThree(road);
    await road.watermark(DAY_OVER_MS);
    await road.compact(DAY_OVER_MS, { classes: CLASSES });
    const nowMs = END_MS + 3 * DAY_MS;
    await road.compact(nowMs, { classes: CLASSES });
    const named = (op: '=' | '=~', value: string) => [{ name: '__name__', op, value }] as const;
    expect(await road.tiers(named('=', 'cpu'), nowMs)).toEqual(['raw: cpu{host="a"} 2', 'raw: cpu{host="bill"} 1']);
    expect(await road.tiers(named('=', 'debug'), nowMs)).toEqual(['1m: debug{host="a"} 1 2', '1m: debug{host="bill"} 1 5']);
    const all = ['1m: cpu{host="a"} 2 5', '1m: cpu{host="bill"} 1 3', '1m: debug{host="a"} 1 2', '1m: debug{host="bill"} 1 5'];
    expect(await road.tiers(named('=~', 'cpu|debug'), nowMs)).toEqual(all);
    // Of brief the day alone is left.
    const dayMs = END_MS + 4 * DAY_MS;
    await road.compact(dayMs, { classes: CLASSES });
    expect(await road.tiers(named('=~', 'cpu|debug'), dayMs)).toEqual(all.map((line) => line.replace('1m', '1h')));
  });

  it('are answered by samples where one of them has late ones, which no bucket has yet', async () => {
    const road = await openClassRoad();
    await storeThree(road);
    await road.watermark(DAY_OVER_MS);
    await road.compact(DAY_OVER_MS, { classes: CLASSES });
    const both = [{ name: '__name__', op: '=~', value: 'cpu|debug' }] as const;
    expect(await road.tiers(both, DAY_OVER_MS, '1m')).toEqual(['1m: cpu{host="a"} 2 5', '1m: cpu{host="bill"} 1 3', '1m: debug{host="a"} 1 2', '1m: debug{host="bill"} 1 5']);
    await road.store(CLASSES, 2, [row('debug', 'a', 7, 9)]);
    const samples = ['raw: cpu{host="a"} 2', 'raw: cpu{host="bill"} 1', 'raw: debug{host="a"} 2', 'raw: debug{host="bill"} 1'];
    expect(await road.tiers(both, DAY_OVER_MS, '1m')).toEqual(samples);
    expect(await road.tiers(both, DAY_OVER_MS, '1h')).toEqual(samples);
  });

  it('unite the buckets of a series that changed its class inside of them', async () => {
    const road = await openClassRoad();
    await road.store([], 0, [row('debug', 'a', 10, 2)]);
    await road.store(CLASSES, 1, [row('debug', 'a', 5, 5)]);
    await road.watermark(DAY_OVER_MS);
    await road.compact(DAY_OVER_MS, { classes: CLASSES });
    const nowMs = END_MS + 3 * DAY_MS;
    await road.compact(nowMs, { classes: CLASSES });
    expect(await road.tiers([{ name: '__name__', op: '=', value: 'debug' }], nowMs)).toEqual(['1m: debug{host="a"} 2 7']);
  });

  it('change no key where there are none, and ask the catalog for no row', async () => {
    const [plain, empty] = [await openClassRoad(), await openClassRoad()];
    const rows = [row('cpu', 'a', 10, 1), row('debug', 'a', 10, 2)];
    await plain.store([], 0, rows);
    await empty.store(parseRetentionClasses([{ name: 'none', match: [], retention: '' }, { name: 'other', match: 'absent', retention: '' }]), 0, rows);
    expect(await empty.keys()).toEqual(await plain.keys());
    expect((await plain.keys()).every((key) => key.startsWith('hot/'))).toBe(true);
    expect(await empty.ports.catalog.query('retention-classes')).toEqual([]);
  });
});
