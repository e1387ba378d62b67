import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SampleBatchBuilder } from '../../shared/model/sample-batch.ts';
import { ByteWriter } from '../../shared/parquet/byte-writer.ts';
import type { ColumnValues } from '../../shared/parquet/column-values.ts';
import { CorruptFileError, UnsupportedFileError } from '../../shared/parquet/errors.ts';
import { footerBytes } from '../../shared/parquet/file-head.ts';
import { ParquetFileReader } from '../../shared/parquet/file-reader.ts';
import { ParquetFileWriter } from '../../shared/parquet/file-writer.ts';
import { MAX_CHUNK_PAGES } from '../../shared/parquet/limits.ts';
import type { RowGroup } from '../../shared/parquet/metadata.ts';
import { cutPages } from '../../shared/parquet/page-cuts.ts';
import { readRowGroupPages } from '../../shared/parquet/page-index-reader.ts';
import { countRows, type RowRange, RowRangesBuilder } from '../../shared/parquet/row-ranges.ts';
import { forEachRun, NULL_ID, rowsOf } from '../../shared/parquet/runs.ts';
import { SORTED_BY, sampleTable } from '../../shared/parquet/schema.ts';
import { THRIFT, ThriftWriter } from '../../shared/parquet/thrift-writer.ts';
import { columnsOf } from '../../shared/storage/hot-columns.ts';
import { readSamples } from '../../shared/storage/hot-read.ts';
import { sortSamples } from '../../shared/storage/hot-sort.ts';

const PROMOTED = ['host'];
const COLUMNS = sampleTable(PROMOTED).map(({ name }) => name);

/** 60 series of three kinds of values in pages of about 30 rows, in two row groups of the same rows. */
const samples = (() => {
  const batch = new SampleBatchBuilder();
  for (let k = 0; k < 60; k++) {
    batch.series(`m${String(Math.floor(k / 7)).padStart(2, '0')}`, `{"host":"h${k % 7}"${k % 2 === 0 ? '' : ',"rack":"r"'}}`);
    for (let i = 0; i < 1 + ((k * 5) % 17); i++) {
      if (i % 5 === 3) batch.sampleBits(i * 1000, 7, 0x7ff80000);
      else if (i % 5 === 4) batch.sampleBits(i * 1000, 2, 0x7ff00000);
      else batch.sample(i * 1000 + (k % 3), k % 4 === 0 ? Math.sqrt(i + k) : k * 100 + i);
    }
  }
  return sortSamples([batch.build()]);
})();
const ROWS = samples.tMs.length;

const file = ((): Uint8Array => {
  const writer = new ParquetFileWriter({ columns: sampleTable(PROMOTED), sortedBy: SORTED_BY, zstdLevel: 3, hasPageIndex: true });
  for (let g = 0; g < 2; g++) writer.writeRowGroup(ROWS, columnsOf(samples, PROMOTED), cutPages(samples, 30));
  return Uint8Array.from(writer.finish({}));
})();

const open = (bytes: Uint8Array, tailBytes = 16): Promise<ParquetFileReader> =>
  ParquetFileReader.open(async (offset, length) => bytes.subarray(offset, offset + length), bytes.length, tailBytes);

/** A value for each row: of doubles their bits. */
const cells = (column: ColumnValues): unknown[] => {
  const rows: unknown[] = [];
  if (column.kind === 'text-runs' || column.kind === 'number-runs') {
    forEachRun(column.runs, 0, rowsOf(column.runs), (id, from, to) => {
      for (let i = from; i < to; i++) rows.push(id === NULL_ID ? null : column.dictionary[id]);
    });
    return rows;
  }
  const bits = column.kind === 'numbers' ? new BigUint64Array(column.values.slice().buffer) : column.values;
  if (column.present === undefined) return [...bits];
  let at = 0;
  forEachRun(column.present, 0, rowsOf(column.present), (level, from, to) => {
    for (let i = from; i < to; i++) rows.push(level === 0 ? null : bits[at++]);
  });
  return rows;
};

const ranges: fc.Arbitrary<readonly RowRange[]> = fc.array(fc.tuple(fc.nat(ROWS - 1), fc.integer({ min: 1, max: 60 })), { minLength: 1, maxLength: 8 }).map((pairs) => {
  const builder = new RowRangesBuilder();
  for (const [from, rows] of pairs.sort((a, b) => a[0] - b[0])) builder.add(from, Math.min(ROWS, from + rows));
  return builder.build();
});

