import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitsOf } from '../../shared/model/stale.ts';
import type { SelectBatches } from '../../shared/promql/batch-source.ts';
import { evaluateInstant, evaluateRange, type QueryOptions } from '../../shared/promql/engine.ts';
import type { QueryResult } from '../../shared/promql/query-result.ts';
import type { SelectSeries, SeriesBlock } from '../../shared/promql/series-source.ts';
import { makePieceCache } from '../../shared/storage/piece-cache.ts';
import { makeSelectCounts } from '../../shared/storage/sample-pieces.ts';
import { makeSelectBatches } from '../../shared/storage/select-batches.ts';
import { makeSelectSeries } from '../../shared/storage/select-series.ts';
import { DEFAULT_RETENTION } from '../../shared/tiers/retention.ts';
import { END_MS, openCompactRoad, type Row, START_MS } from '../unit/compact/compact-road.ts';

const QUERIES = [
  ...['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'].map((op) => `${op} by (host) (rate(m[1m]))`),
  'sum(m)',
  'avg without (host) (-abs(m * 2) + scalar(vector(3)))',
  'sum by (zone) (timestamp(m))',
  'max_over_time(sum by (host) (m)[5m:1m])',
  'sum(m) / on () group_left () count(m) or topk(1, m)',
  'count(m @ end())',
  'sum by (host) (sum_over_time(m[5m] @ end()))',
  'm * on (host) group_left () max by (host) (avg_over_time(m[5m] @ 1))',
  'max_over_time(sum(m @ start())[5m:1m])',
  ...['topk', 'bottomk', 'limitk', 'quantile', 'limit_ratio'].flatMap((op) => [`${op}(0.9 + 1, rate(m[2m]))`, `${op} by (host) (scalar(vector(0.5)), m)`, `${op} without (zone) (2, m @ end())`]),
  'count_values("v", m)',
  'count_values by (host) ("zone", ceil(m) % 3)',
  'topk(scalar(count(m) or vector(1)), m)',
  'sum(quantile_over_time(0.5, m[2m]) > 1)',
];

const row: fc.Arbitrary<Row> = fc.record({
  metric: fc.constant('m'),
  labels: fc.constantFrom('{"host":"a","zone":"1"}', '{"host":"b"}', '{"host":"c","zone":"2"}', '{"host":"c","zone":"3"}', '{}', '{"host":"b","zone":"😀"}'),
  s: fc.integer({ min: 0, max: 900 }),
  value: fc.oneof(fc.integer({ min: -5, max: 100 }), fc.double(), fc.constantFrom<number | 'stale'>('stale', 0.1, 1e300, -0)),
});
const rows = fc.array(row, { minLength: 20, maxLength: 150, size: 'max' });

const GRID = { startMs: START_MS, endMs: START_MS + 900_000, stepMs: 45_000 };
const LIMITS = { maxSamples: 1_000_000 };

/** To the bit. */
const textOf = (result: QueryResult): string =>
  JSON.stringify([
    result.type === 'matrix' && result.series.map(({ labels, tMs, values }) => [labels, [...tMs], [...bitsOf(values.slice())]]),
    result.type === 'vector' && [result.labels, [...bitsOf(result.values.slice())]],
    result.infos, result.warnings,
    result.tiers,
  ]);

