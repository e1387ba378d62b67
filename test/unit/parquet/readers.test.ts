import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ParquetFileWriter } from '../../../shared/parquet/file-writer.ts';
import { cutPages } from '../../../shared/parquet/page-cuts.ts';
import { sampleTable, SORTED_BY } from '../../../shared/parquet/schema.ts';
import { columnsOf } from '../../../shared/storage/hot-columns.ts';
import { buildHotObjects } from '../../../shared/storage/hot-object.ts';
import { readSamples } from '../../../shared/storage/hot-read.ts';
import { sortSamples } from '../../../shared/storage/hot-sort.ts';
import { PARQUET_CASES } from '../../golden/parquet-cases.ts';
import { duckdbRows, hyparquetRows, rowsOf, withoutPayloads } from '../../support/parquet-rows.ts';

const PROMOTED = ['host', 'region', 'env'];
const folder = mkdtempSync(join(tmpdir(), 'tidemark-readers-'));
let duckdb: DuckDBConnection;

beforeAll(async () => {
  duckdb = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
});
afterAll(() => {
  duckdb.closeSync();
  rmSync(folder, { recursive: true });
});

const expected = (batches: (typeof PARQUET_CASES)[number]['batches']): string[] => {
  const sorted = sortSamples(batches);
  return rowsOf({
    ...sorted,
    metrics: Array.from(sorted.metricOf, (id) => sorted.metrics[id] as string),
    labels: Array.from(sorted.labelsOf, (id) => sorted.labels[id] as string),
  });
};

describe.each(PARQUET_CASES)('$name', ({ name, batches }) => {
  const objects = buildHotObjects(batches, { promotedLabels: PROMOTED });
  const [object] = objects as [(typeof objects)[number]];
  const rows = expected(batches);

  it('is one object with every row', () => {
    expect(objects.length).toBe(1);
    expect(object.rows).toBe(rows.length);
  });

  it('reads back bit for bit', async () => {
    const read = await readSamples(async (at, length) => object.bytes.subarray(at, at + length), object.bytes.length, { fromMs: -Infinity, toMs: Infinity });
    expect(rowsOf(read)).toEqual(rows);
  });

  it('is read bit for bit by DuckDB', async () => {
    const file = join(folder, `${name}.parquet`);
    writeFileSync(file, object.bytes);
    expect(await duckdbRows(duckdb, file)).toEqual(rows);
  });

  it('is read by hyparquet', async () => {
    expect((await hyparquetRows(object.bytes)).map(withoutPayloads)).toEqual(rows.map(withoutPayloads));
  });
});

describe('other files', () => {
  it('opens a file without rows', async () => {
    const bytes = new ParquetFileWriter({ columns: sampleTable(PROMOTED), sortedBy: SORTED_BY, zstdLevel: 1 }).finish({});
    const file = join(folder, 'empty.parquet');
    writeFileSync(file, bytes);
    expect(await duckdbRows(duckdb, file)).toEqual([]);
    expect(await hyparquetRows(bytes)).toEqual([]);
    const read = await readSamples(async (at, length) => bytes.subarray(at, at + length), bytes.length, { fromMs: -Infinity, toMs: Infinity });
    expect(read.metrics).toEqual([]);
    expect([...read.offsets]).toEqual([0]);
  });

  it('reads many pages and row groups with a page index at level 3', async () => {
    const batches = PARQUET_CASES.flatMap((one) => one.batches);
    const samples = sortSamples(batches);
    const writer = new ParquetFileWriter({ columns: sampleTable(PROMOTED), sortedBy: SORTED_BY, zstdLevel: 3, hasPageIndex: true });
    writer.writeRowGroup(samples.tMs.length, columnsOf(samples, PROMOTED), cutPages(samples, 100));
    const bytes = writer.finish({ note: 'é😀' });
    const file = join(folder, 'pages.parquet');
    writeFileSync(file, bytes);
    const rows = expected(batches);
    expect(await duckdbRows(duckdb, file)).toEqual(rows);
    expect((await hyparquetRows(bytes)).map(withoutPayloads)).toEqual(rows.map(withoutPayloads));
    const read = await readSamples(async (at, length) => bytes.subarray(at, at + length), bytes.length, { fromMs: -Infinity, toMs: Infinity });
    expect(rowsOf(read)).toEqual(rows);
  });

  it('lets DuckDB find text beyond the BMP by its statistics', async () => {
    const [object] = buildHotObjects((PARQUET_CASES.find(({ name }) => name === 'beyond-bmp') as (typeof PARQUET_CASES)[number]).batches, { promotedLabels: PROMOTED });
    const file = join(folder, 'bmp.parquet');
    writeFileSync(file, (object as { readonly bytes: Uint8Array }).bytes);
    for (const text of ['a', 'ﬀ', '😀', '～', '\u{10ffff}', 'é']) {
      const found = await duckdb.runAndReadAll(`SELECT count(*)::INT FROM '${file}' WHERE host = '${text}' AND metric = 'm_${text}' AND region = '${text}${text}'`);
      expect(found.getRows()).toEqual([[1]]);
    }
  });
});
