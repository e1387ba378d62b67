import { ByteReader } from './byte-reader.ts';
import { CorruptFileError, UnsupportedFileError } from './errors.ts';
import { MAX_ROW_GROUP_ROWS } from './limits.ts';
import { type ColumnChunk, CONVERTED, type FileMetadata, MAGIC, REPETITION, type RowGroup, type SchemaColumn, type Statistics } from './metadata.ts';
import { ThriftReader } from './thrift-reader.ts';

/** Parses parquet.thrift's FileMetaData. `dataEnd` is where the footer begins: chunks lie before it. */
export const readMetadata = (bytes: Uint8Array, dataEnd: number): FileMetadata => {
  const thrift = new ThriftReader(new ByteReader(bytes));
  let columns: readonly SchemaColumn[] = [];
  let rows = 0;
  let rowGroups: readonly RowGroup[] = [];
  let createdBy = '';
  const keyValues = new Map<string, string>();
  thrift.struct((id, type) => {
    if (id === 2) columns = flat(thrift.list(type, (element) => readSchemaElement(thrift, element)));
    else if (id === 3) rows = thrift.size(type);
    else if (id === 4) rowGroups = thrift.list(type, (element) => readRowGroup(thrift, element));
    else if (id === 5) for (const [key, value] of thrift.list(type, (element) => readKeyValue(thrift, element))) keyValues.set(key, value);
    else if (id === 6) createdBy = thrift.text(type);
    else thrift.skip(type);
  });
  for (const rowGroup of rowGroups) checkRowGroup(rowGroup, columns, dataEnd);
  const counted = rowGroups.reduce((sum, group) => sum + group.rows, 0);
  if (counted !== rows) throw new CorruptFileError(`found ${counted} rows in row groups, ${rows} announced`);
  return { columns, rows, rowGroups, keyValues, createdBy };
};

interface SchemaElement extends SchemaColumn {
  readonly children: number;
  readonly repetition: number;
}

const readSchemaElement = (thrift: ThriftReader, type: number): SchemaElement => {
  let physical = -1;
  let repetition: number = REPETITION.REQUIRED;
  let name = '';
  let children = 0;
  let isText = false;
  thrift.nested(type, (id, field) => {
    if (id === 1) physical = thrift.int(field);
    else if (id === 3) repetition = thrift.int(field);
    else if (id === 4) name = thrift.text(field);
    else if (id === 5) children = thrift.size(field);
    else if (id === 6) isText ||= thrift.int(field) === CONVERTED.UTF8;
    else if (id === 10) {
      thrift.nested(field, (kind, inner) => {
        isText ||= kind === 1;
        thrift.skip(inner);
      });
    } else thrift.skip(field);
  });
  return { physical, repetition, name, children, isText, isOptional: repetition === REPETITION.OPTIONAL };
};

/** The columns below the root; this reader takes no other depth. */
const flat = (elements: readonly SchemaElement[]): readonly SchemaColumn[] => {
  const [root, ...columns] = elements;
  if (root === undefined) throw new CorruptFileError('found no schema');
  for (const { name, children, repetition } of columns) {
    if (children > 0 || (repetition !== REPETITION.OPTIONAL && repetition !== REPETITION.REQUIRED)) {
      throw new UnsupportedFileError(`found nested or repeated column "${name}", flat columns are allowed`);
    }
  }
  return columns;
};

const readKeyValue = (thrift: ThriftReader, type: number): readonly [key: string, value: string] => {
  let key = '';
  let value = '';
  thrift.nested(type, (id, field) => {
    if (id === 1) key = thrift.text(field);
    else if (id === 2) value = thrift.text(field);
    else thrift.skip(field);
  });
  return [key, value];
};

