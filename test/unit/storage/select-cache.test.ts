import { describe, expect, it } from 'vitest';
import { SampleBatchBuilder } from '../../../shared/model/sample-batch.ts';
import { buildHotObjects, type HotObject } from '../../../shared/storage/hot-object.ts';
import { readSamples } from '../../../shared/storage/hot-read.ts';
import { makeSelectCounts } from '../../../shared/storage/sample-pieces.ts';
import { makePieceCache, type Piece } from '../../../shared/storage/piece-cache.ts';
import { makeSelectSeries } from '../../../shared/storage/select-series.ts';
import { listSeries } from '../../../shared/storage/series-lists.ts';
import { NOW_MS, openQuery } from '../query/open-query.ts';

const piece = (samples: number): Piece => ({ metrics: [], labels: [], offsets: new Uint32Array(1), tMs: new Float64Array(samples), values: new Float64Array(samples) });

describe('makePieceCache', () => {
  it('lets go what was used longest ago', async () => {
    const cache = makePieceCache(2 * (500 + 1600));
    const loads: string[] = [];
    const use = (key: string): Promise<Piece> => cache.get(key, async () => (loads.push(key), piece(100)));
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) await use(key);
    expect(loads).toEqual(['a', 'b', 'c', 'b']);
    expect(cache.heldBytes).toBe(2 * 2100);
  });

  it('does not keep what is larger than itself, nor a failure', async () => {
    const cache = makePieceCache(1000);
    let loads = 0;
    const big = async (): Promise<Piece> => (loads++, piece(1000));
    await cache.get('a', big);
    await cache.get('a', big);
    expect([loads, cache.heldBytes]).toEqual([2, 0]);
    await expect(cache.get('b', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect((await cache.get('b', async () => piece(1))).tMs).toHaveLength(1);
  });

  it('counts the texts of the labels, each once', async () => {
    const cache = makePieceCache(1e9);
    const texts = [1, 2].map((i) => `{"k":"${'x'.repeat(10_000)}${i}"}`);
    const labels = [...texts, ...texts];
    await cache.get('a', async () => ({ ...piece(4), metrics: ['m', 'm', 'n', 'n'], labels, offsets: Uint32Array.of(0, 1, 2, 3, 4) }));
    expect(cache.heldBytes).toBeGreaterThan(20_000);
    expect(cache.heldBytes).toBeLessThan(22_000);
  });

  it('counts the memory that samples lie in, of which a piece may be a part', async () => {
    const cache = makePieceCache(1e9);
    const memory = new Float64Array(1000);
    await cache.get('a', async () => ({ ...piece(0), tMs: memory.subarray(400, 900), values: new Float64Array(500) }));
    expect(cache.heldBytes).toBe(500 + 8 * 1500);
  });

  it('counts as much as the pieces of a file take', async () => {
    const batch = new SampleBatchBuilder();
    for (const metric of ['m1', 'm2', 'm3']) {
      batch.series(metric, '{}');
      for (let i = 0; i < 20_000; i++) batch.sample(NOW_MS + 10 * i, metric === 'm3' ? Math.sqrt(i) : i);
    }
    const [{ bytes }] = buildHotObjects([batch.build()], { promotedLabels: [] }) as [HotObject];
    for (const metrics of [['m1'], ['m2'], ['m3'], ['m1', 'm3'], ['m2', 'm3'], ['m1', 'm2', 'm3']]) {
      const cache = makePieceCache(1e9);
      const read = async (offset: number, length: number): Promise<Uint8Array> => bytes.subarray(offset, offset + length);
      const { tMs, values } = await cache.get('a', () => readSamples(read, bytes.length, { metrics: new Set(metrics), fromMs: -Infinity, toMs: Infinity }));
      expect(cache.heldBytes).toBeGreaterThanOrEqual(tMs.buffer.byteLength + values.buffer.byteLength);
      expect(cache.heldBytes).toBeLessThan(2.1 * 16 * tMs.length);
    }
  });

  it('reads once for calls that meet', async () => {
    const cache = makePieceCache(1e6);
    let loads = 0;
    const load = async (): Promise<Piece> => (loads++, piece(1));
    await Promise.all([cache.get('a', load), cache.get('a', load), cache.get('a', load)]);
    expect(loads).toBe(1);
  });
});

describe('a select over more files than the cache takes', () => {
  it('keeps the metric alone, so that the same query again reads nothing', async () => {
    const query = await openQuery();
    const noise = Array.from({ length: 200 }, (_, i) => [`noise_${i}`, '{}', [0, i]] as const);
    for (let i = 0; i < 20; i++) await query.store(...noise, ['wanted', '{}', [i * 1000, i]]);
    const counts = makeSelectCounts();
    const cache = makePieceCache(100_000);
    const select = makeSelectSeries({ objects: query.objects, catalog: query.catalog, cache, limits: { maxSamples: 1000 } }, counts);
    const ask = async (): Promise<number> => (await select({ matchers: [{ name: '__name__', op: '=', value: 'wanted' }], fromMs: NOW_MS, toMs: NOW_MS + 60_000 })).tMs.length;
    expect([await ask(), counts.requests]).toEqual([20, 20]);
    expect([await ask(), counts.requests]).toEqual([20, 20]);
    await query.close();
  });

  it('leaves what is kept alone when it asks for every metric', async () => {
    const query = await openQuery();
    const noise = Array.from({ length: 200 }, (_, i) => [`noise_${i}`, '{}', [0, i]] as const);
    for (let i = 0; i < 20; i++) await query.store(...noise, ['wanted', '{}', [i * 1000, i]]);
    const ports = { objects: query.objects, catalog: query.catalog, cache: makePieceCache(100_000), limits: { maxSamples: 10_000 } };
    const counts = makeSelectCounts();
    const ask = async (): Promise<unknown> => makeSelectSeries(ports, counts)({ matchers: [{ name: '__name__', op: '=', value: 'wanted' }], fromMs: NOW_MS, toMs: NOW_MS + 60_000 });
    await ask();
    expect((await listSeries(ports, { selectors: [], fromMs: NOW_MS, toMs: NOW_MS + 60_000 })).found).toHaveLength(201);
    await ask();
    expect(counts.requests).toBe(20);
    await query.close();
  });
});
