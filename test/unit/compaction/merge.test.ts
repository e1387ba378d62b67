import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { bucketOf } from '../../../shared/compaction/bucket.ts';
import { mergeBucket, readHot, seriesByBucket } from '../../../shared/compaction/merge.ts';
import type { ColumnValues } from '../../../shared/parquet/column-values.ts';
import { ParquetFileReader } from '../../../shared/parquet/file-reader.ts';
import { ParquetFileWriter } from '../../../shared/parquet/file-writer.ts';
import { sampleTable, SORTED_BY } from '../../../shared/parquet/schema.ts';
import { columnsOf } from '../../../shared/storage/hot-columns.ts';
import { buildHotObjects } from '../../../shared/storage/hot-object.ts';
import { readSamples } from '../../../shared/storage/hot-read.ts';
import { sortSamples } from '../../../shared/storage/hot-sort.ts';
import { type SampleBatch, SampleBatchBuilder } from '../../../shared/model/sample-batch.ts';
import { MergeWriter } from '../../../shared/storage/merge-writer.ts';
import type { ObjectStore } from '../../../shared/storage/object-store.ts';
import { tempFolder } from '../../contract/temp-folder.ts';
import { duckdbRows, hyparquetRows, rowsOf, withoutPayloads } from '../../support/parquet-rows.ts';

const T0 = Date.UTC(2026, 2, 1, 10);
const promotedLabels = ['host'];
const WHOLE = { fromMs: -Infinity, toMs: Infinity };

const batchOf = (samples: readonly (readonly [metric: string, host: string, s: number, value: number])[]): SampleBatch => {
  const builder = new SampleBatchBuilder();
  for (const [metric, host, s, value] of samples) {
    builder.series(metric, `{"host":"${host}"}`);
    if (Number.isNaN(value)) builder.sampleBits(T0 + s * 1000, 2, 0x7ff00000);
    else builder.sample(T0 + s * 1000, value);
  }
  return builder.build();
};

/** Files in memory by key. */
const files = (contents: Readonly<Record<string, Uint8Array>>) => {
  const gets: { key: string; length: number }[] = [];
  const objects: Pick<ObjectStore, 'get'> = {
    get: async (key, range) => {
      const bytes = contents[key] ?? new Uint8Array(0);
      const part = range === undefined ? bytes : bytes.subarray(range.offset, range.offset + range.length);
      gets.push({ key, length: part.length });
      return part;
    },
  };
  return { objects, gets, file: (key: string, rows = 0) => ({ key, bytes: contents[key]?.length ?? 0, rows }) };
};

const hotBytes = (batch: SampleBatch): Uint8Array => (buildHotObjects([batch], { promotedLabels })[0] as { readonly bytes: Uint8Array }).bytes;
const readBack = async (bytes: Uint8Array): Promise<string[]> => rowsOf(await readSamples(async (offset, length) => bytes.subarray(offset, offset + length), bytes.length, WHOLE));
const openFile = (bytes: Uint8Array): Promise<ParquetFileReader> => ParquetFileReader.open(async (offset, length) => bytes.subarray(offset, offset + length), bytes.length);

const POINTS = Array.from({ length: 60 }, (_, s) => s);
const HOSTS = ['a', 'b', 'c', 'd', 'e'];
/** A gauge with decimals, a counter, one with raw doubles, one with stale markers. */
const SAMPLES = HOSTS.flatMap((host, h) =>
  POINTS.flatMap((s): [string, string, number, number][] => [
    ['cpu', host, s, ((s * 7 + h) % 100) / 10],
    ['net', host, s, 1e6 * h + s * 4096],
    ['pi', host, s, Math.PI * (s + h)],
    ['up', host, s, s % 9 === 8 ? Number.NaN : 1],
  ]),
);

const mergeAll = async (parts: readonly SampleBatch[], groupRows: number, current?: Uint8Array): Promise<Uint8Array> => {
  const contents = Object.fromEntries(parts.map((part, i) => [`hot${i}`, hotBytes(part)]));
  const { objects, file } = files(current === undefined ? contents : { ...contents, current });
  const hot = await readHot(objects, parts.map((part, i) => file(`hot${i}`, part.tMs.length)));
  const series = seriesByBucket(hot, 1).get(0) ?? new Uint32Array(0);
  const merged = await mergeBucket(objects, hot, series, current === undefined ? undefined : file('current', 1000), { promotedLabels, groupRows });
  return merged?.bytes ?? new Uint8Array(0);
};
const part = (keep: (s: number, metric: string) => boolean): SampleBatch => batchOf(SAMPLES.filter(([metric, , s]) => keep(s, metric)));