const readRowGroup = (thrift: ThriftReader, type: number): RowGroup => {
  let rows = 0;
  let chunks: readonly ColumnChunk[] = [];
  thrift.nested(type, (id, field) => {
    if (id === 1) chunks = thrift.list(field, (element) => readChunk(thrift, element));
    else if (id === 3) rows = thrift.size(field);
    else thrift.skip(field);
  });
  return { rows, chunks };
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const NO_STATISTICS: Statistics = { min: undefined, max: undefined, nulls: undefined };

const readChunk = (thrift: ThriftReader, type: number): ColumnChunk => {
  const chunk: Mutable<ColumnChunk> = {
    physical: -1,
    name: '',
    codec: -1,
    values: 0,
    plainBytes: 0,
    storedBytes: 0,
    dictionaryOffset: undefined,
    pagesOffset: -1,
    statistics: NO_STATISTICS,
    columnIndex: undefined,
    offsetIndex: undefined,
  };
  const index = { offset: [0, 0] as [number, number], column: [0, 0] as [number, number] };
  thrift.nested(type, (id, field) => {
    if (id === 3) thrift.nested(field, (inner, innerType) => readChunkField(thrift, chunk, inner, innerType));
    else if (id === 4) index.offset[0] = thrift.size(field);
    else if (id === 5) index.offset[1] = thrift.size(field);
    else if (id === 6) index.column[0] = thrift.size(field);
    else if (id === 7) index.column[1] = thrift.size(field);
    else thrift.skip(field);
  });
  if (index.offset[1] > 0) chunk.offsetIndex = { offset: index.offset[0], length: index.offset[1] };
  if (index.column[1] > 0) chunk.columnIndex = { offset: index.column[0], length: index.column[1] };
  return chunk;
};

const readChunkField = (thrift: ThriftReader, chunk: Mutable<ColumnChunk>, id: number, type: number): void => {
  if (id === 1) chunk.physical = thrift.int(type);
  else if (id === 3) chunk.name = thrift.list(type, (element) => thrift.text(element)).join('.');
  else if (id === 4) chunk.codec = thrift.int(type);
  else if (id === 5) chunk.values = thrift.size(type);
  else if (id === 6) chunk.plainBytes = thrift.size(type);
  else if (id === 7) chunk.storedBytes = thrift.size(type);
  else if (id === 9) chunk.pagesOffset = thrift.size(type);
  else if (id === 11) chunk.dictionaryOffset = thrift.size(type);
  else if (id === 12) chunk.statistics = readStatistics(thrift, type);
  else thrift.skip(type);
};

const readStatistics = (thrift: ThriftReader, type: number): Statistics => {
  const statistics: Mutable<Statistics> = { ...NO_STATISTICS };
  thrift.nested(type, (id, field) => {
    if (id === 3) statistics.nulls = thrift.size(field);
    else if (id === 5) statistics.max = thrift.binary(field);
    else if (id === 6) statistics.min = thrift.binary(field);
    else thrift.skip(field);
  });
  return statistics;
};

const checkRowGroup = ({ rows, chunks }: RowGroup, columns: readonly SchemaColumn[], dataEnd: number): void => {
  if (rows > MAX_ROW_GROUP_ROWS) throw new UnsupportedFileError(`found a row group of ${rows} rows, at most ${MAX_ROW_GROUP_ROWS} are allowed`);
  if (chunks.length !== columns.length) {
    throw new CorruptFileError(`found ${chunks.length} column chunks in a row group, the schema has ${columns.length} columns`);
  }
  chunks.forEach((chunk, i) => {
    const column = columns[i] as SchemaColumn;
    const start = chunkStart(chunk);
    if (chunk.name !== column.name || chunk.physical !== column.physical) throw new CorruptFileError(`found column "${chunk.name}" in the place of "${column.name}"`);
    if (chunk.values !== rows) throw new CorruptFileError(`found ${chunk.values} rows of column "${chunk.name}", ${rows} announced`);
    for (const span of [chunk.columnIndex, chunk.offsetIndex]) {
      if (span !== undefined && (span.offset < MAGIC.length || span.offset + span.length > dataEnd)) {
        throw new CorruptFileError(`found a page index of column "${chunk.name}" at bytes ${span.offset} to ${span.offset + span.length}, the footer begins at ${dataEnd}`);
      }
    }
    if (start < MAGIC.length || start + chunk.storedBytes > dataEnd) {
      throw new CorruptFileError(`found column "${chunk.name}" at bytes ${start} to ${start + chunk.storedBytes}, the rows end at ${dataEnd}`);
    }
  });
};

/** Where a chunk's first page lies. */
export const chunkStart = ({ dictionaryOffset, pagesOffset }: ColumnChunk): number =>
  dictionaryOffset === undefined || dictionaryOffset === 0 ? pagesOffset : Math.min(dictionaryOffset, pagesOffset);
