import { ByteReader } from './byte-reader.ts';
import type { ColumnValues } from './column-values.ts';
import { readDeltas } from './delta-reader.ts';
import { CorruptFileError, UnsupportedFileError } from './errors.ts';
import { type ColumnChunk, ENCODING, PAGE, PHYSICAL, type SchemaColumn } from './metadata.ts';
import { type Page, readPage } from './page.ts';
import { readBlobs, readDoubles, readInt64s, readTexts } from './plain.ts';
import { readHybrid } from './rle.ts';
import { countPresent, forEachRun, type Runs, RunsBuilder, rowsOf, withNulls } from './runs.ts';

type Dictionary = readonly string[] | Float64Array;

/** What has been read of a chunk: definition levels of all pages, and the values of one way of writing them. */
class ChunkParts {
  readonly levels = new RunsBuilder();
  readonly indexes = new RunsBuilder();
  readonly numbers: Float64Array[] = [];
  readonly texts: string[] = [];
  readonly blobs: Uint8Array[] = [];
  dictionary: Dictionary | undefined;
  encoding: number | undefined;
  rows = 0;
}

/**
 * The column chunk in `bytes`. Numbers of rows from `wantedRows` on may be missing at the end of `values`.
 * @throws CorruptFileError, UnsupportedFileError
 */
export const readColumn = (bytes: Uint8Array, chunk: ColumnChunk, column: SchemaColumn, wantedRows: number): ColumnValues => {
  const parts = new ChunkParts();
  const source = new ByteReader(bytes);
  while (parts.rows < chunk.values) {
    const page = readPage(source, chunk.codec);
    if (page.type === PAGE.DICTIONARY) readDictionary(page, column, parts);
    else readDataPage(page, chunk, column, parts, wantedRows);
  }
  return assemble(parts, column);
};

const readDictionary = (page: Page, column: SchemaColumn, parts: ChunkParts): void => {
  if (parts.dictionary !== undefined) throw new CorruptFileError(`found a second dictionary of column "${column.name}"`);
  if (page.encoding !== ENCODING.PLAIN && page.encoding !== ENCODING.PLAIN_DICTIONARY) throw wrongEncoding(column, page.encoding);
  const source = new ByteReader(page.body);
  if (column.physical !== PHYSICAL.BYTE_ARRAY) parts.dictionary = readNumbers(source, column, page.values);
  else if (column.isText) parts.dictionary = readTexts(source, page.values);
  else throw wrongEncoding(column, page.encoding);
};

const readDataPage = (page: Page, chunk: ColumnChunk, column: SchemaColumn, parts: ChunkParts, wantedRows: number): void => {
  if (page.values > chunk.values - parts.rows) {
    throw new CorruptFileError(`found ${parts.rows + page.values} rows of column "${column.name}", ${chunk.values} announced`);
  }
  const source = new ByteReader(page.body);
  const present = column.isOptional ? readLevels(source, page.values, parts.levels) : page.values;
  const isDictionary = page.encoding === ENCODING.RLE_DICTIONARY || page.encoding === ENCODING.PLAIN_DICTIONARY;
  const encoding = isDictionary ? ENCODING.RLE_DICTIONARY : page.encoding;
  if (parts.encoding !== undefined && parts.encoding !== encoding) {
    throw new UnsupportedFileError(`found column "${column.name}" in two encodings within a row group, one is allowed`);
  }
  parts.encoding = encoding;
  const wanted = Math.max(0, wantedRows - parts.rows);
  parts.rows += page.values;
  if (isDictionary) readIndexes(source, present, column, parts);
  else if (encoding === ENCODING.DELTA_BINARY_PACKED && column.physical === PHYSICAL.INT64) {
    parts.numbers.push(readDeltas(source, present, wanted));
  } else if (encoding !== ENCODING.PLAIN) throw wrongEncoding(column, encoding);
  else if (column.physical !== PHYSICAL.BYTE_ARRAY) parts.numbers.push(readNumbers(source, column, present));
  else if (column.isText) for (const text of readTexts(source, present)) parts.texts.push(text);
  else for (const blob of readBlobs(source, present)) parts.blobs.push(blob);
};

