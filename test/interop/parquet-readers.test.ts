import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ParquetFileWriter } from '../../shared/parquet/file-writer.ts';
import { DEFAULT_PROMOTED_LABELS, SORTED_BY, sampleTable } from '../../shared/parquet/schema.ts';
import { buildHotObjects } from '../../shared/storage/hot-object.ts';
import { readSamples } from '../../shared/storage/hot-read.ts';
import { PARQUET_CASES } from '../golden/parquet-cases.ts';
import { duckdbRows, hyparquetRows, rowsOf, withoutPayloads } from '../support/parquet-rows.ts';
import { eventually, queryVector, startTidemark } from '../support/tidemark-process.ts';
import { pyarrowRows } from './pyarrow.ts';
import { pythonVenv } from './python-venv.ts';

const pyarrow = pythonVenv('pyarrow==26.0.1');
const folder = mkdtempSync(join(tmpdir(), 'tidemark-files-'));
let duckdb: DuckDBConnection;

beforeAll(async () => {
  duckdb = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
});
afterAll(() => {
  duckdb.closeSync();
  rmSync(folder, { recursive: true, force: true });
});

const ownRows = async (bytes: Uint8Array): Promise<string[]> =>
  rowsOf(await readSamples(async (at, length) => bytes.subarray(at, at + length), bytes.length, { fromMs: -Infinity, toMs: Infinity }));

/** Everyone else's rows of a file must be ours. */
const expectEqualRows = async (file: string): Promise<number> => {
  const bytes = readFileSync(file);
  const rows = await ownRows(bytes);
  expect(await duckdbRows(duckdb, file)).toEqual(rows);
  expect((await hyparquetRows(bytes)).map(withoutPayloads)).toEqual(rows.map(withoutPayloads));
  if ('bin' in pyarrow) expect(pyarrowRows(join(pyarrow.bin, 'python'), file)).toEqual(rows);
  return rows.length;
};

describe.skipIf('missing' in pyarrow)(`pyarrow, DuckDB and hyparquet${'missing' in pyarrow ? ` (${pyarrow.missing})` : ''}`, () => {
  it.each(PARQUET_CASES)('give the rows of $name bit for bit', async ({ name, batches }) => {
    const [object] = buildHotObjects(batches, { promotedLabels: DEFAULT_PROMOTED_LABELS });
    const file = join(folder, `${name}.parquet`);
    writeFileSync(file, object?.bytes ?? new Uint8Array());
    expect(await expectEqualRows(file)).toBe(object?.rows);
  });

  it('give no rows of an empty file', async () => {
    const file = join(folder, 'empty.parquet');
    writeFileSync(file, new ParquetFileWriter({ columns: sampleTable(DEFAULT_PROMOTED_LABELS), sortedBy: SORTED_BY, zstdLevel: 1 }).finish({}));
    expect(await expectEqualRows(file)).toBe(0);
  });

  it('give the rows of every file that a running installation has written', async () => {
    const data = join(folder, 'data');
    mkdirSync(data);
    const tidemark = await startTidemark({ data });
    await eventually('some of its own metrics', 30_000, async () => ((await queryVector(tidemark.url, 'count_over_time(node_load1[1m]) >= 3')).length > 0 ? true : undefined));
    await tidemark.stop();
    const hot = join(data, 'objects/hot');
    const files = readdirSync(hot, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.parquet'));
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) expect(await expectEqualRows(join(hot, file))).toBeGreaterThan(0);
  });
});
