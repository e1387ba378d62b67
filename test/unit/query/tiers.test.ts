import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listPartitions, removeEntryWrite } from '../../../shared/catalog/partitions.ts';
import { compactHour } from '../../../shared/compaction/compact-hour.ts';
import { expiredMark } from '../../../shared/compaction/coverage.ts';
import { openObjectDirectory } from '../../../shared/embedded/object-directory.ts';
import { RangeCache } from '../../../shared/promql/range-cache.ts';
import { openTierRollup } from '../../../shared/storage/tier-rollup.ts';
import { lambdaDollars } from '../../../shared/sql/dollars.ts';
import { NOW_MS, openQuery, type OpenQuery } from './open-query.ts';

const HOUR_MS = 3_600_000;
let query: OpenQuery;

/** Two hours before NOW_MS compacted; the first of them has no raw samples any more. */
beforeAll(async () => {
  query = await openQuery({ requestDollars: (requests) => requests, computeDollars: () => 0.5 });
  await query.store(['m_total', '{"host":"a"}', ...Array.from({ length: 720 }, (_, i): readonly [number, number] => [(i - 720) * 10_000, i])]);
  const ports = { objects: await openObjectDirectory(query.dir), catalog: query.catalog };
  const openRollup = () => openTierRollup(60_000, { promotedLabels: ['host'] });
  for (const hour of ['2026-01-01-10', '2026-01-01-11']) {
    await compactHour(ports, hour, { promotedLabels: ['host'], buckets: 1, openRollup }, { nowMs: NOW_MS, watermarkMs: undefined, attempt: 'a' });
  }
  const [first] = await listPartitions(query.catalog, 'raw', 0, NOW_MS - HOUR_MS - 1);
  if (first === undefined) throw new Error('found no partition');
  await query.catalog.transact([expiredMark(first), removeEntryWrite(first)]);
});
afterAll(() => query.close());

interface Answer {
  readonly data: { readonly result: readonly { readonly values: readonly unknown[] }[]; readonly stats: { readonly tiers: readonly string[]; readonly requests: number; readonly dollars: number; readonly samples: { readonly totalQueryableSamples: number } } };
  readonly infos?: readonly string[];
  readonly error?: string;
}

const range = async (text: string, more: string): Promise<Answer> =>
  (await (await query.get(`/api/v1/query_range?query=${encodeURIComponent(text)}&start=${(NOW_MS - 1.5 * HOUR_MS) / 1000}&end=${NOW_MS / 1000}&stats=all&${more}`)).json()) as Answer;

describe('a range query that is asked again', () => {
  it('reads no sample of the steps that nothing has changed, and the same comes out', async () => {
    const held = await openQuery({ results: new RangeCache(1e6) });
    await held.store(['m', '{}', [-60_000, 1], [-30_000, 2]]);
    const ask = async (): Promise<Answer> => (await (await held.get(`/api/v1/query_range?query=m&start=${NOW_MS / 1000 - 120}&end=${NOW_MS / 1000}&step=10&stats=all`)).json()) as Answer;
    const first = await ask();
    const again = await ask();
    expect(again.data.result).toEqual(first.data.result);
    expect([first.data.stats.samples.totalQueryableSamples, again.data.stats.requests]).toEqual([2, 0]);
    await held.store(['m', '{}', [-90_000, 7]]);
    expect((await ask()).data.result[0]?.values.slice(0, 4)).toEqual([-90, -80, -70, -60].map((s) => [NOW_MS / 1000 + s, s === -60 ? '1' : '7']));
    await held.close();
  });
});

describe('a query over HTTP', () => {
  it('is answered by buckets where raw samples have expired, and says so', async () => {
    const { data } = await range('count_over_time(m_total[10m])', 'step=10m');
    expect(data.stats.tiers).toEqual(['1m', 'raw']);
    expect(data.result.map(({ values }) => values.map((pair) => (pair as readonly string[])[1]))).toEqual([Array.from({ length: 10 }, () => '60')]);
    expect(data.stats.dollars).toBe(data.stats.requests + 0.5);
  });

  it('is answered by the tier that it asks for', async () => {
    const minutes = await range('rate(m_total[10m])', 'step=10m&resolution=1m');
    const samples = await range('rate(m_total[10m] offset 1ms)', 'step=10m');
    expect(minutes.data.stats.tiers).toEqual(['1m']);
    // Of the range and an hour before it: windows may begin with a bucket.
    expect(minutes.data.stats.samples.totalQueryableSamples).toBeLessThanOrEqual(120);
    expect(minutes.data.result[0]?.values.slice(-5)).toEqual(samples.data.result[0]?.values.slice(-5));
  });

  it('with resolution=auto reads buckets only where all of its windows fit them', async () => {
    expect((await range('rate(m_total[10m])', 'step=10m&resolution=auto')).data.stats.tiers).toEqual(['1m']);
    expect((await range('rate(m_total[90s])', 'step=10m&resolution=auto')).data.stats.tiers).toEqual(['1m', 'raw']);
    expect((await range('rate(m_total[90s])', 'step=10m&resolution=1m')).infos?.[0]).toContain('rounded to buckets of 1m');
  });

  it('is refused a resolution that there is not', async () => {
    expect((await range('m_total', 'step=10m&resolution=5m')).error).toBe('invalid parameter "resolution": found "5m", raw, 1m, 1h, auto are allowed');
  });

  it('has a price for its time where time is billed', () => {
    expect(lambdaDollars(2048, 1000)).toBeCloseTo(0.0000266668, 12);
  });
});
