/** Ids of parquet.thrift that our files use. */
export const PHYSICAL = { INT64: 2, DOUBLE: 5, BYTE_ARRAY: 6 } as const;
export const ENCODING = { PLAIN: 0, PLAIN_DICTIONARY: 2, RLE: 3, DELTA_BINARY_PACKED: 5, RLE_DICTIONARY: 8 } as const;
export const PAGE = { DATA: 0, DICTIONARY: 2 } as const;
export const REPETITION = { REQUIRED: 0, OPTIONAL: 1 } as const;
export const CONVERTED = { UTF8: 0, TIMESTAMP_MILLIS: 9 } as const;

export const MAGIC = Buffer.from('PAR1');

/** A flat column as the file's schema tells it. */
export interface SchemaColumn {
  readonly name: string;
  /** One of {@link PHYSICAL}, or another that this reader cannot read. */
  readonly physical: number;
  readonly isOptional: boolean;
  readonly isText: boolean;
}

/** PLAIN-encoded bounds of a chunk's or page's values: of texts their UTF-8 bytes. */
export interface Statistics {
  readonly min: Uint8Array | undefined;
  readonly max: Uint8Array | undefined;
  readonly nulls: number | undefined;
}

/** A part of the file. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

export interface ColumnChunk {
  readonly physical: number;
  readonly name: string;
  readonly codec: number;
  /** Rows, those without a value included. */
  readonly values: number;
  readonly plainBytes: number;
  readonly storedBytes: number;
  readonly dictionaryOffset: number | undefined;
  readonly pagesOffset: number;
  readonly statistics: Statistics;
  readonly columnIndex: Span | undefined;
  readonly offsetIndex: Span | undefined;
}

export interface RowGroup {
  readonly rows: number;
  readonly chunks: readonly ColumnChunk[];
}

export interface FileMetadata {
  readonly columns: readonly SchemaColumn[];
  readonly rows: number;
  readonly rowGroups: readonly RowGroup[];
  readonly keyValues: ReadonlyMap<string, string>;
  readonly createdBy: string;
}
