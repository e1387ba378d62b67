import { ByteReader } from './byte-reader.ts';
import type { ColumnValues } from './column-values.ts';
import { readDeltas } from './delta-reader.ts';
import { CorruptFileError, UnsupportedFileError } from './errors.ts';
import { type ColumnChunk, ENCODING, PAGE, PHYSICAL, type SchemaColumn } from './metadata.ts';
import { type Page, readPage, readPageBody, readPageHeader } from './page.ts';
import { readBlobs, readDoubles, readInt64s, readTexts } from './plain.ts';
import { readHybrid } from './rle.ts';
import { countRows, type RowRange, RowRangesBuilder } from './row-ranges.ts';
import { countPresent, forEachRun, type Runs, RunsBuilder, rowsOf, withNulls } from './runs.ts';

type Dictionary = readonly string[] | Float64Array;

/** A data page with its header, and the rows it holds. */
export interface StoredPage {
  readonly bytes: Uint8Array;
  readonly firstRow: number;
  readonly rows: number;
}

/** What has been read of a chunk: definition levels and values of the wanted rows, in one way of writing them. */
class ChunkParts {
  readonly levels = new RunsBuilder();
  readonly indexes = new RunsBuilder();
  readonly numbers: NumbersBuilder;
  readonly texts: string[] = [];
  readonly blobs: Uint8Array[] = [];
  dictionary: Dictionary | undefined;
  encoding: number | undefined;

  /** Of so many rows at most. */
  constructor(rows: number) {
    this.numbers = new NumbersBuilder(rows);
  }
}

/** Numbers of one page after another in one array. */
class NumbersBuilder {
  private readonly most: number;
  private values = new Float64Array(0);
  private count = 0;

  constructor(most: number) {
    this.most = most;
  }

  /** Behind those that there are. */
  readonly room = (count: number): Float64Array => {
    const start = this.count;
    this.count += count;
    // The system gives memory when it is written to: a column of few numbers takes little more than they do.
    if (count > 0 && start === 0) this.values = new Float64Array(this.most);
    return this.values.subarray(start, this.count);
  };

  build(): Float64Array {
    return this.values.subarray(0, this.count);
  }
}

/**
 * The rows of the ranges (ascending) of the column chunk in `bytes`. Pages without such rows are not decoded.
 * @throws CorruptFileError, UnsupportedFileError
 */
export const readColumn = (bytes: Uint8Array, chunk: ColumnChunk, column: SchemaColumn, ranges: readonly RowRange[]): ColumnValues => {
  const parts = new ChunkParts(countRows(ranges));
  const source = new ByteReader(bytes);
  const cursor = new RangeCursor(ranges);
  for (let row = 0; !cursor.isDone; ) {
    const header = readPageHeader(source);
    if (header.type === PAGE.DICTIONARY) {
      readDictionary(readPageBody(source, header, chunk.codec), column, parts);
      continue;
    }
    const end = row + header.values;
    if (end > chunk.values) throw new CorruptFileError(`found ${end} rows of column "${column.name}", ${chunk.values} announced`);
    const wanted = cursor.take(row, end);
    if (wanted.length === 0) source.skip(header.storedBytes);
    else readDataPage(readPageBody(source, header, chunk.codec), column, parts, wanted);
    row = end;
  }
  return assemble(parts, column);
};

/**
 * As {@link readColumn}, out of the pages alone in which such rows lie, and the dictionary's page where there is one.
 * @throws CorruptFileError, UnsupportedFileError
 */
export const readPages = (
  dictionary: Uint8Array | undefined,
  pages: readonly StoredPage[],
  { codec }: ColumnChunk,
  column: SchemaColumn,
  ranges: readonly RowRange[],
): ColumnValues => {
  const parts = new ChunkParts(countRows(ranges));
  if (dictionary !== undefined) readDictionary(readPage(new ByteReader(dictionary), codec), column, parts);
  const cursor = new RangeCursor(ranges);
  for (const { bytes, firstRow, rows } of pages) {
    const page = readPage(new ByteReader(bytes), codec);
    if (page.type !== PAGE.DATA || page.values !== rows) {
      throw new CorruptFileError(`found a page of type ${page.type} with ${page.values} values at row ${firstRow} of column "${column.name}", the page index has ${rows} rows there`);
    }
    const wanted = cursor.take(firstRow, firstRow + rows);
    if (wanted.length > 0) readDataPage(page, column, parts, wanted);
  }
  if (!cursor.isDone) throw new CorruptFileError(`found no page with some rows of column "${column.name}"`);
  return assemble(parts, column);
};

/** Walks ascending ranges along the pages. */
class RangeCursor {
  private readonly ranges: readonly RowRange[];
  private next = 0;

  constructor(ranges: readonly RowRange[]) {
    this.ranges = ranges;
  }

  get isDone(): boolean {
    return this.next >= this.ranges.length;
  }

  /** The wanted among the rows from `from` to `to` (exclusive), counted from `from`. Calls ascend and leave no row out. */
  take(from: number, to: number): readonly RowRange[] {
    const taken: RowRange[] = [];
    for (; this.next < this.ranges.length; this.next++) {
      const range = this.ranges[this.next] as RowRange;
      const start = Math.max(range.from, from);
      const end = Math.min(range.to, to);
      if (start < end) taken.push({ from: start - from, to: end - from });
      // What is left of it lies in the next page.
      if (range.to > to) break;
    }
    return taken;
  }
}

