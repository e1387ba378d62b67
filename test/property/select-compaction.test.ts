import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CompactPorts } from '../../shared/compaction/compact-hour.ts';
import { GRACE_MS } from '../../shared/compaction/garbage.ts';
import { bitsOf } from '../../shared/model/stale.ts';
import { evaluateInstant } from '../../shared/promql/engine.ts';
import { resultJson } from '../../shared/promql/result-json.ts';
import type { SelectSeries } from '../../shared/promql/series-source.ts';
import { makePieceCache, type PieceCache } from '../../shared/storage/piece-cache.ts';
import type { PiecePorts } from '../../shared/storage/sample-pieces.ts';
import { makeSelectSeries } from '../../shared/storage/select-series.ts';
import { listLabelNames, listLabelValues, listSeries } from '../../shared/storage/series-lists.ts';
import { type CompactRoad, END_MS, openCompactRoad, type Row, samplesOf, START_MS } from '../unit/compact/compact-road.ts';
import { watchedPorts } from '../support/watched-ports.ts';

const row: fc.Arbitrary<Row> = fc.record({
  metric: fc.constantFrom('cpu', 'up', 'größe', '😀', '～'),
  labels: fc.constantFrom('{}', '{"host":"a"}', '{"host":"b","zone":"1"}', '{"host":"😀"}'),
  // Of the hour, and of the ones before and after it.
  s: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 0, max: 20 }) }, fc.constantFrom(-1, 3599, 3600)),
  value: fc.oneof(fc.integer({ min: -5, max: 100 }), fc.double({ noDefaultInfinity: true }), fc.constantFrom<number | 'stale'>('stale', -0, Infinity, 0.1, 1e300)),
});
const rows = fc.array(row, { minLength: 1, maxLength: 8 });

const QUERIES = ['cpu[2h]', 'up', '{__name__=~".+"}[30m]', 'sum by (host) (sum_over_time(cpu[10s]))', '{host="b"}', '{__name__="😀",host!=""}[2h]', 'absent(cpu)'];
const LIMITS = { maxSamples: 10_000 };

/** Everything a query may say, to the bit. */
const answersOf = async (ports: CompactPorts, cache: PieceCache): Promise<readonly string[]> => {
  const all = { ...ports, cache, limits: LIMITS };
  const select = makeSelectSeries(all);
  const answers: string[] = [];
  for (const tMs of [START_MS + 12_000, END_MS + 1]) {
    for (const query of QUERIES) answers.push(`${query} @ ${tMs}: ${[...resultJson(await evaluateInstant(select, query, tMs, LIMITS))].join('')}`);
  }
  return [...answers, ...(await listsOf(all, START_MS + 12_000)), await bitsOfAll(select)];
};

/** A compacted hour knows of a series its first time and its last: with an end open that tells all. */
const listsOf = async (ports: PiecePorts, tMs: number): Promise<readonly string[]> => {
  const lists = [
    await listSeries(ports, { selectors: [], fromMs: tMs - 8000, toMs: Infinity }),
    await listSeries(ports, { selectors: [[{ name: 'host', op: '=~', value: 'a|b' }], [{ name: '__name__', op: '=', value: 'up' }]], fromMs: 0, toMs: tMs }),
    await listLabelNames(ports, { selectors: [[{ name: '__name__', op: '!=', value: 'cpu' }]], fromMs: 0, toMs: tMs }),
    await listLabelValues(ports, 'host', { selectors: [], fromMs: tMs - 8000, toMs: Infinity }),
  ];
  return lists.map((list) => JSON.stringify(list));
};

const bitsOfAll = async (select: SelectSeries): Promise<string> => {
  const { labels, offsets, tMs, values } = await select({ matchers: [], fromMs: -Infinity, toMs: Infinity });
  return JSON.stringify([labels, [...offsets], [...tMs], [...bitsOf(values.slice())]]);
};

