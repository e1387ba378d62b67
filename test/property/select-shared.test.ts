import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { addHotFile } from '../../shared/catalog/hot-files.ts';
import { openItemTables } from '../../shared/embedded/item-sqlite.ts';
import { EMPTY_HISTOGRAM } from '../../shared/histograms/histogram.ts';
import { encodeHistogram } from '../../shared/histograms/histogram-bytes.ts';
import { SampleBatchBuilder } from '../../shared/model/sample-batch.ts';
import { bitsOf } from '../../shared/model/stale.ts';
import { evaluateRange } from '../../shared/promql/engine.ts';
import { PromqlExecutionError } from '../../shared/promql/errors.ts';
import { resultJson } from '../../shared/promql/result-json.ts';
import { buildHotObjects } from '../../shared/storage/hot-object.ts';
import { makePieceCache, type PieceCache } from '../../shared/storage/piece-cache.ts';
import { makeSelectSeries } from '../../shared/storage/select-series.ts';

const NOW_MS = Date.UTC(2026, 0, 1, 12);

type Sample = readonly [second: number, value: number | 'stale' | 'NaN' | 'histogram'];

const value = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 0, max: 50 }) }, { weight: 1, arbitrary: fc.double() }, { weight: 2, arbitrary: fc.constantFrom('stale' as const, 'NaN' as const, 'histogram' as const) });
const samples = fc.array(fc.tuple(fc.nat(120), value), { minLength: 1, maxLength: 40 });
/** Of each file some series, so that files hold the same times with other values. */
const files = fc.array(fc.array(fc.tuple(fc.constantFrom('a_total', 'b', 'c'), fc.constantFrom('{}', '{"host":"x"}'), samples), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 });

const QUERIES = ['rate(a_total[1m])', 'sum(b)', 'c', 'sum_over_time({__name__=~"a_total|c"}[30s])', 'max_over_time(b[45s:10s])', '-b', 'sort(a_total) + on(host) group_left b', 'histogram_count(c)', 'count_values("v", b)'];

const put = (batch: SampleBatchBuilder, [second, one]: Sample): void => {
  const tMs = NOW_MS + 1000 * second;
  if (one === 'stale') batch.sampleBits(tMs, 2, 0x7ff00000);
  else if (one === 'NaN') batch.sampleBits(tMs, 7, 0x7ff80000);
  else if (one === 'histogram') batch.histogram(tMs, encodeHistogram({ ...EMPTY_HISTOGRAM, count: second, zeroCount: second }));
  else batch.sample(tMs, one);
};

it('queries that share decoded files answer as alone, and leave the files as they were decoded', async () => {
  await fc.assert(
    fc.asyncProperty(files, fc.array(fc.tuple(fc.constantFrom(...QUERIES), fc.nat(100), fc.integer({ min: 1, max: 40 })), { minLength: 2, maxLength: 8 }), async (given, asked) => {
      const tables = await openItemTables(':memory:', ['catalog']);
      const catalog = tables.table('catalog');
      const objects = new Map<string, Uint8Array>();
      for (const [i, series] of given.entries()) {
        const batch = new SampleBatchBuilder();
        for (const [metric, labels, all] of series) {
          batch.series(metric, labels);
          for (const sample of all) put(batch, sample);
        }
        for (const { bytes, ...row } of buildHotObjects([batch.build()], { promotedLabels: [] })) {
          objects.set(`hot/${i}`, Uint8Array.from(bytes));
          await addHotFile(catalog, { ...row, key: `hot/${i}`, bytes: bytes.length });
        }
      }
      const get = async (key: string, range?: { readonly offset: number; readonly length: number }): Promise<Uint8Array> => {
        const bytes = objects.get(key) as Uint8Array;
        return range === undefined ? bytes : bytes.subarray(range.offset, range.offset + range.length);
      };
      const ask = async (cache: PieceCache, [query, from, steps]: (typeof asked)[number]): Promise<string> => {
        const select = makeSelectSeries({ objects: { get }, catalog, cache, limits: { maxSamples: 1e6 } });
        const bounds = { startMs: NOW_MS + 1000 * from, endMs: NOW_MS + 1000 * (from + steps), stepMs: 3000 };
        try {
          return [...resultJson(await evaluateRange(select, query, bounds))].join('');
        } catch (error) {
          if (!(error instanceof PromqlExecutionError)) throw error;
          return error.message;
        }
      };
      const cache = makePieceCache(1e8);
      const decoded = (): readonly unknown[] =>
        [...objects.keys()].map((key) => {
          const piece = cache.held(key);
          return piece && [[...piece.tMs], [...bitsOf(piece.values)], [...piece.offsets], piece.histograms?.places.join(), piece.histograms?.bytes.map((bytes) => Buffer.from(bytes).toString('hex'))];
        });
      await ask(cache, ['{__name__!=""}', 0, 120]);
      const before = decoded();
      expect(before).not.toContain(undefined);
      const together = await Promise.all(asked.map((one) => ask(cache, one)));
      expect(decoded()).toEqual(before);
      for (const [i, one] of asked.entries()) expect(together[i]).toBe(await ask(makePieceCache(0), one));
      await tables.close();
    }),
    { numRuns: 15 },
  );
});
