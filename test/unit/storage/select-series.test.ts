import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bitsOf, isStaleAt } from '../../../shared/model/stale.ts';
import type { Matcher } from '../../../shared/promql/matcher.ts';
import type { SeriesBlock } from '../../../shared/promql/series-source.ts';
import { type PiecePorts, makeSelectCounts } from '../../../shared/storage/sample-pieces.ts';
import { makePieceCache } from '../../../shared/storage/piece-cache.ts';
import { makeSelectSeries } from '../../../shared/storage/select-series.ts';
import { listSeries } from '../../../shared/storage/series-lists.ts';
import { NOW_MS, openQuery, type OpenQuery } from '../query/open-query.ts';

let query: OpenQuery;
let ports: PiecePorts & { readonly limits: { readonly maxSamples: number } };
beforeEach(async () => {
  query = await openQuery();
  ports = { objects: query.objects, catalog: query.catalog, cache: makePieceCache(1e8), limits: { maxSamples: 1e6 } };
});
afterEach(() => query.close());

const is = (name: string, value: string, op: Matcher['op'] = '='): Matcher => ({ name, op, value });
const select = (fromMs: number, toMs: number, ...matchers: Matcher[]): Promise<SeriesBlock> =>
  makeSelectSeries(ports)({ matchers, fromMs: NOW_MS + fromMs, toMs: NOW_MS + toMs });

const textOf = (block: SeriesBlock): string[] => {
  const bits = bitsOf(block.values);
  return block.labels.map((labels, k) => {
    const points = [];
    for (let i = block.offsets[k] as number; i < (block.offsets[k + 1] as number); i++) {
      points.push(`${(block.tMs[i] as number) - NOW_MS}:${isStaleAt(bits, i) ? 'stale' : (block.values[i] as number)}`);
    }
    return `${labels.map(([name, value]) => `${name}=${value}`).join(',')} ${points.join(' ')}`;
  });
};