describe('an aggregation over batches of series', () => {
  it('is the same to the bit as over all at once, out of hot files and compacted ones', async () => {
    await fc.assert(
      fc.asyncProperty(rows, rows, fc.integer({ min: 1, max: 30 }), async (compacted, hot, batchSamples) => {
        const road = await openCompactRoad();
        await road.addHot(START_MS, compacted);
        await road.compact({ buckets: 2 });
        await road.addHot(START_MS + 1, hot);
        const ports = { ...road.ports, cache: makePieceCache(1e6), limits: LIMITS, retention: DEFAULT_RETENTION, nowMs: END_MS };
        const select = makeSelectSeries(ports);
        let opened = 0;
        const batches: SelectBatches = async (request) => {
          const found = await makeSelectBatches(ports, undefined, batchSamples)(request);
          if (found !== undefined) opened++;
          return found;
        };
        for (const query of QUERIES) expect([query, textOf(await evaluateInstant(select, query, GRID.endMs, { sources: { batches } }))]).toEqual([query, textOf(await evaluateInstant(select, query, GRID.endMs))]);
        for (const query of QUERIES) expect([query, textOf(await evaluateRange(select, query, GRID, { sources: { batches } }))]).toEqual([query, textOf(await evaluateRange(select, query, GRID))]);
        expect(opened).toBeGreaterThan(8);
      }),
      { numRuns: 15, endOnFailure: true },
    );
  });

  it('holds no more samples than its largest batch', async () => {
    const blockOf = (k: number): SeriesBlock => ({ labels: [[['__name__', 'm'], ['n', String(k)]]], offsets: Uint32Array.of(0, 90), tMs: Float64Array.from({ length: 90 }, (_, i) => START_MS + i * 1000), values: new Float64Array(90).fill(k) });
    const batches: SelectBatches = async () => (async function* () {
      for (let k = 1000; k < 2000; k++) yield blockOf(k);
    })();
    const never: SelectSeries = async () => Promise.reject(new Error('select: found a request, the batches are to be asked'));
    const options: QueryOptions = { maxSamples: 300, sources: { batches } };
    const found = await evaluateRange(never, 'sum(m)', { startMs: START_MS, endMs: START_MS + 80_000, stepMs: 10_000 }, options);
    expect(found.samplesRead).toBe(90_000);
    expect(found.type === 'matrix' && found.series[0]?.values[0]).toBe(1_499_500);
    await expect(evaluateRange(never, 'sum by (n) (m)', { startMs: START_MS, endMs: START_MS + 80_000, stepMs: 10_000 }, options)).rejects.toThrow('too many samples');
  });

  it('reads the plan of the same request once, and counts what all plans hold', async () => {
    const one: SeriesBlock = { labels: [[['__name__', 'm']]], offsets: Uint32Array.of(0, 1), tMs: Float64Array.of(START_MS), values: Float64Array.of(2) };
    let opened = 0;
    const batches: SelectBatches = async () => {
      opened++;
      return { heldSamples: 100, [Symbol.asyncIterator]: async function* () {
        yield one;
      } };
    };
    const ask = (query: string) => evaluateRange(async () => one, query, { startMs: START_MS, endMs: START_MS, stepMs: 1 }, { maxSamples: 250, sources: { batches } });
    const found = await ask('sum(m) + count(m) * max(m)');
    expect([opened, found.samplesRead, found.type === 'matrix' && found.series[0]?.values[0]]).toEqual([1, 3, 4]);
    await expect(ask('sum(a) + sum(b) + sum(c)')).rejects.toThrow('too many samples');
  });

  it('is refused where the plan alone would fill the memory', async () => {
    const road = await openCompactRoad();
    await road.addHot(START_MS, Array.from({ length: 100 }, (_, i): Row => ({ metric: 'm', labels: `{"host":"${i}"}`, s: i, value: i })));
    await road.compact();
    const request = { matchers: [{ name: '__name__', op: '=' as const, value: 'm' }], fromMs: START_MS, toMs: END_MS };
    const open = (maxSamples: number) => makeSelectBatches({ ...road.ports, cache: makePieceCache(0), limits: { maxSamples }, retention: DEFAULT_RETENTION, nowMs: END_MS }, undefined, 25)(request);
    await expect(open(3199)).rejects.toThrow('too many samples');
    expect((await open(3200))?.heldSamples).toBe(3200);
  });

  it('reads no index where all rows of its files are little', async () => {
    const road = await openCompactRoad();
    await road.addHot(START_MS, [{ metric: 'm', labels: '{}', s: 1, value: 1 }]);
    await road.compact();
    const counts = makeSelectCounts();
    const ports = { ...road.ports, cache: makePieceCache(0), limits: LIMITS, retention: DEFAULT_RETENTION, nowMs: END_MS };
    expect(await makeSelectBatches(ports, counts)({ matchers: [{ name: '__name__', op: '=', value: 'm' }], fromMs: START_MS, toMs: END_MS })).toBeUndefined();
    expect(counts.requests).toBe(0);
  });

  it('is left to one block where there is little, and counts what its batches read', async () => {
    const road = await openCompactRoad();
    await road.addHot(START_MS, Array.from({ length: 100 }, (_, i): Row => ({ metric: 'm', labels: `{"host":"${i % 10}"}`, s: i, value: i })));
    await road.compact();
    const counts = makeSelectCounts();
    const ports = { ...road.ports, cache: makePieceCache(0), limits: LIMITS, retention: DEFAULT_RETENTION, nowMs: END_MS };
    const request = { matchers: [{ name: '__name__', op: '=' as const, value: 'm' }], fromMs: START_MS, toMs: END_MS };
    expect(await makeSelectBatches(ports, counts, 100)(request)).toBeUndefined();
    const sizes: number[] = [];
    for await (const block of (await makeSelectBatches(ports, counts, 25)(request)) ?? []) sizes.push(block.tMs.length);
    expect(sizes).toEqual([20, 20, 20, 20, 20]);
    expect(counts.samples).toBe(100);
  });
});
