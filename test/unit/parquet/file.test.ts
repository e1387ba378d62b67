import { parquetMetadata, readColumnIndex, readOffsetIndex } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../../shared/parquet/byte-writer.ts';
import type { ColumnValues } from '../../../shared/parquet/column-values.ts';
import { CorruptFileError, UnsupportedFileError } from '../../../shared/parquet/errors.ts';
import { readFooter } from '../../../shared/parquet/file-head.ts';
import { ParquetFileReader } from '../../../shared/parquet/file-reader.ts';
import { type FileOptions, ParquetFileWriter } from '../../../shared/parquet/file-writer.ts';
import type { FileMetadata } from '../../../shared/parquet/metadata.ts';
import { mayHoldRows } from '../../../shared/parquet/pruning.ts';
import type { ColumnSpec } from '../../../shared/parquet/schema.ts';
import { THRIFT, ThriftWriter } from '../../../shared/parquet/thrift-writer.ts';

const METRIC: ColumnSpec = { name: 'metric', type: 'text', isOptional: false, encoding: 'runs' };
const TS: ColumnSpec = { name: 'ts', type: 'timestamp', isOptional: false, encoding: 'delta', paging: 'one' };
const VALUE: ColumnSpec = { name: 'value', type: 'double', isOptional: false, encoding: 'plain' };

const texts = (...rows: readonly string[]): ColumnValues => {
  const dictionary = [...new Set(rows)];
  return { kind: 'text-runs', dictionary, runs: { ids: Int32Array.from(rows, (row) => dictionary.indexOf(row)), ends: Uint32Array.from(rows, (_, i) => i + 1) } };
};
const numbers = (...values: readonly number[]): ColumnValues => ({ kind: 'numbers', values: Float64Array.from(values), present: undefined });

const write = (columns: readonly ColumnSpec[], rowGroups: readonly (readonly ColumnValues[])[], rows: number, options: Partial<FileOptions> = {}, pageEnds = [rows]): Uint8Array => {
  const writer = new ParquetFileWriter({ columns, sortedBy: [], zstdLevel: 1, ...options });
  for (const values of rowGroups) writer.writeRowGroup(rows, values, pageEnds);
  return writer.finish({ key: 'väl😀' });
};

const footerOf = (bytes: Uint8Array): FileMetadata => readFooter(bytes, bytes.length);

const boundsOf = (spec: ColumnSpec, values: ColumnValues, rows: number): [min: string | undefined, max: string | undefined] => {
  const [chunk] = (footerOf(write([spec], [[values]], rows)).rowGroups[0] as FileMetadata['rowGroups'][number]).chunks;
  const { min, max } = (chunk as FileMetadata['rowGroups'][number]['chunks'][number]).statistics;
  return [min && Buffer.from(min).toString('hex'), max && Buffer.from(max).toString('hex')];
};
const hex = (value: number): string => Buffer.from(Float64Array.of(value).buffer).toString('hex');
const utf8 = (text: string): string => Buffer.from(text).toString('hex');

describe('statistics', () => {
  it('order texts by their UTF-8 bytes', () => {
    expect(boundsOf(METRIC, texts('a', '～', '😀'), 3)).toEqual([utf8('a'), utf8('😀')]);
    expect(boundsOf(METRIC, texts('～', '😀'), 2)).toEqual([utf8('～'), utf8('😀')]);
  });

  it('leave NaN out, and are absent where nothing else is', () => {
    expect(boundsOf(VALUE, numbers(Number.NaN, 2, Number.NaN, 1), 4)).toEqual([hex(1), hex(2)]);
    expect(boundsOf(VALUE, numbers(Number.NaN, Number.NaN), 2)).toEqual([undefined, undefined]);
  });

  it('widen zeros: -0 as a minimum, +0 as a maximum', () => {
    expect(boundsOf(VALUE, numbers(0, 5), 2)).toEqual([hex(-0), hex(5)]);
    expect(boundsOf(VALUE, numbers(-5, -0), 2)).toEqual([hex(-5), hex(0)]);
  });

  it('hold infinities', () => {
    expect(boundsOf(VALUE, numbers(Infinity, -Infinity), 2)).toEqual([hex(-Infinity), hex(Infinity)]);
  });

  it('leave out texts of more than 1 KiB', () => {
    expect(boundsOf(METRIC, texts('a', 'x'.repeat(1025)), 2)).toEqual([undefined, undefined]);
  });
});