/** Adds a page's definition levels; returns how many of its rows have a value. */
const readLevels = (source: ByteReader, rows: number, levels: RunsBuilder): number => {
  const lengthBytes = source.uint32();
  const start = source.position;
  source.skip(lengthBytes);
  const page = new RunsBuilder();
  readHybrid(new ByteReader(source.bytes, start, source.position), 1, rows, page);
  const runs = page.build();
  forEachRun(runs, 0, rows, (level, from, to) => {
    if (level !== 0 && level !== 1) throw new CorruptFileError(`found definition level ${level}, 0 and 1 are allowed`);
    levels.add(level, to - from);
  });
  return countPresent(runs, 0, rows);
};

const readIndexes = (source: ByteReader, count: number, column: SchemaColumn, parts: ChunkParts): void => {
  const entries = parts.dictionary?.length;
  if (entries === undefined) throw new CorruptFileError(`found column "${column.name}" without its dictionary`);
  if (count === 0) return;
  const width = source.byte();
  if (width > 32) throw new CorruptFileError(`found dictionary indexes of ${width} bits, at most 32 are allowed`);
  const page = new RunsBuilder();
  readHybrid(source, width, count, page);
  forEachRun(page.build(), 0, count, (id, from, to) => {
    if (id < 0 || id >= entries) throw new CorruptFileError(`found dictionary index ${id} of column "${column.name}", there are ${entries} entries`);
    parts.indexes.add(id, to - from);
  });
};

const readNumbers = (source: ByteReader, column: SchemaColumn, count: number): Float64Array => {
  if (column.physical === PHYSICAL.DOUBLE) return readDoubles(source, count);
  if (column.physical === PHYSICAL.INT64) return readInt64s(source, count);
  throw new UnsupportedFileError(`found column "${column.name}" of physical type ${column.physical}, INT64, DOUBLE and BYTE_ARRAY are allowed`);
};

const assemble = (parts: ChunkParts, column: SchemaColumn): ColumnValues => {
  const present = column.isOptional ? parts.levels.build() : undefined;
  const { dictionary } = parts;
  if (parts.encoding === ENCODING.RLE_DICTIONARY && dictionary !== undefined) {
    const dense = parts.indexes.build();
    const runs = present === undefined ? dense : withNulls(present, dense);
    return dictionary instanceof Float64Array ? { kind: 'number-runs', dictionary, runs } : { kind: 'text-runs', dictionary, runs };
  }
  if (column.physical !== PHYSICAL.BYTE_ARRAY) return { kind: 'numbers', values: concatenate(parts.numbers), present };
  return column.isText ? textRuns(parts.texts, present) : { kind: 'blobs', values: parts.blobs, present };
};

/** Texts of a file without a dictionary as runs of one. */
const textRuns = (texts: readonly string[], present: Runs | undefined): ColumnValues => {
  const ids = new Map<string, number>();
  const dense = new RunsBuilder();
  for (const text of texts) {
    let id = ids.get(text);
    if (id === undefined) {
      id = ids.size;
      ids.set(text, id);
    }
    dense.add(id, 1);
  }
  const runs = dense.build();
  return { kind: 'text-runs', dictionary: [...ids.keys()], runs: present === undefined || rowsOf(present) === 0 ? runs : withNulls(present, runs) };
};

const concatenate = (parts: readonly Float64Array[]): Float64Array => {
  if (parts.length === 1) return parts[0] as Float64Array;
  const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

const wrongEncoding = (column: SchemaColumn, encoding: number): UnsupportedFileError =>
  new UnsupportedFileError(`found column "${column.name}" in encoding ${encoding}, this reader takes PLAIN, RLE_DICTIONARY, and DELTA_BINARY_PACKED integers`);