describe('row ranges of a row group', () => {
  it('give of every column what the whole has there, out of its pages alone', async () => {
    const reader = await open(file);
    const group = reader.metadata.rowGroups[1] as RowGroup;
    const all = await reader.readColumns(group, COLUMNS);
    const whole = new Map(COLUMNS.map((name) => [name, cells(all.column(name) as ColumnValues)]));
    await fc.assert(
      fc.asyncProperty(ranges, fc.nat(ROWS), async (wanted, first) => {
        const part = await reader.readColumns(group, COLUMNS, wanted);
        expect(part.rows).toBe(countRows(wanted));
        for (const name of COLUMNS) {
          const expected = wanted.flatMap(({ from, to }) => (whole.get(name) ?? []).slice(from, to));
          expect(cells(part.column(name) as ColumnValues)).toEqual(expected);
          expect(cells(part.column(name, first) as ColumnValues)).toEqual(expected.slice(0, first));
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** Either a typed error, or columns whose parts fit together. */
const expectSound = async (read: () => Promise<unknown>): Promise<void> => {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof CorruptFileError || error instanceof UnsupportedFileError)) throw error;
  }
};

const readSome = (bytes: Uint8Array) => async (): Promise<void> => {
  const want = { metrics: new Set(['m03']), rows: [{ firstRow: 100, rows: 300 }], fromMs: 0, toMs: 9000 };
  const found = await readSamples(async (offset, length) => bytes.subarray(offset, offset + length), bytes.length, want);
  expect(found.offsets.at(-1)).toBe(found.tMs.length);
  expect(found.values.length).toBe(found.tMs.length);
};

describe('damaged page indexes', () => {
  it('are refused or read soundly whatever bits are flipped', async () => {
    const reader = await open(file);
    const spans = reader.metadata.rowGroups.flatMap(({ chunks }) => chunks.flatMap(({ columnIndex, offsetIndex }) => [columnIndex, offsetIndex])).filter((span) => span !== undefined);
    const start = Math.min(...spans.map(({ offset }) => offset));
    const end = file.length - footerBytes(file, file.length);
    expect(end - start).toBeGreaterThan(1000);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: start, max: file.length - 9 }), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 }), async (flips) => {
        const damaged = Uint8Array.from(file);
        for (const [at, mask] of flips) damaged[at] = (damaged[at] as number) ^ mask;
        await expectSound(readSome(damaged));
      }),
      { numRuns: 3000 },
    );
  });

  it('are refused or read soundly whatever they are', async () => {
    const group = (await open(file)).metadata.rowGroups[0] as RowGroup;
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (bytes, isList) => {
        const made = isList ? Uint8Array.of(0x19, 0xfc, 40, ...bytes) : bytes;
        await expectSound(async () => readRowGroupPages(group, () => made));
      }),
      { numRuns: 2000 },
    );
  });

  const indexOf = (pages: readonly (readonly [offset: number, storedBytes: number, firstRow: number])[]): Uint8Array => {
    const out = new ByteWriter();
    const thrift = new ThriftWriter(out);
    thrift.structElement(() =>
      thrift.list(1, THRIFT.STRUCT, pages, ([offset, storedBytes, firstRow]) =>
        thrift.structElement(() => {
          thrift.i64(1, offset);
          thrift.i32(2, storedBytes);
          thrift.i64(3, firstRow);
        }),
      ),
    );
    return out.written();
  };

  it.each<[name: string, pages: (start: number, end: number) => readonly (readonly [number, number, number])[]]>([
    ['no page', () => []],
    ['more pages than are allowed', (start) => Array.from({ length: MAX_CHUNK_PAGES + 1 }, () => [start, 0, 0] as const)],
    ['a page outside of the chunk', (start, end) => [[start, end - start + 1, 0]]],
    ['a page in the dictionary', (start) => [[start - 1, 10, 0]]],
    ['pages over the same bytes', (start) => [[start, 20, 0], [start + 10, 20, 5]]],
    ['a first page that is not at the first row', (start) => [[start, 20, 1]]],
    ['rows that do not ascend', (start) => [[start, 10, 0], [start + 10, 10, 0]]],
    ['rows past the end', (start) => [[start, 10, 0], [start + 10, 10, ROWS]]],
  ])('with %s are refused', async (_name, pages) => {
    const group = (await open(file)).metadata.rowGroups[0] as RowGroup;
    const chunk = group.chunks.find(({ name }) => name === 'metric') as RowGroup['chunks'][number];
    const made = indexOf(pages(chunk.pagesOffset, (chunk.dictionaryOffset as number) + chunk.storedBytes));
    expect(() => readRowGroupPages({ rows: ROWS, chunks: [{ ...chunk, columnIndex: undefined }] }, () => made)).toThrow(CorruptFileError);
  });
});
