import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hotFilesOf, hoursWithSamples } from '../../shared/catalog/hot-files.ts';
import { encodeHistogram } from '../../shared/histograms/histogram-bytes.ts';
import { histogramAt } from '../../shared/model/histogram-column.ts';
import { SampleBatchBuilder } from '../../shared/model/sample-batch.ts';
import { readSamples } from '../../shared/storage/hot-read.ts';
import { sortSamples } from '../../shared/storage/hot-sort.ts';
import { encodeFrame } from '../../shared/wire/frame.ts';
import { anyHistogram } from '../support/any-histogram.ts';
import { ARRIVAL_MS, deliveryOf, openStoreRoad, SHARD, type StoreRoad } from '../unit/store/store-road.ts';

const row = fc.record({
  metric: fc.constantFrom('rpc', 'up'),
  labels: fc.constantFrom('{}', '{"host":"a"}'),
  tMs: fc.integer({ min: -6, max: 0 }).map((minutes) => ARRIVAL_MS + minutes * 600_000),
  value: fc.oneof(fc.integer({ min: 0, max: 3 }), anyHistogram.map(encodeHistogram)),
});
type Row = typeof row extends fc.Arbitrary<infer T> ? T : never;

const batchOf = (rows: readonly Row[]) => {
  const builder = new SampleBatchBuilder();
  for (const { metric, labels, tMs, value } of rows) {
    builder.series(metric, labels);
    if (typeof value === 'number') builder.sample(tMs, value);
    else builder.histogram(tMs, value);
  }
  return builder.build();
};

const frameOf = (id: number, rows: readonly Row[]): Uint8Array => encodeFrame({ recordId: new Uint8Array(16).fill(id), sender: 'agent', flushIntervalMs: 0 }, batchOf(rows));

type Rows = { readonly metric: string; readonly labels: string; readonly tMs: number; readonly value: number | Uint8Array };

/** What a reader finds, by identity. */
const stored = async ({ ports }: StoreRoad): Promise<readonly string[]> => {
  const rows: Rows[] = [];
  for (const hour of await hoursWithSamples(ports.catalog, 0, 4e12)) {
    for (const file of await hotFilesOf(ports.catalog, hour)) {
      const found = await readSamples((offset, length) => ports.objects.get(file.key, { offset, length }), file.bytes, { fromMs: -Infinity, toMs: Infinity });
      found.metrics.forEach((metric, k) => {
        for (let i = found.offsets[k] as number; i < (found.offsets[k + 1] as number); i++) {
          rows.push({ metric, labels: found.labels[k] as string, tMs: found.tMs[i] as number, value: histogramAt(found.histograms, i) ?? (found.values[i] as number) });
        }
      });
    }
  }
  return samplesOf(rows);
};

/** Of several values of one identity the greatest number, or else the greatest bytes (design 4, identity). */
const samplesOf = (rows: readonly Rows[]): readonly string[] => {
  const found = new Map<string, number | Uint8Array>();
  for (const { metric, labels, tMs, value } of rows) {
    const key = `${metric} ${labels} ${tMs}`;
    const before = found.get(key);
    if (before === undefined || isGreater(value, before)) found.set(key, value);
  }
  return [...found].map(([key, value]) => `${key} ${typeof value === 'number' ? value : Buffer.from(value).toString('hex')}`).sort();
};

const isGreater = (a: number | Uint8Array, b: number | Uint8Array): boolean => {
  if (typeof a === 'number') return typeof b !== 'number' || a > b;
  return typeof b !== 'number' && Buffer.compare(a, b) > 0;
};

describe('store, of histograms', () => {
  it('gives the same however the records are cut into deliveries, and however often each comes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(row, { maxLength: 10 }), { minLength: 1, maxLength: 6 }), fc.nat(5), fc.boolean(), async (flushes, cut, twice) => {
        const { records } = deliveryOf(flushes.map((rows, i) => frameOf(i, rows)));
        const road = await openStoreRoad();
        for (const piece of [records.slice(0, cut), records.slice(cut), ...(twice ? [records] : [])]) {
          if (piece.length > 0) await road.store({ shardId: SHARD, records: piece });
        }
        expect(await stored(road)).toEqual(samplesOf(flushes.flat()));
      }),
      { numRuns: 30 },
    );
  });

  it('sorts them the same in any order and any cut', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 20 }), fc.nat(20), (rows, cut) => {
        const expected = sortSamples([batchOf(rows)]);
        expect(sortSamples([batchOf(rows.slice(cut).toReversed()), batchOf(rows.slice(0, cut)), batchOf(rows)])).toEqual(expected);
      }),
    );
  });
});
