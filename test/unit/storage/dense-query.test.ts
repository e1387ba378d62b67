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
let storedBytes: number;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidemark-dense-'));
  tables = await openItemTables(`${dir}/catalog.sqlite`, ['catalog']);
  objects = await openObjectDirectory(dir);
  const catalog = tables.table('catalog');
  await fillDense({ objects: await openObjectDirectory(dir), catalog });
  const bytesOf = async (tier: Tier): Promise<number> => (await listPartitions(catalog, tier)).reduce((sum, { bytes }) => sum + bytes, 0);
  storedBytes = (await bytesOf('raw')) + (await bytesOf('1m'));
}, 120_000);

afterAll(async () => {
  await tables.close();
  await rm(dir, { recursive: true });
});

/** Bytes that a dashboard of these hours takes out of the object store, a point a minute, as a part of all that is stored of them. */
const partRead = async (query: string, resolution: Resolution): Promise<number> => {
  let bytes = 0;
  const get: ObjectStore['get'] = async (key, range) => {
    const found = await objects.get(key, range);
    bytes += found.length;
    return found;
  };
  const ports = { objects: { get }, catalog: tables.table('catalog'), cache: makePieceCache(64e6), limits: { maxSamples: 50_000_000 }, retention: DEFAULT_RETENTION, nowMs: DENSE_START_MS + 24 * HOUR_MS };
  const grid = { startMs: DENSE_START_MS + 5 * 60_000, endMs: DENSE_START_MS + DENSE_HOURS * HOUR_MS, stepMs: 60_000 };
  const found = await evaluateRange(makeSelectSeries(ports), query, grid, { sources: { tiers: { select: makeSelectTiers(ports), resolution } } });
  expect(found.type === 'matrix' && found.series[0]?.tMs.length).toBeGreaterThan(200);
  return bytes / storedBytes;
};

describe('a dashboard over 1,000 of 10,000 series', () => {
  it('of buckets reads less than 5 % of the bytes of its hours', async () => {
    for (const query of ['sum by (region) (rate(m2_total[5m]))', 'rate(m2_total[5m])', 'avg(m3)', 'max by (region) (max_over_time(m3[5m]))']) {
      expect(await partRead(query, 'auto')).toBeLessThan(0.05);
    }
  }, 60_000);

  it('of samples reads the pages of its metric, and the times of all', async () => {
    expect(await partRead('sum by (region) (rate(m2_total[5m]))', 'raw')).toBeLessThan(0.16);
  }, 60_000);
});

describe('an aggregation over 14 M samples', () => {
  it('takes less than 300 MB, and holds fewer samples than it reads', () => {
    for (const query of ['sum by (host) (rate({__name__=~"m.+"}[5m]))', 'avg({__name__=~"m.+"})']) {
      const { stdout, stderr } = spawnSync(process.execPath, [new URL('dense-query-child.ts', import.meta.url).pathname, dir, query], { encoding: 'utf8' });
      expect(stderr.replaceAll(/^.*Warning.*$/gm, '').trim()).toBe('');
      const { samplesRead, series, grownBytes } = JSON.parse(stdout) as { samplesRead: number; series: number; grownBytes: number };
      expect([samplesRead, series > 0]).toEqual([14_400_000, true]);
      expect(grownBytes).toBeLessThan(300e6);
    }
  }, 120_000);
});
