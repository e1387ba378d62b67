import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ParquetFileWriter } from '../../../shared/parquet/file-writer.ts';
import { sampleTable, SORTED_BY } from '../../../shared/parquet/schema.ts';
import { columnsOf } from '../../../shared/storage/hot-columns.ts';
import { buildHotObjects } from '../../../shared/storage/hot-object.ts';
import { type SampleColumns, readSamples } from '../../../shared/storage/hot-read.ts';
import { sortSamples } from '../../../shared/storage/hot-sort.ts';
import { PARQUET_CASES } from '../../golden/parquet-cases.ts';

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

const hex = (value: number): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
};

/** metric, labels, time and the value's bits of every row, in order. */
const rowsOf = ({ metrics, labels, offsets, tMs, values }: SampleColumns): string[] => {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  return metrics.flatMap((metric, k) =>
    Array.from({ length: (offsets[k + 1] as number) - (offsets[k] as number) }, (_, n) => {
      const i = (offsets[k] as number) + n;
      const half = (at: number): string => (bits[at] as number).toString(16).padStart(8, '0');
      return [metric, labels[k], tMs[i], half(2 * i + 1) + half(2 * i)].join('|');
    }),
  );
};

const expected = (batches: (typeof PARQUET_CASES)[number]['batches']): string[] => {
  const sorted = sortSamples(batches);
  return rowsOf({
    ...sorted,
    metrics: Array.from(sorted.metricOf, (id) => sorted.metrics[id] as string),
    labels: Array.from(sorted.labelsOf, (id) => sorted.labels[id] as string),
  });
};

const STALE_HEX = '7ff0000000000002';

const duckdbRows = async (file: string): Promise<string[]> => {
  const result = await duckdb.run(
    `SELECT metric, labels, epoch_ms(ts) AS t, coalesce(value, (vbase + vmul * voff) / vdiv) AS v,
       value IS NULL AND voff IS NULL AND histogram IS NULL AS stale FROM read_parquet('${file}', file_row_number = true) ORDER BY file_row_number`,
  );
  const rows: string[] = [];
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    // The vector's memory is read as bytes: a NaN's payload need not survive as a JavaScript number.
    const raw = (chunk.getColumnVector(3) as unknown as { readonly items: Float64Array }).items;
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    chunk.getRows().forEach(([metric, labels, t, , isStale], i) => {
      const value = isStale === true ? STALE_HEX : view.getBigUint64(8 * i, true).toString(16).padStart(16, '0');
      rows.push([metric, labels, t, value].join('|'));
    });
  }
  return rows;
};

interface HyparquetRow {
  readonly metric: string;
  readonly labels: string;
  readonly ts: Date;
  readonly value: number | null;
  readonly voff: bigint | null;
  readonly vbase: bigint;
  readonly vmul: bigint;
  readonly vdiv: number;
}

const hyparquetRows = async (bytes: Uint8Array): Promise<string[]> => {
  const rows = (await parquetReadObjects({
    file: Uint8Array.from(bytes).buffer,
    compressors: { ZSTD: (packed) => zstdDecompressSync(packed) },
  })) as unknown as HyparquetRow[];
  return rows.map(({ metric, labels, ts, value, voff, vbase, vmul, vdiv }) => {
    const number = value ?? (voff === null ? undefined : Number(vbase + vmul * voff) / vdiv);
    return [metric, labels, ts.getTime(), number === undefined ? STALE_HEX : hex(number)].join('|');
  });
};

/** hyparquet gives doubles as JavaScript numbers, which need not keep a NaN's payload. */
const withoutPayloads = (row: string): string => row.replace(/\|[7f]ff(?!0000000000000$)[0-9a-f]{13}$/, '|nan');

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
    expect(await duckdbRows(file)).toEqual(rows);
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
    expect(await duckdbRows(file)).toEqual([]);
    expect(await hyparquetRows(bytes)).toEqual([]);
    const read = await readSamples(async (at, length) => bytes.subarray(at, at + length), bytes.length, { fromMs: -Infinity, toMs: Infinity });
    expect(read.metrics).toEqual([]);
    expect([...read.offsets]).toEqual([0]);
  });

  it('reads many pages and row groups with a page index at level 3', async () => {
    const batches = PARQUET_CASES.flatMap((one) => one.batches);
    const samples = sortSamples(batches);
    const writer = new ParquetFileWriter({ columns: sampleTable(PROMOTED), sortedBy: SORTED_BY, zstdLevel: 3, pageRows: 100, hasPageIndex: true });
    writer.writeRowGroup(samples.tMs.length, columnsOf(samples, PROMOTED));
    const bytes = writer.finish({ note: 'é😀' });
    const file = join(folder, 'pages.parquet');
    writeFileSync(file, bytes);
    const rows = expected(batches);
    expect(await duckdbRows(file)).toEqual(rows);
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
