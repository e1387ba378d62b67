import { ByteReader } from './byte-reader.ts';
import { CorruptFileError } from './errors.ts';
import { MAX_CHUNK_PAGES } from './limits.ts';
import type { ColumnChunk, RowGroup } from './metadata.ts';
import { chunkStart } from './metadata-reader.ts';
import { PRUNING_COLUMNS } from './pruning.ts';
import { ThriftReader } from './thrift-reader.ts';

/** Where a data page lies, and the rows it holds. */
export interface PageLocation {
  readonly offset: number;
  /** With its header. */
  readonly storedBytes: number;
  readonly firstRow: number;
  readonly rows: number;
}

/** PLAIN-encoded bounds of a page's values, which may lie outside of them; undefined for a page of NULLs alone. */
export type PageBounds = { readonly min: Uint8Array; readonly max: Uint8Array } | undefined;

/** The page index of a column chunk. */
export interface ChunkPages {
  readonly locations: readonly PageLocation[];
  /** By page, of the columns that prune and have a column index. */
  readonly bounds: readonly PageBounds[] | undefined;
}

/** By column name; a column without an offset index is left out. */
export type RowGroupPages = ReadonlyMap<string, ChunkPages>;

/**
 * The page indexes of a row group; `bytesAt` gives the bytes of a span.
 * @throws CorruptFileError when they do not fit the chunks.
 */
export const readRowGroupPages = ({ rows, chunks }: RowGroup, bytesAt: (offset: number, length: number) => Uint8Array): RowGroupPages => {
  const pages = new Map<string, ChunkPages>();
  for (const chunk of chunks) {
    if (chunk.offsetIndex === undefined) continue;
    const locations = readOffsetIndex(bytesAt(chunk.offsetIndex.offset, chunk.offsetIndex.length), chunk, rows);
    const bounds = chunk.columnIndex === undefined || !PRUNING_COLUMNS.has(chunk.name) ? undefined : readColumnIndex(bytesAt(chunk.columnIndex.offset, chunk.columnIndex.length), chunk.name, locations.length);
    pages.set(chunk.name, { locations, bounds });
  }
  return pages;
};

/** parquet.thrift, OffsetIndex: pages ascend in the chunk's bytes and its rows, and leave no row out. */
const readOffsetIndex = (bytes: Uint8Array, chunk: ColumnChunk, rows: number): readonly PageLocation[] => {
  const thrift = new ThriftReader(new ByteReader(bytes));
  let found: readonly Omit<PageLocation, 'rows'>[] = [];
  thrift.struct((id, type) => {
    if (id === 1) found = thrift.list(type, atMost(MAX_CHUNK_PAGES, chunk.name, (element) => readLocation(thrift, element)));
    else thrift.skip(type);
  });
  const end = chunkStart(chunk) + chunk.storedBytes;
  let position = chunk.pagesOffset;
  const locations = found.map((location, i) => {
    const next = found[i + 1]?.firstRow ?? rows;
    const { offset, storedBytes, firstRow } = location;
    if (offset < position || offset + storedBytes > end || (i === 0 && firstRow !== 0) || next <= firstRow) {
      throw new CorruptFileError(`found page ${i} of column "${chunk.name}" with rows ${firstRow} to ${next} at bytes ${offset} to ${offset + storedBytes}, the pages lie at ${position} to ${end}`);
    }
    position = offset + storedBytes;
    return { ...location, rows: next - firstRow };
  });
  if (locations.length === 0 && rows > 0) throw new CorruptFileError(`found an offset index of column "${chunk.name}" without pages`);
  return locations;
};

/** Reads elements of a list, and refuses one too many: an element may take a byte in the file and a hundred in memory. */
const atMost = <T>(most: number, name: string, read: (elementType: number) => T): ((elementType: number) => T) => {
  let count = 0;
  return (elementType) => {
    if (++count > most) throw new CorruptFileError(`found more than ${most} pages in an index of column "${name}"`);
    return read(elementType);
  };
};

const readLocation = (thrift: ThriftReader, type: number): Omit<PageLocation, 'rows'> => {
  const location = { offset: 0, storedBytes: 0, firstRow: 0 };
  thrift.nested(type, (id, field) => {
    if (id === 1) location.offset = thrift.size(field);
    else if (id === 2) location.storedBytes = thrift.size(field);
    else if (id === 3) location.firstRow = thrift.size(field);
    else thrift.skip(field);
  });
  return location;
};

/** parquet.thrift, ColumnIndex. */
const readColumnIndex = (bytes: Uint8Array, name: string, pages: number): readonly PageBounds[] => {
  const thrift = new ThriftReader(new ByteReader(bytes));
  let nullPages: readonly boolean[] = [];
  let mins: readonly Uint8Array[] = [];
  let maxs: readonly Uint8Array[] = [];
  thrift.struct((id, type) => {
    if (id === 1) nullPages = thrift.list(type, atMost(pages, name, (element) => thrift.boolElement(element)));
    else if (id === 2) mins = thrift.list(type, atMost(pages, name, (element) => thrift.binary(element)));
    else if (id === 3) maxs = thrift.list(type, atMost(pages, name, (element) => thrift.binary(element)));
    else thrift.skip(type);
  });
  if (nullPages.length !== pages || mins.length !== pages || maxs.length !== pages) {
    throw new CorruptFileError(`found a column index of ${nullPages.length} pages of column "${name}", the chunk has ${pages}`);
  }
  return nullPages.map((isNull, i) => (isNull ? undefined : { min: mins[i] as Uint8Array, max: maxs[i] as Uint8Array }));
};
