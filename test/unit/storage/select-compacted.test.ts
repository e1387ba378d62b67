import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addHotFile, hotFilesOf } from '../../../shared/catalog/hot-files.ts';
import { compactHour } from '../../../shared/compaction/compact-hour.ts';
import { openObjectDirectory } from '../../../shared/embedded/object-directory.ts';
import type { Matcher } from '../../../shared/promql/matcher.ts';
import type { SeriesBlock } from '../../../shared/promql/series-source.ts';
import { makePieceCache, type PieceCache } from '../../../shared/storage/piece-cache.ts';
import { makeSelectCounts, type SelectCounts } from '../../../shared/storage/sample-pieces.ts';
import { makeSelectSeries } from '../../../shared/storage/select-series.ts';
import { NOW_MS, openQuery, type OpenQuery, type SeriesText } from '../query/open-query.ts';

const HOUR = '2026-01-01-12';
const SAMPLES = 400;
const is = (name: string, value: string, op: Matcher['op'] = '='): Matcher => ({ name, op, value });

/** 300 series: too many rows for a file whose every series is kept. The last one has samples in the second half of the hour alone. */
const seriesOfHour = (): SeriesText[] =>
  Array.from({ length: 300 }, (_series, k) => {
    const first = k === 299 ? 200 : 0;
    const samples = Array.from({ length: SAMPLES - first }, (_, i): [number, number] => [(first + i) * 9000, Math.sin(k * SAMPLES + i)]);
    return [`m${String(k % 30).padStart(2, '0')}`, `{"host":"h${Math.floor(k / 30)}"}`, ...samples];
  });

let query: OpenQuery;
/** Answers over the hot files, and what the compaction has left of their rows. */
let fromHot: readonly SeriesBlock[];
let merged: readonly string[];

const WHOLE: readonly (readonly Matcher[])[] = [[is('__name__', 'm07')], [is('host', 'h3')], [is('__name__', 'm0[12]', '=~'), is('host', 'h9', '!=')], [is('__name__', 'none')]];

const answers = (cache: PieceCache, counts?: SelectCounts): Promise<readonly SeriesBlock[]> =>
  Promise.all(WHOLE.map((matchers) => makeSelectSeries({ ...query, cache, limits: { maxSamples: 1e6 } }, counts)({ matchers, fromMs: NOW_MS + 500_000, toMs: NOW_MS + 3_000_000 })));

beforeAll(async () => {
  query = await openQuery();
  await query.store(...seriesOfHour());
  fromHot = await answers(makePieceCache(0));
  const rows = await hotFilesOf(query.catalog, HOUR);
  merged = rows.map(({ key }) => key);
  const ports = { objects: await openObjectDirectory(query.dir), catalog: query.catalog };
  await compactHour(ports, HOUR, { promotedLabels: ['host'], buckets: 1 }, { nowMs: NOW_MS, watermarkMs: undefined, attempt: 'a' });
  // As after a crash between the commit and the removal of the rows.
  for (const row of rows) await addHotFile(query.catalog, row);
});
afterAll(() => query.close());

describe('a select over a compacted hour', () => {
  it('gives the same as over the hot files, with room in the cache and without', async () => {
    for (const cache of [makePieceCache(1e8), makePieceCache(1e6), makePieceCache(0)]) {
      expect(await answers(cache)).toEqual(fromHot);
      expect(await answers(cache)).toEqual(fromHot);
    }
    expect(fromHot.map(({ labels }) => labels.length)).toEqual([10, 30, 18, 0]);
  });

  it('opens no hot file that is merged, though the catalog names it', async () => {
    expect((await hotFilesOf(query.catalog, HOUR)).map(({ key }) => key)).toEqual(merged);
    const counts = makeSelectCounts();
    await answers(makePieceCache(0), counts);
    expect(counts.files).toBe(3);
  });

  it('keeps of a great file the metric, and of a scan that the cache has no room for nothing', async () => {
    const cache = makePieceCache(1e6);
    const select = makeSelectSeries({ ...query, cache, limits: { maxSamples: 1e6 } });
    await select({ matchers: [is('host', 'h3')], fromMs: NOW_MS, toMs: NOW_MS + 3_600_000 });
    expect(cache.heldBytes).toBe(0);
    await select({ matchers: [is('__name__', 'm07')], fromMs: NOW_MS, toMs: NOW_MS + 3_600_000 });
    expect(cache.heldBytes).toBeGreaterThan(10 * SAMPLES * 16);
    expect(cache.heldBytes).toBeLessThan(10 * SAMPLES * 16 + 2000);
  });

  it('decodes the rows alone of the series that the index names, and keeps them', async () => {
    const counts = makeSelectCounts();
    const cache = makePieceCache(1e7);
    const select = makeSelectSeries({ ...query, cache, limits: { maxSamples: 1e6 } }, counts);
    const ask = async (fromMs: number): Promise<number> => (await select({ matchers: [is('__name__', 'm0[12]', '=~'), is('host', 'h[1-9]', '=~')], fromMs, toMs: NOW_MS + 3_600_000 })).labels.length;
    expect(await ask(NOW_MS)).toBe(18);
    expect(cache.heldBytes).toBeGreaterThan(18 * SAMPLES * 16);
    expect(cache.heldBytes).toBeLessThan(18 * SAMPLES * 16 + 3000);
    const { bytes } = counts;
    expect(await ask(NOW_MS + 1_000_000)).toBe(18);
    expect(counts.bytes).toBe(bytes);
  });

  it('counts no sample that is outside of its limit by metric or host', async () => {
    const select = makeSelectSeries({ ...query, cache: makePieceCache(0), limits: { maxSamples: 10 * SAMPLES } });
    expect((await select({ matchers: [is('__name__', 'm07')], fromMs: 0, toMs: NOW_MS + 3_600_000 })).tMs).toHaveLength(10 * SAMPLES);
    await expect(select({ matchers: [is('host', 'h3')], fromMs: 0, toMs: NOW_MS + 3_600_000 })).rejects.toThrow('too many samples');
  });
});
