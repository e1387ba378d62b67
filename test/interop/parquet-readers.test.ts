import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildHistoryFile } from '../../shared/history/history-file.ts';
import type { ShelfRow } from '../../shared/history/shelf.ts';
import type { SampleBatch } from '../../shared/model/sample-batch.ts';
import { ParquetFileWriter } from '../../shared/parquet/file-writer.ts';
import { type ColumnSpec, DEFAULT_PROMOTED_LABELS, SERIES_SORTED_BY, seriesTable, SORTED_BY, sampleTable, tierTable } from '../../shared/parquet/schema.ts';
import { HISTORY_KINDS, HISTORY_TABLES, type HistoryKind } from '../../shared/sql/history-tables.ts';
import { buildHotObjects } from '../../shared/storage/hot-object.ts';
import { sortSamples } from '../../shared/storage/hot-sort.ts';
import { type MergedFile, MergeWriter, PAGE_ROWS } from '../../shared/storage/merge-writer.ts';
import { buildTierObject } from '../../shared/storage/tier-object.ts';
import { mergeBuckets } from '../../shared/tiers/merge-buckets.ts';
import { rollUp } from '../../shared/tiers/rollup.ts';
import { numbersOf, PARQUET_CASES, type ParquetCase } from '../golden/parquet-cases.ts';
import { duckdbCells, hyparquetCells, ownCells, withoutPayloads } from '../support/parquet-cells.ts';
import { eventually, queryVector, startTidemark } from '../support/tidemark-process.ts';
import { pyarrowCells } from './pyarrow.ts';
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

const SAMPLES = sampleTable(DEFAULT_PROMOTED_LABELS);
const BUCKETS = tierTable(DEFAULT_PROMOTED_LABELS);
const SERIES = seriesTable(DEFAULT_PROMOTED_LABELS);

/** Everyone else's cells of a file must be ours; returns its rows. */
const expectEqualCells = async (bytes: Uint8Array, table: readonly ColumnSpec[]): Promise<number> => {
  const file = join(folder, 'file.parquet');
  writeFileSync(file, bytes);
  const cells = await ownCells(bytes, table);
  expect(await duckdbCells(duckdb, file, table)).toEqual(cells);
  expect(withoutPayloads(await hyparquetCells(bytes, table), table)).toEqual(withoutPayloads(cells, table));
  if ('bin' in pyarrow) expect(pyarrowCells(join(pyarrow.bin, 'python'), file)).toEqual(cells);
  return cells[table[0]?.name ?? '']?.length ?? 0;
};

/** The samples by series as one sorted run, which mergers and rollups take. */
const seriesOf = (batches: readonly SampleBatch[]) => {
  const sorted = sortSamples(batches);
  return {
    ...sorted,
    metrics: Array.from(sorted.metricOf, (id) => sorted.metrics[id] as string),
    labels: Array.from(sorted.labelsOf, (id) => sorted.labels[id] as string),
  };
};

const merge = (batches: readonly SampleBatch[]): MergedFile => {
  const { metrics, labels, offsets, tMs, values } = seriesOf(batches);
  const writer = new MergeWriter({ promotedLabels: DEFAULT_PROMOTED_LABELS, groupRows: 300 });
  metrics.forEach((metric, k) => writer.series(metric, labels[k] as string, [{ tMs, values, start: offsets[k] as number, end: offsets[k + 1] as number }]));
  return writer.finish() as MergedFile;
};

const TEXTS = ['', '😀', '\u{10ffff}', 'ﬀ', '{"a.b":"x\\"y\\\\z"}', "'; --", 'x'.repeat(3000)];
const VALUES = ['NaN', 'Infinity', '-Infinity', '-0', '0.1', '5e-324'];

const historyRow = (kind: HistoryKind, i: number): ShelfRow => {
  const cellOf = (type: ColumnSpec['type'], c: number): string | number => (type === 'text' ? (TEXTS[(i * c) % TEXTS.length] as string) : type === 'double' ? (VALUES[i % VALUES.length] as string) : i * i * c);
  return { tMs: 1_789_999_200_000 + i * 7, name: String(i), attributes: Object.fromEntries(HISTORY_TABLES[kind].map(({ name, type }, c) => [name, cellOf(type, c)])) };
};

