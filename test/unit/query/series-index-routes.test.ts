import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compactDay } from '../../../shared/compaction/compact-day.ts';
import { compactHour } from '../../../shared/compaction/compact-hour.ts';
import { removeEntryWrite, readEntry, type Tier } from '../../../shared/catalog/partitions.ts';
import { openObjectDirectory } from '../../../shared/embedded/object-directory.ts';
import { MissingObjectError, type ObjectStore } from '../../../shared/storage/object-store.ts';
import { makePieceCache } from '../../../shared/storage/piece-cache.ts';
import { listSeries } from '../../../shared/storage/series-lists.ts';
import { openTierRollup } from '../../../shared/storage/tier-rollup.ts';
import { NOW_MS, openQuery, type OpenQuery, type SeriesText } from './open-query.ts';

const HOUR_MS = 3_600_000;
const DAY = '2026-01-01';
const S = NOW_MS / 1000;

let query: OpenQuery;
/** Keys of the objects that were opened. */
let opened: string[];
let attempt = 0;

const counting = (objects: ObjectStore): ObjectStore => ({
  ...objects,
  get: (key, range) => {
    opened.push(key);
    return objects.get(key, range);
  },
  putIfAbsent: (key, bytes) => objects.putIfAbsent(key, bytes),
});

beforeEach(async () => {
  opened = [];
  const plain = await openQuery();
  const watched = await openQuery({ objects: counting(plain.objects), catalog: plain.catalog });
  query = { ...plain, app: watched.app, get: watched.get, close: () => Promise.all([plain.close(), watched.close()]).then(() => undefined) };
});
afterEach(() => query.close());

