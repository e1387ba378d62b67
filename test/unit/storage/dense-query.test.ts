import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listPartitions, type Tier } from '../../../shared/catalog/partitions.ts';
import { type ItemTables, openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import { openObjectDirectory } from '../../../shared/embedded/object-directory.ts';
import { HOUR_MS } from '../../../shared/model/hour.ts';
import { evaluateRange } from '../../../shared/promql/engine.ts';
import type { Resolution } from '../../../shared/promql/tier-source.ts';
import type { ObjectStore } from '../../../shared/storage/object-store.ts';
import { makePieceCache } from '../../../shared/storage/piece-cache.ts';
import { makeSelectSeries } from '../../../shared/storage/select-series.ts';
import { makeSelectTiers } from '../../../shared/storage/select-tiers.ts';
import { DEFAULT_RETENTION } from '../../../shared/tiers/retention.ts';
import { DENSE_HOURS, DENSE_START_MS, fillDense } from '../../support/dense-lake.ts';

let dir: string;
let tables: ItemTables;
let objects: ObjectStore;
let stored: { readonly raw: number; readonly '1m': number };

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidemark-dense-'));
  tables = await openItemTables(`${dir}/catalog.sqlite`, ['catalog']);
  objects = await openObjectDirectory(dir);
  const catalog = tables.table('catalog');
  await fillDense({ objects: await openObjectDirectory(dir), catalog });
  const bytesOf = async (tier: Tier): Promise<number> => (await listPartitions(catalog, tier)).reduce((sum, { bytes }) => sum + bytes, 0);
  stored = { raw: await bytesOf('raw'), '1m': await bytesOf('1m') };
}, 600_000);

afterAll(async () => {
  await tables.close();
  await rm(dir, { recursive: true });
});

/** Bytes that a dashboard of the day takes out of the object store, a point a minute: manifests, footers and all. */
const bytesRead = async (query: string, resolution: Resolution): Promise<number> => {
  let bytes = 0;
  const get: ObjectStore['get'] = async (key, range) => {
    const found = await objects.get(key, range);
    bytes += found.length;
    return found;
  };
  const ports = { objects: { get }, catalog: tables.table('catalog'), cache: makePieceCache(64e6), limits: { maxSamples: 50_000_000 }, retention: DEFAULT_RETENTION, nowMs: DENSE_START_MS + 24 * HOUR_MS };
  const grid = { startMs: DENSE_START_MS + 5 * 60_000, endMs: DENSE_START_MS + DENSE_HOURS * HOUR_MS, stepMs: 60_000 };
  const found = await evaluateRange(makeSelectSeries(ports), query, grid, { sources: { tiers: { select: makeSelectTiers(ports), resolution } } });
  expect(found.type === 'matrix' && found.series[0]?.tMs.length).toBeGreaterThan(1400);
  return bytes;
};

describe('a 24 h dashboard over 1,000 of 10,000 series every 10 s', () => {
  it('with resolution=auto reads less than 5 % of the bytes of the raw and 1m files of those 24 hours, and a twelfth of the 1m files', async () => {
    expect(DENSE_HOURS).toBe(24);
    for (const query of ['sum by (region) (rate(m2_total[5m]))', 'rate(m2_total[5m])', 'avg(m3)', 'max by (region) (max_over_time(m3[5m]))']) {
      const bytes = await bytesRead(query, 'auto');
      expect([query, bytes / (stored.raw + stored['1m'])]).toEqual([query, expect.toSatisfy((part: number) => part < 0.05)]);
      expect(bytes).toBeLessThan(stored['1m'] / 12);
    }
  }, 120_000);

  it('with resolution=raw reads less than 11.5 % of the bytes of the raw and 1m files, and 22 % of the raw files: its pages, and the times of all', async () => {
    for (const query of ['sum by (region) (rate(m2_total[5m]))', 'avg(m3)']) {
      const bytes = await bytesRead(query, 'raw');
      expect(bytes).toBeLessThan((stored.raw + stored['1m']) * 0.115);
      expect(bytes).toBeLessThan(stored.raw * 0.22);
    }
  }, 120_000);
});

describe('an aggregation over millions of samples', () => {
  const ALL = '{__name__=~"m.+"}';

  it.each([
    ['sum by (host) (rate(ALL[5m]))', 3, 300, ''],
    ['topk by (region) (3, rate(ALL[3h] @ end()))', 3, 300, ''],
    ['quantile(0.9, rate(ALL[3h]))', 3, 300, 'end'],
    // As one block these are 691 MB.
    ['sum(count_over_time(ALL[12h]))', 12, 500, 'end'],
    ['sum(count_over_time(ALL[12h] @ end()))', 12, 500, ''],
  ])('reads what is stored once, and holds fewer samples: %s over %i h takes less than %i MB', (query, hours, mb, at) => {
    const { stdout, stderr } = spawnSync(process.execPath, [new URL('dense-query-child.ts', import.meta.url).pathname, dir, query.replaceAll('ALL', ALL), String(hours), at], { encoding: 'utf8' });
    expect(stderr.replaceAll(/^.*Warning.*$/gm, '').trim()).toBe('');
    const { samplesRead, series, grownBytes, readBytes, requests } = JSON.parse(stdout) as Record<'samplesRead' | 'series' | 'grownBytes' | 'readBytes' | 'requests', number>;
    expect([samplesRead, series > 0]).toEqual([3_600_000 * hours, true]);
    expect(grownBytes).toBeLessThan(mb * 1e6);
    expect(readBytes).toBeLessThan((1.02 * stored.raw * hours) / 24);
    // Two of each file and batch of a million samples, and some for its head and what it ends with.
    expect(requests).toBeLessThan(hours * (2 * Math.ceil(3.6 * hours) + 10));
  }, 120_000);
});