describe('makeSelectSeries', () => {
  it('merges the files of all hours by identity, sorted by labels', async () => {
    await query.store(['m', '{"host":"b"}', [-3_600_000, 1], [-1000, 2]], ['m', '{"host":"a"}', [-1000, 5]]);
    await query.store(['m', '{"host":"b"}', [-1000, 1], [0, 'stale']], ['m', '{}', [0, 9]]);
    await query.store(['m', '{"host":"b"}', [-2000, 7], [0, Number.NaN]]);
    expect(textOf(await select(-7_200_000, 0, is('__name__', 'm')))).toEqual([
      '__name__=m 0:9',
      '__name__=m,host=a -1000:5',
      '__name__=m,host=b -3600000:1 -2000:7 -1000:2 0:NaN',
    ]);
  });

  it('matches every label, absent ones as empty, and names that are no plain word', async () => {
    await query.store(['m', '{"host":"a"}', [0, 1]], ['m', '{"host":"b","rack":"r"}', [0, 2]], ['a.b', '{}', [0, 3]], ['～', '{}', [0, 4]], ['😀', '{}', [0, 5]]);
    expect(textOf(await select(0, 0, is('rack', ''), is('__name__', 'm')))).toEqual(['__name__=m,host=a 0:1']);
    expect(textOf(await select(0, 0, is('host', 'a|c', '!~'), is('__name__', 'm', '=~')))).toEqual(['__name__=m,host=b,rack=r 0:2']);
    expect(textOf(await select(0, 0, is('__name__', 'm', '!=')))).toEqual(['__name__=a.b 0:3', '__name__=～ 0:4', '__name__=😀 0:5']);
    expect(textOf(await select(0, 0, is('__name__', '😀')))).toEqual(['__name__=😀 0:5']);
    expect(textOf(await select(0, 0, is('__name__', '')))).toEqual([]);
  });

  it('reads only files whose hour, time and metrics can match', async () => {
    await query.store(['a', '{}', [-7_200_000, 1]], ['a', '{}', [-60_000, 1]]);
    await query.store(['b', '{}', [-60_000, 1]]);
    const counts = makeSelectCounts();
    const counted = makeSelectSeries(ports, counts);
    await counted({ matchers: [is('__name__', 'a')], fromMs: NOW_MS - 120_000, toMs: NOW_MS });
    expect(counts).toMatchObject({ files: 1, requests: 1, samples: 1 });
    await counted({ matchers: [is('__name__', 'c')], fromMs: NOW_MS - 120_000, toMs: NOW_MS });
    await counted({ matchers: [is('__name__', 'a')], fromMs: NOW_MS - 30_000, toMs: NOW_MS });
    expect(counts).toMatchObject({ files: 1, requests: 1 });
  });

  it('ends past its sample limit in the words of Prometheus', async () => {
    await query.store(['m', '{}', [-1000, 1], [0, 2]]);
    const limited = makeSelectSeries({ ...ports, limits: { maxSamples: 1 } });
    await expect(limited({ matchers: [is('__name__', 'm')], fromMs: 0, toMs: NOW_MS })).rejects.toThrow('query processing would load too many samples');
  });

  it('keeps of a great file only the metric that is asked for', async () => {
    const noise = (k: number): [number, number][] => Array.from({ length: 1000 }, (_, i) => [i * 1000 + k, Math.sin((i + 1) * (k + 1) * 1.37) * 1e9]);
    await query.store(...Array.from({ length: 200 }, (_, k) => [`m${String(k).padStart(3, '0')}`, '{"host":"a"}', ...noise(k)] as const));
    const block = await makeSelectSeries(ports)({ matchers: [is('__name__', 'm077')], fromMs: NOW_MS, toMs: NOW_MS + 400_000 });
    expect(Array.from(block.values)).toEqual(noise(77).filter(([t]) => t <= 400_000).map(([, value]) => value));
    const [file] = await query.catalog.query('hot/2026-01-01-12');
    expect(Number(file?.attributes['bytes'])).toBeGreaterThan(1024 * 1024);
    expect(ports.cache.heldBytes).toBeLessThan(1000 * 16 + 2000);
  });

  it('keeps up with a thousand small files', async () => {
    const indices = Array.from({ length: 1000 }, (_, i) => i);
    await Promise.all(indices.map((i) => query.store(['m', '{"host":"a"}', [i, i]], ['n', '{"host":"a"}', [i, -i]])));
    const counts = makeSelectCounts();
    const counted = makeSelectSeries(ports, counts);
    const request = { matchers: [is('__name__', 'm')], fromMs: NOW_MS, toMs: NOW_MS + 10_000 };
    const block = await counted(request);
    expect(Array.from(block.values)).toEqual(indices);
    expect(counts.requests).toBe(1000);
    await counted(request);
    expect(counts.requests).toBe(1000);
  });
});

it('a read ends at its deadline, between files and between label sets', async () => {
  await query.store(...Array.from({ length: 50 }, (_, i) => ['m', `{"host":"${i}"}`, [0, 1]] as const));
  let calls = 0;
  const check = (): void => {
    if (++calls === 20) throw new Error('time is up');
  };
  await expect(makeSelectSeries({ ...ports, check })({ matchers: [is('__name__', 'm'), is('host', '(a?)*x', '=~')], fromMs: NOW_MS, toMs: NOW_MS })).rejects.toThrow('time is up');
  for (let i = 0; i < 30; i++) await query.store(['n', '{}', [0, 1]]);
  calls = 0;
  await expect(listSeries({ ...ports, check }, { selectors: [[is('__name__', 'n')]], fromMs: NOW_MS, toMs: NOW_MS })).rejects.toThrow('time is up');
});

describe('listSeries', () => {
  it('lists each label set once, with a sample in the range', async () => {
    await query.store(['m', '{"host":"a"}', [0, 1]], ['n', '{}', [-1000, 1]]);
    await query.store(['m', '{"host":"a"}', [1000, 1]]);
    expect((await listSeries(ports, { selectors: [], fromMs: NOW_MS, toMs: NOW_MS + 5000 })).found).toEqual([[['__name__', 'm'], ['host', 'a']]]);
    expect((await listSeries(ports, { selectors: [[is('__name__', 'n')], [is('host', 'a')]], fromMs: NOW_MS - 5000, toMs: NOW_MS + 5000 })).found).toHaveLength(2);
  });
});