const readDictionary = (page: Page, column: SchemaColumn, parts: ChunkParts): void => {
  if (parts.dictionary !== undefined) throw new CorruptFileError(`found a second dictionary of column "${column.name}"`);
  if (page.encoding !== ENCODING.PLAIN && page.encoding !== ENCODING.PLAIN_DICTIONARY) throw wrongEncoding(column, page.encoding);
  const source = new ByteReader(page.body);
  if (column.physical !== PHYSICAL.BYTE_ARRAY) parts.dictionary = readNumbers(source, column, page.values);
  else if (column.isText) parts.dictionary = readTexts(source, page.values);
  else throw wrongEncoding(column, page.encoding);
};

const readDataPage = (page: Page, column: SchemaColumn, parts: ChunkParts, rows: readonly RowRange[]): void => {
  const source = new ByteReader(page.body);
  const levels = column.isOptional ? readLevels(source, page.values) : undefined;
  const present = levels === undefined ? page.values : countPresent(levels, 0, page.values);
  const wanted = levels === undefined ? rows : takeLevels(levels, rows, parts.levels);
  const isDictionary = page.encoding === ENCODING.RLE_DICTIONARY || page.encoding === ENCODING.PLAIN_DICTIONARY;
  const encoding = isDictionary ? ENCODING.RLE_DICTIONARY : page.encoding;
  if (parts.encoding !== undefined && parts.encoding !== encoding) {
    throw new UnsupportedFileError(`found column "${column.name}" in two encodings within a row group, one is allowed`);
  }
  parts.encoding = encoding;
  if (isDictionary) readIndexes(source, present, wanted, column, parts);
  else readValues(source, present, wanted, encoding, column, parts);
};

/** The values of a page without a dictionary. `wanted` are places in its present values. */
const readValues = (source: ByteReader, present: number, wanted: readonly RowRange[], encoding: number, column: SchemaColumn, parts: ChunkParts): void => {
  const end = wanted.at(-1)?.to ?? 0;
  if (encoding === ENCODING.DELTA_BINARY_PACKED && column.physical === PHYSICAL.INT64) {
    const [first] = wanted;
    if (first === undefined) return;
    if (wanted.length === 1) return void readDeltas(source, present, first.from, end, parts.numbers.room);
    const values = readDeltas(source, present, first.from, end);
    for (const { from, to } of wanted) parts.numbers.room(to - from).set(values.subarray(from - first.from, to - first.from));
  } else if (encoding !== ENCODING.PLAIN) throw wrongEncoding(column, encoding);
  else if (column.physical !== PHYSICAL.BYTE_ARRAY) {
    const values = new ByteReader(source.take(present * 8));
    for (const { from, to } of wanted) {
      values.position = from * 8;
      parts.numbers.room(to - from).set(readNumbers(values, column, to - from));
    }
  } else if (column.isText) {
    const texts = readTexts(source, end);
    for (const { from, to } of wanted) for (let i = from; i < to; i++) parts.texts.push(texts[i] as string);
  } else {
    const blobs = readBlobs(source, end);
    for (const { from, to } of wanted) for (let i = from; i < to; i++) parts.blobs.push(blobs[i] as Uint8Array);
  }
};

/** A page's definition levels. */
const readLevels = (source: ByteReader, rows: number): Runs => {
  const lengthBytes = source.uint32();
  const start = source.position;
  source.skip(lengthBytes);
  const page = new RunsBuilder();
  readHybrid(new ByteReader(source.bytes, start, source.position), 1, rows, page);
  const runs = page.build();
  for (const level of runs.ids) if (level !== 0 && level !== 1) throw new CorruptFileError(`found definition level ${level}, 0 and 1 are allowed`);
  return runs;
};

/** Adds the levels of the wanted rows; returns the places of their values among the page's. */
const takeLevels = (levels: Runs, rows: readonly RowRange[], taken: RunsBuilder): readonly RowRange[] => {
  const places = new RowRangesBuilder();
  let row = 0;
  let place = 0;
  for (const { from, to } of rows) {
    place += countPresent(levels, row, from);
    const start = place;
    forEachRun(levels, from, to, (level, first, end) => {
      taken.add(level, end - first);
      if (level === 1) place += end - first;
    });
    places.add(start, place);
    row = to;
  }
  return places.build();
};

const readIndexes = (source: ByteReader, present: number, wanted: readonly RowRange[], column: SchemaColumn, parts: ChunkParts): void => {
  const entries = parts.dictionary?.length;
  if (entries === undefined) throw new CorruptFileError(`found column "${column.name}" without its dictionary`);
  if (present === 0) return;
  const width = source.byte();
  if (width > 32) throw new CorruptFileError(`found dictionary indexes of ${width} bits, at most 32 are allowed`);
  const page = new RunsBuilder();
  readHybrid(source, width, wanted.at(-1)?.to ?? 0, page);
  const runs = page.build();
  for (const { from, to } of wanted) {
    forEachRun(runs, from, to, (id, start, end) => {
      if (id < 0 || id >= entries) throw new CorruptFileError(`found dictionary index ${id} of column "${column.name}", there are ${entries} entries`);
      parts.indexes.add(id, end - start);
    });
  }
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
  if (column.physical !== PHYSICAL.BYTE_ARRAY) return { kind: 'numbers', values: parts.numbers.build(), present };
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

const wrongEncoding = (column: SchemaColumn, encoding: number): UnsupportedFileError =>
  new UnsupportedFileError(`found column "${column.name}" in encoding ${encoding}, this reader takes PLAIN, RLE_DICTIONARY, and DELTA_BINARY_PACKED integers`);