describe('footer', () => {
  const bytes = write([METRIC, TS, VALUE], [[texts('a', 'b'), numbers(1000, 2000), numbers(1, 2)]], 2, { sortedBy: ['metric', 'ts'], hasPageIndex: true });
  const metadata = parquetMetadata(Uint8Array.from(bytes).buffer);

  it('tells another reader what this one reads', () => {
    expect(metadata.num_rows).toBe(2n);
    expect(metadata.created_by).toBe('tidemark version 1 (build 1)');
    expect(metadata.key_value_metadata).toEqual([{ key: 'key', value: 'väl😀' }]);
    expect(metadata.row_groups[0]?.sorting_columns).toEqual([
      { column_idx: 0, descending: false, nulls_first: false },
      { column_idx: 1, descending: false, nulls_first: false },
    ]);
    expect(metadata.schema[2]).toMatchObject({ name: 'ts', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' } });
    expect(footerOf(bytes)).toMatchObject({ rows: 2, createdBy: metadata.created_by });
    expect(footerOf(bytes).keyValues.get('key')).toBe('väl😀');
  });

  it('has encoding_stats, so that dictionaries prune, and a page index when told', () => {
    const chunk = metadata.row_groups[0]?.columns[0];
    expect(chunk?.meta_data?.encoding_stats).toEqual([
      { page_type: 'DICTIONARY_PAGE', encoding: 'PLAIN', count: 1 },
      { page_type: 'DATA_PAGE', encoding: 'RLE_DICTIONARY', count: 1 },
    ]);
    expect(Number(chunk?.column_index_offset)).toBeGreaterThan(4);
    expect(Number(chunk?.offset_index_offset)).toBeGreaterThan(Number(chunk?.column_index_offset));
  });
});

describe('page index', () => {
  const optional: ColumnSpec = { ...VALUE, isOptional: true };
  const values: ColumnValues = { kind: 'numbers', values: Float64Array.of(5, 1, 9), present: { ids: Int32Array.of(1, 0, 1), ends: Uint32Array.of(2, 4, 5) } };
  const bytes = write([METRIC, TS, optional], [[texts('a', 'b', 'b', '～', '😀'), numbers(1, 2, 3, 4, 5), values]], 5, { hasPageIndex: true }, [2, 4, 5]);
  const { buffer } = Uint8Array.from(bytes);
  const metadata = parquetMetadata(buffer);
  const chunks = metadata.row_groups[0]?.columns ?? [];
  const at = (offset: unknown): { view: DataView<ArrayBuffer>; offset: number } => ({ view: new DataView(buffer), offset: Number(offset) });

  it('bounds each page, and tells pages without a value', () => {
    const index = chunks.map((chunk, i) => readColumnIndex(at(chunk.column_index_offset), metadata.schema[i + 1] as (typeof metadata.schema)[number]));
    expect(index[0]).toMatchObject({ null_pages: [false, false, false], min_values: ['a', 'b', '😀'], max_values: ['b', '～', '😀'], null_counts: [0n, 0n, 0n] });
    expect(index[1]).toMatchObject({ null_pages: [false] });
    expect(index[2]).toMatchObject({ null_pages: [false, true, false], null_counts: [0n, 2n, 0n] });
    expect([index[2]?.min_values[0], index[2]?.max_values[0], index[2]?.min_values[2]]).toEqual([1, 5, 9]);
  });

  it('tells where each page lies and its first row; times are one page', () => {
    const pages = chunks.map((chunk) => readOffsetIndex(at(chunk.offset_index_offset)).page_locations);
    expect(pages.map((list) => list.map(({ first_row_index }) => Number(first_row_index)))).toEqual([[0, 2, 4], [0], [0, 2, 4]]);
    chunks.forEach((chunk, i) => {
      const [first] = pages[i] ?? [];
      expect(Number(first?.offset)).toBe(Number(chunk.meta_data?.data_page_offset));
    });
  });

  it('is left out for a column with a page of nothing but NaN', () => {
    const nan = write([VALUE], [[numbers(1, Number.NaN)]], 2, { hasPageIndex: true }, [1, 2]);
    const chunk = footerOf(nan).rowGroups[0]?.chunks[0];
    expect(chunk?.columnIndex).toBeUndefined();
    expect(chunk?.offsetIndex?.length).toBeGreaterThan(0);
  });
});

describe('reading', () => {
  const bytes = write([METRIC, TS, VALUE], [
    [texts('a', 'c'), numbers(1000, 2000), numbers(1, 2)],
    [texts('d', '😀'), numbers(3000, 4000), numbers(3, 4)],
  ], 2);
  const read = async (offset: number, length: number): Promise<Uint8Array> => bytes.subarray(offset, offset + length);

  it('rules out row groups by metric and time', () => {
    const groups = (want: Parameters<typeof mayHoldRows>[1]): boolean[] => footerOf(bytes).rowGroups.map((group) => mayHoldRows(group, want));
    const always = { fromMs: -Infinity, toMs: Infinity };
    expect(groups(always)).toEqual([true, true]);
    expect(groups({ ...always, metrics: new Set(['b']) })).toEqual([true, false]);
    expect(groups({ ...always, metrics: new Set(['～']) })).toEqual([false, true]);
    expect(groups({ ...always, metrics: new Set(['A', '\u{10ffff}']) })).toEqual([false, false]);
    expect(groups({ fromMs: 2001, toMs: 3000 })).toEqual([false, true]);
    expect(groups({ fromMs: 2001, toMs: 2999 })).toEqual([false, false]);
  });

  it('takes a second read where the footer is longer than the tail', async () => {
    const reads: number[] = [];
    const file = await ParquetFileReader.open((offset, length) => (reads.push(length), read(offset, length)), bytes.length, 16);
    expect(file.metadata.rows).toBe(4);
    expect(reads.length).toBe(2);
    const columns = await file.readColumns(file.metadata.rowGroups[1] as FileMetadata['rowGroups'][number], ['value', 'absent']);
    expect(columns.column('absent')).toBeUndefined();
    expect([...(columns.column('value') as { readonly values: Float64Array }).values]).toEqual([3, 4]);
    expect(reads.length).toBe(3);
  });

  it('finds a flipped bit in a page by its CRC-32', async () => {
    const flipped = Uint8Array.from(bytes);
    const at = Buffer.from(flipped).indexOf(Buffer.from(Float64Array.of(2).buffer));
    flipped[at] = (flipped[at] as number) ^ 1;
    const file = await ParquetFileReader.open(async (offset, length) => flipped.subarray(offset, offset + length), flipped.length);
    const columns = await file.readColumns(file.metadata.rowGroups[0] as FileMetadata['rowGroups'][number], ['value']);
    expect(() => columns.column('value')).toThrow(/CRC-32/);
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['the magic alone', Buffer.from('PAR1')],
    ['text', Buffer.from('this is no Parquet file at all')],
    ['a footer longer than the file', Buffer.from('PAR1\xff\xff\x00\x00PAR1', 'latin1')],
  ])('refuses %s', async (_name, file) => {
    await expect(ParquetFileReader.open(async (offset, length) => file.subarray(offset, offset + length), file.length)).rejects.toThrow(CorruptFileError);
  });

  it('refuses repeated columns, whose levels it would misread', () => {
    const out = new ByteWriter();
    out.append(Buffer.from('PAR1'));
    const thrift = new ThriftWriter(out);
    thrift.structElement(() =>
      thrift.list(2, THRIFT.STRUCT, ['schema', 'tags'], (name) =>
        thrift.structElement(() => {
          thrift.i32(1, 6);
          thrift.i32(3, name === 'tags' ? 2 : 0);
          thrift.binary(4, name);
        }),
      ),
    );
    out.uint32(out.position - 4);
    out.append(Buffer.from('PAR1'));
    const file = out.written();
    expect(() => readFooter(file, file.length)).toThrow(UnsupportedFileError);
    expect(() => readFooter(file, file.length)).toThrow(/"tags"/);
  });
});