describe('a merge', () => {
  it('gives the same bytes from any hot files, whether merged at once or with a file of before', async () => {
    const whole = await mergeAll([batchOf(SAMPLES)], 500);
    const parts = [part((s) => s % 3 === 0), part((s) => s % 3 !== 0), part((s) => s < 10)];
    expect(Buffer.compare(await mergeAll(parts, 500), whole)).toBe(0);
    expect(Buffer.compare(await mergeAll(parts.toReversed(), 500), whole)).toBe(0);
    expect(Buffer.compare(await mergeAll(POINTS.map((point) => part((s) => s === point)), 500), whole)).toBe(0);
    for (const cut of [1, 30, 59]) {
      const before = await mergeAll([part((s, metric) => s < cut && metric !== 'net')], 100);
      expect(Buffer.compare(await mergeAll([part((s) => s >= cut), part((s, metric) => metric === 'net' && s < cut)], 500, before), whole)).toBe(0);
    }
    expect(await readBack(whole)).toEqual(rowsOf(await sorted(SAMPLES)));
  });

  it('cuts row groups between series, with one page of times and an index of pages', async () => {
    const { metadata } = await openFile(await mergeAll([batchOf(SAMPLES)], 500));
    expect(metadata.rowGroups.map(({ rows }) => rows)).toEqual([480, 480, 240]);
    expect(metadata.rowGroups.every(({ chunks }) => chunks.every(({ offsetIndex }) => offsetIndex !== undefined))).toBe(true);
    expect(metadata.keyValues.get('tidemark.min_t_ms')).toBe(String(T0));
    expect((await openFile(await mergeAll([batchOf(SAMPLES)], 7))).metadata.rowGroups.map(({ rows }) => rows)).toEqual(Array.from({ length: 20 }, () => 60));
  });

  it('is read by DuckDB and hyparquet, bit for bit', async () => {
    const bytes = await mergeAll([part((s) => s % 2 === 0), part((s) => s % 2 === 1)], 500);
    const path = join(await tempFolder(), 'merged.parquet');
    await writeFile(path, bytes);
    const duckdb = await (await DuckDBInstance.create(':memory:')).connect();
    const ours = await readBack(bytes);
    expect(ours).toHaveLength(1200);
    expect(await duckdbRows(duckdb, path)).toEqual(ours);
    expect((await hyparquetRows(bytes)).map(withoutPayloads)).toEqual(ours.map(withoutPayloads));
    duckdb.closeSync();
  });

  it('reads a large current file row group by row group', async () => {
    const builder = new SampleBatchBuilder();
    const random = Float64Array.from({ length: 300_000 }, (_, i) => Math.sin(i) * Math.PI);
    for (let k = 0; k < 30; k++) {
      builder.series('cpu', `{"host":"${k}"}`);
      for (let i = 0; i < 10_000; i++) builder.sample(T0 + i * 10, random[10_000 * k + i] as number);
    }
    const current = await mergeAll([builder.build()], 100_000);
    const hot = hotBytes(batchOf([['cpu', 'x', 1, 1]]));
    const { objects, gets, file } = files({ current, hot });
    const samples = await readHot(objects, [file('hot')]);
    await mergeBucket(objects, samples, Uint32Array.of(0), file('current', 300_000), { promotedLabels });
    expect(gets.filter(({ key }) => key === 'current').every(({ length }) => length < current.length / 2)).toBe(true);
  });

  it('takes the series of its bucket alone', async () => {
    const { objects, file } = files({ hot: hotBytes(batchOf(SAMPLES)) });
    const hot = await readHot(objects, [file('hot')]);
    const byBucket = seriesByBucket(hot, 3);
    const rows = await Promise.all([...byBucket].map(async ([bucket, series]) => {
      const merged = await mergeBucket(objects, hot, series, undefined, { promotedLabels });
      const found = await readBack(merged?.bytes ?? new Uint8Array(0));
      expect(found.every((line) => bucketOf(line.split('|')[1] as string, 3) === bucket)).toBe(true);
      return found;
    }));
    expect(rows.flat().sort()).toEqual(rowsOf(await sorted(SAMPLES)).sort());
    expect(await mergeBucket(objects, hot, new Uint32Array(0), undefined, { promotedLabels })).toBeUndefined();
  });

  it('tells a sink every series, whole, as it is written', async () => {
    const heard: string[] = [];
    const writer = new MergeWriter({
      promotedLabels,
      groupRows: 4,
      onSeries: (metric, labels, tMs, values, from, to) => heard.push(`${metric} ${labels} ${tMs.slice(from, to).map((t) => t - T0)} ${values.slice(from, to)}`),
    });
    const at = (tMs: readonly number[], values: readonly number[]) => ({ tMs: Float64Array.from(tMs, (t) => T0 + t), values: Float64Array.from(values), start: 0, end: tMs.length });
    writer.series('a', '{}', [at([2, 3], [2, 3]), at([1, 2], [1, 9])]);
    writer.series('b', '{}', [at([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6])]);
    writer.series('c', '{}', []);
    expect(heard).toEqual(['a {} 1,2,3 1,9,3', 'b {} 1,2,3,4,5,6 1,2,3,4,5,6']);
    expect(writer.finish()).toMatchObject({ rows: 9, minTMs: T0 + 1, maxTMs: T0 + 6, minMetric: 'a', maxMetric: 'b' });
  });

  it('keeps the histogram of a row as it is, byte for byte', async () => {
    const columns = sampleTable(promotedLabels);
    const writer = new ParquetFileWriter({ columns, sortedBy: SORTED_BY, zstdLevel: 1 });
    const values = columnsOf(sortSamples([batchOf([['cpu', 'a', 1, 1]])]), promotedLabels);
    const histogram: ColumnValues = { kind: 'blobs', values: [Uint8Array.of(1)], present: undefined };
    writer.writeRowGroup(1, columns.map((spec, i) => (spec.name === 'histogram' ? histogram : (values[i] as ColumnValues))));
    const { objects, file } = files({ hot: writer.finish({}) });
    const { histograms } = await readHot(objects, [file('hot')]);
    expect(histograms).toEqual({ places: Uint32Array.of(0), bytes: [Uint8Array.of(1)] });
  });
});

const sorted = async (samples: typeof SAMPLES) => {
  const bytes = hotBytes(batchOf(samples));
  return readSamples(async (offset, length) => bytes.subarray(offset, offset + length), bytes.length, WHOLE);
};
