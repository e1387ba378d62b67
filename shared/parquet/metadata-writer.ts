import type { ByteWriter } from './byte-writer.ts';
import type { WrittenChunk } from './column-writer.ts';
import { CONVERTED, ENCODING, PAGE, PHYSICAL, REPETITION, type Span, type Statistics } from './metadata.ts';
import type { ColumnSpec } from './schema.ts';
import { THRIFT, ThriftWriter } from './thrift-writer.ts';

export interface WrittenRowGroup {
  readonly rows: number;
  readonly chunks: readonly WrittenChunk[];
  /** Page indexes by chunk, where they are written. */
  readonly indexes: readonly { readonly column: Span | undefined; readonly offset: Span }[];
}

export interface FileFooter {
  readonly columns: readonly ColumnSpec[];
  readonly sortedBy: readonly string[];
  readonly rowGroups: readonly WrittenRowGroup[];
  readonly keyValues: Readonly<Record<string, string>>;
}

/** The form `<name> version <version> (build <id>)` is what parquet-java parses before it trusts statistics. */
export const CREATED_BY = 'tidemark version 1 (build 1)';
/** "2" stands for the types and encodings of format 2; the pages are V1. */
const FORMAT_VERSION = 2;

const PHYSICAL_OF: Readonly<Record<ColumnSpec['type'], number>> = {
  text: PHYSICAL.BYTE_ARRAY,
  blob: PHYSICAL.BYTE_ARRAY,
  timestamp: PHYSICAL.INT64,
  integer: PHYSICAL.INT64,
  double: PHYSICAL.DOUBLE,
};

/** Writes parquet.thrift's FileMetaData; the numbers are its field ids. */
export const writeFooter = (out: ByteWriter, footer: FileFooter): void => {
  const thrift = new ThriftWriter(out);
  const { columns, rowGroups, keyValues } = footer;
  thrift.structElement(() => {
    thrift.i32(1, FORMAT_VERSION);
    thrift.list(2, THRIFT.STRUCT, [undefined, ...columns], (column) => writeSchemaElement(thrift, column, columns.length));
    thrift.i64(3, rowGroups.reduce((sum, { rows }) => sum + rows, 0));
    thrift.list(4, THRIFT.STRUCT, rowGroups, (rowGroup) => writeRowGroup(thrift, rowGroup, footer));
    thrift.list(5, THRIFT.STRUCT, Object.entries(keyValues), ([key, value]) =>
      thrift.structElement(() => {
        thrift.binary(1, key);
        thrift.binary(2, value);
      }),
    );
    thrift.binary(6, CREATED_BY);
    // Column orders: TYPE_ORDER for each. Without them readers do not trust min_value and max_value.
    thrift.list(7, THRIFT.STRUCT, columns, () => thrift.structElement(() => thrift.struct(1, () => undefined)));
  });
};

/** A column, or the root above them. */
const writeSchemaElement = (thrift: ThriftWriter, column: ColumnSpec | undefined, children: number): void => {
  thrift.structElement(() => {
    if (column === undefined) {
      thrift.binary(4, 'schema');
      thrift.i32(5, children);
      return;
    }
    thrift.i32(1, PHYSICAL_OF[column.type]);
    thrift.i32(3, column.isOptional ? REPETITION.OPTIONAL : REPETITION.REQUIRED);
    thrift.binary(4, column.name);
    if (column.type === 'text') {
      thrift.i32(6, CONVERTED.UTF8);
      thrift.struct(10, () => thrift.struct(1, () => undefined));
    } else if (column.type === 'timestamp') {
      thrift.i32(6, CONVERTED.TIMESTAMP_MILLIS);
      thrift.struct(10, () => writeTimestampType(thrift));
    }
  });
};

const writeTimestampType = (thrift: ThriftWriter): void => {
  thrift.struct(8, () => {
    thrift.bool(1, true); // isAdjustedToUTC
    thrift.struct(2, () => thrift.struct(1, () => undefined)); // unit: MILLIS
  });
};

const writeRowGroup = (thrift: ThriftWriter, { rows, chunks, indexes }: WrittenRowGroup, { columns, sortedBy }: FileFooter): void => {
  thrift.structElement(() => {
    thrift.list(1, THRIFT.STRUCT, chunks, (chunk) => writeColumnChunk(thrift, chunk, indexes[chunks.indexOf(chunk)]));
    thrift.i64(2, chunks.reduce((sum, chunk) => sum + chunk.plainBytes, 0));
    thrift.i64(3, rows);
    thrift.list(4, THRIFT.STRUCT, sortedBy, (name) =>
      thrift.structElement(() => {
        thrift.i32(1, columns.findIndex((column) => column.name === name));
        thrift.bool(2, false); // descending
        thrift.bool(3, false); // nulls first
      }),
    );
    thrift.i64(5, startOf(chunks[0] as WrittenChunk));
    thrift.i64(6, chunks.reduce((sum, chunk) => sum + chunk.storedBytes, 0));
  });
};

const startOf = (chunk: WrittenChunk): number => chunk.dictionaryOffset ?? chunk.pagesOffset;

const writeColumnChunk = (thrift: ThriftWriter, chunk: WrittenChunk, index: WrittenRowGroup['indexes'][number] | undefined): void => {
  thrift.structElement(() => {
    thrift.i64(2, 0);
    thrift.struct(3, () => writeChunkMetadata(thrift, chunk));
    thrift.i64(4, index?.offset.offset);
    thrift.i32(5, index?.offset.length);
    thrift.i64(6, index?.column?.offset);
    thrift.i32(7, index?.column?.length);
  });
};

const writeChunkMetadata = (thrift: ThriftWriter, chunk: WrittenChunk): void => {
  const hasDictionary = chunk.dictionaryOffset !== undefined;
  const encodings = [...new Set([...(hasDictionary ? [ENCODING.PLAIN] : []), ENCODING.RLE, chunk.encoding])];
  thrift.i32(1, PHYSICAL_OF[chunk.spec.type]);
  thrift.list(2, THRIFT.I32, encodings, (encoding) => thrift.intElement(encoding));
  thrift.list(3, THRIFT.BINARY, [chunk.spec.name], (name) => thrift.binaryElement(name));
  thrift.i32(4, chunk.codec);
  thrift.i64(5, chunk.values);
  thrift.i64(6, chunk.plainBytes);
  thrift.i64(7, chunk.storedBytes);
  thrift.i64(9, chunk.pagesOffset);
  thrift.i64(11, chunk.dictionaryOffset);
  thrift.struct(12, () => writeStatistics(thrift, chunk.statistics));
  // With these Trino knows that every page is dictionary encoded, and skips a row group whose dictionary lacks a value.
  const pageKinds: [type: number, encoding: number, pages: number][] = [[PAGE.DATA, chunk.encoding, chunk.pages.length]];
  if (hasDictionary) pageKinds.unshift([PAGE.DICTIONARY, ENCODING.PLAIN, 1]);
  thrift.list(13, THRIFT.STRUCT, pageKinds, ([type, encoding, pages]) =>
    thrift.structElement(() => {
      thrift.i32(1, type);
      thrift.i32(2, encoding);
      thrift.i32(3, pages);
    }),
  );
};

const writeStatistics = (thrift: ThriftWriter, { min, max, nulls }: Statistics): void => {
  thrift.i64(3, nulls);
  thrift.binary(5, max);
  thrift.binary(6, min);
};