/** Has `run` done before read number `at`, counted from 0. */
const interrupted = ({ objects, catalog }: CompactPorts, at: number, run: () => Promise<void>): CompactPorts => {
  let reads = 0;
  const read = async <T>(get: () => Promise<T>): Promise<T> => {
    if (reads++ === at) await run();
    return get();
  };
  return {
    objects: { ...objects, get: (key, range) => read(() => objects.get(key, range)), putIfAbsent: (key, bytes) => objects.putIfAbsent(key, bytes) },
    catalog: { get: (key) => read(() => catalog.get(key)), query: (pk, range) => read(() => catalog.query(pk, range)), transact: (writes) => catalog.transact(writes) },
  };
};

const addAll = async (road: CompactRoad, files: readonly (readonly Row[])[], firstMs: number): Promise<void> => {
  for (const [i, file] of files.entries()) await road.addHot(firstMs + i, file);
};

const DUE_MS = END_MS + 3 * GRACE_MS;

describe('queries beside the compactor', () => {
  it('give the same to the bit before, during and after each of its steps, with warm caches and cold ones', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(rows, { minLength: 1, maxLength: 5 }), fc.array(rows, { maxLength: 3 }), fc.integer({ min: 1, max: 3 }), async (files, late, buckets) => {
        const road = await openCompactRoad();
        await road.watermark(DUE_MS);
        const warm = makePieceCache(1e6);
        let expected: readonly string[] = [];
        let checks = 0;
        const check = async (): Promise<void> => expect(await answersOf(road.ports, checks++ % 3 === 0 ? makePieceCache(0) : warm)).toEqual(expected);
        const ports = watchedPorts(road.ports, check);
        for (const [i, more] of [files, late].entries()) {
          await addAll(road, more, END_MS + i * 1000);
          expected = await answersOf(road.ports, makePieceCache(0));
          for (const hours of [0, 1, 2]) await road.minute({ nowMs: DUE_MS + (7 * i + hours) * GRACE_MS, buckets }, ports);
        }
        expect(await road.ports.catalog.query('partition/raw')).not.toEqual([]);
        expect((await road.keys()).filter((key) => key.startsWith('hot/'))).toEqual([]);
        await check();
      }),
      { numRuns: 8 },
    );
  });

  it('give the same when a compaction and the removal of all it replaced come between any two reads', async () => {
    const files: readonly (readonly Row[])[] = [
      [{ metric: 'cpu', s: 1, value: 1 }, { metric: 'up', labels: '{}', s: 1, value: 1 }],
      [{ metric: 'cpu', s: 1, value: 2 }, { metric: 'cpu', s: 2, value: Number.NaN }],
      [{ metric: 'cpu', s: 2, value: 'stale' }, { metric: 'cpu', s: 3600, value: 5 }],
    ];
    const late: readonly Row[] = [{ metric: 'cpu', s: 3, value: 3 }];
    let at = 0;
    for (let isDone = false; !isDone; at++) {
      const road = await openCompactRoad();
      await road.watermark(DUE_MS);
      await addAll(road, files, END_MS);
      await road.minute({ nowMs: DUE_MS });
      await road.addHot(END_MS + 10, late);
      const expected = await bitsOfAll(makeSelectSeries({ ...road.ports, cache: makePieceCache(0), limits: LIMITS }));
      isDone = true;
      const ports = interrupted(road.ports, at, async () => {
        isDone = false;
        await road.minute({ nowMs: DUE_MS + 8 * GRACE_MS });
        await road.minute({ nowMs: DUE_MS + 10 * GRACE_MS });
      });
      expect(await bitsOfAll(makeSelectSeries({ ...ports, cache: makePieceCache(0), limits: LIMITS }))).toEqual(expected);
      expect(expected.length).toBeGreaterThan(samplesOf(files.flat()).length);
    }
    // Hours, their hot rows, entries, manifests, and the files: all of them are interrupted in turn.
    expect(at).toBeGreaterThan(7);
  });
});
