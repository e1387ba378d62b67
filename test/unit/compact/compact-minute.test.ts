import { describe, expect, it } from 'vitest';
import { hotFilesOf } from '../../../shared/catalog/hot-files.ts';
import { allPartitions, readEntry } from '../../../shared/catalog/partitions.ts';
import { GRACE_MS } from '../../../shared/compaction/garbage.ts';
import { sqlListKey } from '../../../shared/compaction/sql-list.ts';
import { type CompactRoad, dyingPorts, END_MS, HOUR, openCompactRoad, START_MS } from './compact-road.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const CLOSED_MS = END_MS + 6 * MINUTE;

const sampleAt = (s: number, value = s) => [{ metric: 'cpu', s, value }];
const listOf = async (road: CompactRoad): Promise<string> => Buffer.from(await road.ports.objects.get(sqlListKey('raw', HOUR))).toString();
/** The files of a version of one bucket, in the order of their keys. */
const SECOND_VERSION = [/^raw\/.*\/_v2-.*-b0\.series\.parquet$/, /^raw\/.*\/_v2-.*\.json$/, /^raw\/.*\/v2-.*-b0\.parquet$/].map((key) => expect.stringMatching(key) as string);
const address = (key: string): string => `file:///lake/${key}\n`;

describe('a minute of compaction', () => {
  it('lists hot files for SQL at once, and the compacted file in their place', async () => {
    const road = await openCompactRoad();
    const [key = ''] = await road.addHot(START_MS + 1, sampleAt(1));
    expect(await road.minute({ nowMs: START_MS + MINUTE })).toMatchObject({ outcomes: [], lists: 1 });
    expect(await listOf(road)).toBe(address(key));
    await road.watermark(CLOSED_MS);
    expect(await road.minute({ nowMs: CLOSED_MS })).toMatchObject({ outcomes: [{ kind: 'merged' }], lists: 1 });
    expect(await listOf(road)).toMatch(/^file:\/\/\/lake\/raw\/dt=2026-03-01-10\/v1-t\d+\.0-b0\.parquet\n$/);
    expect(await road.minute({ nowMs: CLOSED_MS + MINUTE })).toMatchObject({ outcomes: [], lists: 0 });
  });

  it('removes objects an hour after nothing names them any more, and never what is named', async () => {
    const road = await openCompactRoad();
    await road.addHot(START_MS + 1, sampleAt(1));
    await road.watermark(CLOSED_MS);
    await road.minute({ nowMs: CLOSED_MS });
    const lateMs = CLOSED_MS + 20 * MINUTE;
    await road.addHot(CLOSED_MS + MINUTE, sampleAt(2));
    await road.minute({ nowMs: lateMs });
    expect((await road.keys()).filter((key) => !key.startsWith('sql/'))).toHaveLength(8);
    expect(await road.minute({ nowMs: CLOSED_MS + GRACE_MS - 1 })).toMatchObject({ garbage: { removed: 0 } });
    expect(await road.minute({ nowMs: CLOSED_MS + GRACE_MS })).toMatchObject({ garbage: { removed: 0, held: 1 } });
    expect(await road.minute({ nowMs: lateMs + GRACE_MS })).toMatchObject({ garbage: { removed: 5, held: 0 } });
    expect(await road.keys()).toEqual([...SECOND_VERSION, sqlListKey('raw', HOUR)]);
    expect(await road.read()).toHaveLength(2);
    expect(await road.ports.catalog.query('garbage')).toEqual([]);
  });

  it('holds an object back that the SQL list still names, and writes the list again', async () => {
    const road = await openCompactRoad();
    const [key = ''] = await road.addHot(START_MS + 1, sampleAt(1));
    await road.watermark(CLOSED_MS);
    await road.minute({ nowMs: CLOSED_MS });
    // Another planner that read the catalog before the merge, and wrote after it.
    await road.ports.objects.replace(sqlListKey('raw', HOUR), Buffer.from(address(key)));
    const report = await road.minute({ nowMs: CLOSED_MS + GRACE_MS });
    expect(report.garbage).toEqual({ removed: 0, held: 1 });
    expect(await road.minute({ nowMs: CLOSED_MS + GRACE_MS + MINUTE })).toMatchObject({ lists: 1, garbage: { removed: 0, held: 1 } });
    expect(await listOf(road)).toContain('/v1-');
    expect(await road.minute({ nowMs: CLOSED_MS + 2 * GRACE_MS + MINUTE })).toMatchObject({ lists: 0, garbage: { removed: 1, held: 0 } });
  });

  it('clears up behind a run that died, but not behind one that committed', async () => {
    const road = await openCompactRoad();
    await road.addHot(START_MS + 1, sampleAt(1));
    const { ports } = dyingPorts(road.ports, 4, false);
    await road.compact({ nowMs: CLOSED_MS }, ports).catch(() => undefined);
    expect((await road.keys()).filter((key) => key.startsWith('raw/'))).toHaveLength(3);
    expect(await road.compact({ nowMs: CLOSED_MS })).toMatchObject({ kind: 'merged' });
    await road.minute({ nowMs: CLOSED_MS + GRACE_MS });
    expect((await road.keys()).filter((key) => key.startsWith('raw/'))).toHaveLength(3);
    expect(await road.read()).toHaveLength(1);
  });

  it('keeps a run from committing that has been taken for dead', async () => {
    const road = await openCompactRoad();
    await road.addHot(START_MS + 1, sampleAt(1));
    const { objects } = road.ports;
    const slow = {
      ...road.ports,
      objects: {
        get: objects.get.bind(objects),
        remove: objects.remove.bind(objects),
        replace: objects.replace.bind(objects),
        putIfAbsent: async (key: string, bytes: Uint8Array) => {
          const made = await objects.putIfAbsent(key, bytes);
          if (key.endsWith('.json')) await road.minute({ nowMs: CLOSED_MS + GRACE_MS });
          return made;
        },
      },
    };
    expect(await road.compact({ nowMs: CLOSED_MS }, slow)).toEqual({ kind: 'lost' });
    expect(await readEntry(road.ports.catalog, 'raw', HOUR)).toBeUndefined();
    expect(await hotFilesOf(road.ports.catalog, HOUR)).toHaveLength(1);
    expect(await road.read()).toHaveLength(1);
  });

  it('lets a partition go in order: catalog, list, and after the grace the objects', async () => {
    const road = await openCompactRoad();
    await road.addHot(START_MS + 1, sampleAt(1));
    await road.watermark(CLOSED_MS);
    await road.minute({ nowMs: CLOSED_MS });
    const goneMs = END_MS + 7 * DAY;
    expect(await road.minute({ nowMs: goneMs })).toMatchObject({ expired: 1, lists: 1 });
    expect(await allPartitions(road.ports.catalog, 'raw')).toEqual([]);
    expect(await listOf(road)).toBe('');
    expect((await road.keys()).filter((key) => key.startsWith('raw/'))).toHaveLength(3);
    await road.minute({ nowMs: goneMs + GRACE_MS });
    expect(await road.keys()).toEqual([]);
    await road.minute({ nowMs: goneMs + 3 * DAY });
    expect(await road.keys()).toEqual([]);
    expect(await road.ports.catalog.query('hours')).toEqual([]);
    expect(await road.ports.catalog.query('garbage')).toEqual([]);
  });

  it('does the other hours when one fails, and then rejects', async () => {
    const road = await openCompactRoad();
    const [bad = ''] = await road.addHot(START_MS + 1, sampleAt(1));
    await road.addHot(START_MS + 2, sampleAt(-3600));
    await road.ports.objects.remove([bad]);
    await road.watermark(CLOSED_MS);
    await expect(road.minute({ nowMs: CLOSED_MS })).rejects.toThrow(/^compact: 1 of this minute's pieces of work failed: compact 2026-03-01-10: get hot/);
    expect((await allPartitions(road.ports.catalog, 'raw')).map(({ dt }) => dt)).toEqual(['2026-03-01-09']);
    expect(await listOf(road)).toBe(address(bad));
  });

  it('leaves the list of an hour alone that it could not read', async () => {
    const road = await openCompactRoad();
    await road.addHot(START_MS + 1, sampleAt(1));
    await road.watermark(CLOSED_MS);
    await road.minute({ nowMs: CLOSED_MS });
    await road.addHot(CLOSED_MS, sampleAt(2));
    await road.minute({ nowMs: CLOSED_MS + MINUTE });
    const before = await listOf(road);
    const { objects, catalog } = road.ports;
    let refusals = 1;
    const get: typeof objects.get = (key, range) => (key.endsWith('.json') && refusals-- > 0 ? Promise.reject(new Error('slow down')) : objects.get(key, range));
    const putIfAbsent = objects.putIfAbsent.bind(objects);
    const flaky = { catalog, objects: { get, putIfAbsent, remove: objects.remove.bind(objects), replace: objects.replace.bind(objects) } };
    await expect(road.minute({ nowMs: CLOSED_MS + 2 * MINUTE }, flaky)).rejects.toThrow('plan 2026-03-01-10: slow down');
    expect(await listOf(road)).toBe(before);
    expect(before.split('\n')).toHaveLength(3);
  });

  it('begins nothing new when its time is over', async () => {
    const road = await openCompactRoad();
    await road.addHot(START_MS + 1, sampleAt(1));
    await road.watermark(CLOSED_MS);
    expect(await road.minute({ nowMs: CLOSED_MS, hasTime: () => false })).toMatchObject({ outcomes: [], left: 1 });
  });

  it('that dies at any effect is made good by the next', async () => {
    for (let at = 0, died = true; died; at++) {
      const road = await openCompactRoad();
      await road.addHot(START_MS + 1, sampleAt(1));
      await road.watermark(CLOSED_MS);
      await road.minute({ nowMs: CLOSED_MS });
      await road.addHot(CLOSED_MS, sampleAt(2));
      const before = await road.read();
      const dying = dyingPorts(road.ports, at, at % 2 === 0);
      const laterMs = CLOSED_MS + GRACE_MS;
      await road.minute({ nowMs: laterMs }, dying.ports).catch(() => undefined);
      expect(await road.read()).toEqual(before);
      await road.minute({ nowMs: laterMs + MINUTE });
      expect(await road.read()).toEqual(before);
      await road.minute({ nowMs: laterMs + 2 * GRACE_MS });
      expect(await road.keys()).toEqual([...SECOND_VERSION, sqlListKey('raw', HOUR)]);
      expect(await listOf(road)).toMatch(/v2-[^\n]*\n$/);
      died = dying.died();
    }
  });
});