const CASES: readonly ParquetCase[] = [
  ...PARQUET_CASES,
  { name: 'more-than-a-page', batches: [numbersOf('long', '{"host":"a"}', Array.from({ length: PAGE_ROWS + 5000 }, (_, i) => (i % 1000 === 7 ? Math.sqrt(i) : i / 8)))] },
];

describe.skipIf('missing' in pyarrow)(`pyarrow, DuckDB and hyparquet${'missing' in pyarrow ? ` (${pyarrow.missing})` : ''}`, () => {
  it.each(CASES)('give every cell of $name in a hot file', async ({ batches }) => {
    for (const { bytes, rows } of buildHotObjects(batches, { promotedLabels: DEFAULT_PROMOTED_LABELS })) expect(await expectEqualCells(bytes, SAMPLES)).toBe(rows);
  });

  it.each(CASES)('give every cell of $name in a compacted file and its series index', async ({ batches }) => {
    const { bytes, rows, seriesIndex } = merge(batches);
    expect(await expectEqualCells(bytes, SAMPLES)).toBe(rows);
    expect(await expectEqualCells(seriesIndex.bytes, SERIES)).toBe(seriesIndex.series);
  });

  it.each(CASES)('give every cell of $name in files of 1m and 1h', async ({ batches }) => {
    const minutes = rollUp(seriesOf(batches), 60_000);
    for (const tier of [minutes, mergeBuckets(minutes, 3_600_000)]) {
      const file = buildTierObject(tier, { promotedLabels: DEFAULT_PROMOTED_LABELS, groupRows: 100 });
      expect(await expectEqualCells(file?.bytes ?? new Uint8Array(), BUCKETS)).toBe(file?.rows);
    }
  });

  it('give every cell of jittered times that hosts share, of samples and of buckets, whose deltas repeat in bytes', async () => {
    const batches = ['a', 'b', 'c', 'd'].flatMap((metric) =>
      Array.from({ length: 50 }, (_, host) => numbersOf(metric, `{"host":"${host}"}`, [...Array(340 + (host % 3)).keys()], (i) => i * 10_000 + ((host * 7919 + i * i * 104_729) % 900))),
    );
    const { metrics, labels, offsets, tMs, values } = seriesOf(batches);
    const writer = new MergeWriter({ promotedLabels: DEFAULT_PROMOTED_LABELS });
    metrics.forEach((metric, k) => writer.series(metric, labels[k] as string, [{ tMs, values, start: offsets[k] as number, end: offsets[k + 1] as number }]));
    const { bytes, rows } = writer.finish() as MergedFile;
    // Four metrics as one: packed to the bit they take 1.5.
    expect(bytes.length / rows).toBeLessThan(0.7);
    expect(await expectEqualCells(bytes, SAMPLES)).toBe(rows);
  });

  it.each(HISTORY_KINDS)('give every cell of a file of %s', async (kind) => {
    const rows = Array.from({ length: 500 }, (_, i) => historyRow(kind, i));
    expect(await expectEqualCells(buildHistoryFile(kind, rows), HISTORY_TABLES[kind])).toBe(rows.length);
  });

  it.each([
    ['samples', SAMPLES, SORTED_BY],
    ['buckets', BUCKETS, SORTED_BY],
    ['series', SERIES, SERIES_SORTED_BY],
  ] as const)('give no rows of an empty file of %s', async (_name, columns, sortedBy) => {
    expect(await expectEqualCells(new ParquetFileWriter({ columns, sortedBy, zstdLevel: 1, hasPageIndex: true }).finish({}), columns)).toBe(0);
  });

  it('give every cell of every file that a running installation has written', async () => {
    const data = join(folder, 'data');
    mkdirSync(data);
    const tidemark = await startTidemark({ data });
    await eventually('some of its own metrics', 30_000, async () => ((await queryVector(tidemark.url, 'count_over_time(node_load1[1m]) >= 3')).length > 0 ? true : undefined));
    await tidemark.stop();
    const hot = join(data, 'objects/hot');
    const files = readdirSync(hot, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.parquet'));
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) expect(await expectEqualCells(readFileSync(join(hot, file)), SAMPLES)).toBeGreaterThan(0);
  });
});