const compact = async (...hours: readonly string[]): Promise<void> => {
  const ports = { objects: await openObjectDirectory(query.dir), catalog: query.catalog };
  const settings = { promotedLabels: ['host'], buckets: 2, openRollup: () => openTierRollup(60_000, { promotedLabels: ['host'] }) };
  for (const hour of hours) await compactHour(ports, hour, settings, { nowMs: NOW_MS, watermarkMs: undefined, attempt: `a${attempt++}` });
};
const compactWholeDay = async (): Promise<void> => {
  const ports = { objects: await openObjectDirectory(query.dir), catalog: query.catalog };
  await compactDay(ports, DAY, { promotedLabels: ['host'] }, { nowMs: NOW_MS, watermarkMs: undefined, attempt: `d${attempt++}` });
};
const dropEntry = async (tier: Tier, dt: string): Promise<void> => {
  const entry = await readEntry(query.catalog, tier, dt);
  if (entry !== undefined) await query.catalog.transact([removeEntryWrite(entry)]);
};
const read = async (path: string): Promise<unknown> => ((await (await query.get(path)).json()) as { data: unknown }).data;
const dataFiles = (): readonly string[] => opened.filter((key) => /^(raw|1m|1h)\//.test(key) && !key.includes('/_'));
const indexes = (): readonly string[] => opened.filter((key) => key.endsWith('.series.parquet')).map((key) => key.slice(0, key.indexOf('/_')));

const OLD: readonly SeriesText[] = [
  ['old', '{"host":"a","rack":"1"}', [-2 * HOUR_MS, 1], [-2 * HOUR_MS + 600_000, 2]],
  ['up', '{"host":"a"}', [-2 * HOUR_MS, 1]],
];

describe('series, labels and values of compacted hours', () => {
  beforeEach(async () => {
    await query.store(...OLD);
    await query.store(['up', '{"host":"a"}', [-HOUR_MS, 1]], ['up', '{"host":"b"}', [-HOUR_MS, 1]]);
    await compact('2026-01-01-10', '2026-01-01-11');
    await query.store(['hot', '{"zone":"z"}', [0, 1]]);
  });

  it('come from hot files and indexes: no file of a compacted partition is opened', async () => {
    expect(await read('/api/v1/series?match[]={__name__!=""}')).toEqual([
      { __name__: 'hot', zone: 'z' },
      { __name__: 'old', host: 'a', rack: '1' },
      { __name__: 'up', host: 'a' },
      { __name__: 'up', host: 'b' },
    ]);
    expect(await read('/api/v1/labels')).toEqual(['__name__', 'host', 'rack', 'zone']);
    expect(await read('/api/v1/labels?match[]=up')).toEqual(['__name__', 'host']);
    expect(await read('/api/v1/label/__name__/values')).toEqual(['hot', 'old', 'up']);
    expect(await read('/api/v1/label/host/values?match[]=up{host!="a"}&match[]=old')).toEqual(['a', 'b']);
    expect(await read('/api/v1/label/none/values')).toEqual([]);
    expect(dataFiles()).toEqual([]);
    expect(opened.filter((key) => key.startsWith('hot/'))).toHaveLength(1);
    // Each index is decoded once, and of the tiers of an hour the raw one.
    expect([...indexes()].sort()).toEqual(['raw/dt=2026-01-01-10', 'raw/dt=2026-01-01-11', 'raw/dt=2026-01-01-11']);
  });

  it('are those of the range, by the first and the last sample of each series in its hour', async () => {
    const ask = (start: number, end: number): Promise<unknown> => read(`/api/v1/label/__name__/values?start=${S + start}&end=${S + end}`);
    expect(await ask(-7200, -7200)).toEqual(['old', 'up']);
    expect(await ask(-7199, -6700)).toEqual(['old']);
    expect(await ask(-6599, -3601)).toEqual([]);
    expect(await ask(-3600, 0)).toEqual(['hot', 'up']);
    expect(dataFiles()).toEqual([]);
  });

  it('are read from the day once it is built, from what changed since, and from what is left when hours expire', async () => {
    await compactWholeDay();
    const names = (): Promise<unknown> => read('/api/v1/label/__name__/values');
    expect(await names()).toEqual(['hot', 'old', 'up']);
    expect([...new Set(indexes())]).toEqual(['1h/dt=2026-01-01']);
    await query.store(['late', '{}', [-2 * HOUR_MS, 1]]);
    await compact('2026-01-01-10');
    opened = [];
    expect(await names()).toEqual(['hot', 'late', 'old', 'up']);
    expect([...new Set(indexes())]).toEqual(['raw/dt=2026-01-01-10']);
    await compactWholeDay();
    for (const tier of ['raw', '1m'] as const) for (const hour of ['10', '11']) await dropEntry(tier, `${DAY}-${hour}`);
    opened = [];
    expect(await names()).toEqual(['hot', 'late', 'old', 'up']);
    // Hours know less of themselves then: a series of an hour is there all of the hour.
    expect(await read(`/api/v1/label/__name__/values?start=${S - 5000}&end=${S - 4000}`)).toEqual(['late', 'old', 'up']);
    expect(await read(`/api/v1/label/__name__/values?start=${S - 12_000}&end=${S - 7201}`)).toEqual([]);
    expect(dataFiles()).toEqual([]);
  });

  it('are cut to the limit, with a warning', async () => {
    for (const path of ['labels?limit=2', 'label/__name__/values?limit=2', 'series?match[]={__name__!=""}&limit=2']) {
      const answer = (await (await query.get(`/api/v1/${path}`)).json()) as { data: unknown[]; warnings: string[] };
      expect([answer.data.length, answer.warnings]).toEqual([2, ['results truncated due to limit']]);
    }
  });

  it('leave the oldest out where the indexes hold more than may be read, and say since when all is there', async () => {
    const ports = { objects: query.objects, catalog: query.catalog, cache: makePieceCache(1e6) };
    const { found, sinceMs } = await listSeries(ports, { selectors: [], fromMs: -Infinity, toMs: Infinity, maxEntries: 3 });
    expect(found).toHaveLength(3);
    expect(sinceMs).toBe(NOW_MS - 2 * HOUR_MS + 600_001);
    expect((await listSeries(ports, { selectors: [], fromMs: -Infinity, toMs: Infinity, maxEntries: 4 })).sinceMs).toBeUndefined();
  });

  it('fail past the limit of label sets, whether these are hot or compacted', async () => {
    const ports = { objects: query.objects, catalog: query.catalog, cache: makePieceCache(1e6) };
    const list = (maxSeries: number): Promise<unknown> => listSeries(ports, { selectors: [], fromMs: -Infinity, toMs: Infinity, maxSeries });
    await expect(list(3)).rejects.toMatchObject({ name: 'PromqlLimitError', message: expect.stringContaining('more than 3 label sets') });
    await expect(list(0)).rejects.toThrow('more than 0 label sets');
    expect(await list(4)).toMatchObject({ found: { length: 4 } });
  });

  it('fail when an index is gone or another, and do not answer with less', async () => {
    const entry = await readEntry(query.catalog, 'raw', '2026-01-01-10');
    const directory = await openObjectDirectory(query.dir);
    const manifest = JSON.parse(Buffer.from(await query.objects.get(entry?.manifestKey ?? '')).toString()) as { files: { key: string; seriesIndex: { key: string } }[] };
    const { key, seriesIndex } = manifest.files[0] ?? { key: '', seriesIndex: { key: '' } };
    await directory.replace(seriesIndex.key, await query.objects.get(key));
    expect((await query.get('/api/v1/labels')).status).toBe(400);
    await directory.remove([seriesIndex.key]);
    const ports = { objects: query.objects, catalog: query.catalog, cache: makePieceCache(1e6) };
    await expect(listSeries(ports, { selectors: [], fromMs: -Infinity, toMs: Infinity })).rejects.toBeInstanceOf(MissingObjectError);
  });
});

describe('a selector', () => {
  it('reads nothing but indexes where no series matches, with a name or without', async () => {
    const noise = Array.from({ length: 3000 }, (_, i): readonly [number, number] => [i * 1000, Math.sin(i)]);
    await query.store(...Array.from({ length: 20 }, (_, k): SeriesText => [`m${k % 10}`, `{"host":"h${Math.floor(k / 10)}"}`, ...noise]));
    await compact('2026-01-01-12');
    const ask = async (text: string): Promise<number> => {
      opened = [];
      return ((await read(`/api/v1/query?query=${encodeURIComponent(text)}&time=${S + 100}`)) as { result: unknown[] }).result.length;
    };
    for (const none of ['{host="h7"}', 'm3{host="h7"}', '{__name__=~"n.*"}', 'm5{rack!=""}']) {
      expect([await ask(none), dataFiles()]).toEqual([0, []]);
    }
    expect(await ask('{host="h1"}')).toBe(10);
    expect(new Set(dataFiles()).size).toBe(1);
  });
});
