import { readColumn } from './column-reader.ts';
import type { ColumnValues } from './column-values.ts';
import { CorruptFileError } from './errors.ts';
import { MAX_FOOTER_BYTES } from './limits.ts';
import { type ColumnChunk, type FileMetadata, MAGIC, type RowGroup, type SchemaColumn } from './metadata.ts';
import { chunkStart, readMetadata } from './metadata-reader.ts';

/** A part of the file. It may be cut short only where the file ends. */
export type ReadRange = (offset: number, length: number) => Promise<Uint8Array>;

/** Footer length and magic. */
const TRAILER_BYTES = 8;
/** The first read from the end: the footers of most files lie within, and one request more costs more than these bytes. */
const TAIL_BYTES = 64 * 1024;
/** Ranges closer than this are read as one: at S3's tens of ms a request, 256 KB are on the wire for less. */
const GAP_BYTES = 256 * 1024;

/** The bytes from the end of the file its footer takes, as told by the last eight. @throws CorruptFileError */
export const footerBytes = (tail: Uint8Array, fileBytes: number): number => {
  if (fileBytes < MAGIC.length + TRAILER_BYTES || tail.length < TRAILER_BYTES || !MAGIC.equals(tail.subarray(tail.length - MAGIC.length))) {
    throw new CorruptFileError(`found no Parquet footer at the end of ${fileBytes} bytes`);
  }
  const length = new DataView(tail.buffer, tail.byteOffset, tail.length).getUint32(tail.length - TRAILER_BYTES, true) + TRAILER_BYTES;
  if (length > fileBytes - MAGIC.length || length > MAX_FOOTER_BYTES) {
    throw new CorruptFileError(`found a footer of ${length} bytes in a file of ${fileBytes}, at most ${MAX_FOOTER_BYTES} are allowed`);
  }
  return length;
};

/** The metadata in the last bytes of a file, of which there are at least {@link footerBytes}. @throws CorruptFileError, UnsupportedFileError */
export const readFooter = (tail: Uint8Array, fileBytes: number): FileMetadata => {
  const length = footerBytes(tail, fileBytes);
  if (length > tail.length) throw new CorruptFileError(`found ${tail.length} bytes from the end, the footer takes ${length}`);
  return readMetadata(tail.subarray(tail.length - length, tail.length - TRAILER_BYTES), fileBytes - length);
};

/** An open file: its metadata, and its columns row group by row group. */
export class ParquetFileReader {
  readonly metadata: FileMetadata;
  private readonly read: ReadRange;

  private constructor(read: ReadRange, metadata: FileMetadata) {
    this.read = read;
    this.metadata = metadata;
  }

  /** Up to `tailBytes` are read first, from the end: with all of a small file in them, nothing more is read. */
  static async open(read: ReadRange, fileBytes: number, tailBytes = TAIL_BYTES): Promise<ParquetFileReader> {
    const offset = Math.max(0, fileBytes - tailBytes);
    let tail = await readExactly(read, offset, fileBytes - offset);
    const needed = footerBytes(tail, fileBytes);
    if (needed > tail.length) tail = await readExactly(read, fileBytes - needed, needed);
    const start = fileBytes - tail.length;
    const withTail: ReadRange = async (from, length) => (from >= start ? tail.subarray(from - start, from - start + length) : read(from, length));
    return new ParquetFileReader(withTail, readFooter(tail, fileBytes));
  }

  /** The named columns of a row group, those the file lacks left out. Chunks that lie close are read in one request. */
  async readColumns(rowGroup: RowGroup, names: readonly string[]): Promise<RowGroupColumns> {
    const wanted = rowGroup.chunks.flatMap((chunk, i) =>
      names.includes(chunk.name) ? [{ chunk, column: this.metadata.columns[i] as SchemaColumn }] : [],
    );
    wanted.sort((a, b) => chunkStart(a.chunk) - chunkStart(b.chunk));
    const stored = new Map<string, StoredColumn>();
    for (const near of groupNear(wanted)) {
      const start = chunkStart((near[0] as Wanted).chunk);
      const end = Math.max(...near.map(({ chunk }) => chunkStart(chunk) + chunk.storedBytes));
      const bytes = await readExactly(this.read, start, end - start);
      for (const { chunk, column } of near) {
        const at = chunkStart(chunk) - start;
        stored.set(chunk.name, { chunk, column, bytes: bytes.subarray(at, at + chunk.storedBytes) });
      }
    }
    return new RowGroupColumns(stored);
  }
}

interface Wanted {
  readonly chunk: ColumnChunk;
  readonly column: SchemaColumn;
}

interface StoredColumn extends Wanted {
  readonly bytes: Uint8Array;
}

/** The bytes of some columns of a row group. Each is decoded when it is asked for. */
export class RowGroupColumns {
  private readonly stored: ReadonlyMap<string, StoredColumn>;

  constructor(stored: ReadonlyMap<string, StoredColumn>) {
    this.stored = stored;
  }

  /**
   * Undefined for a column that the file lacks. Numbers of the rows from `wantedRows` on may be left out.
   * @throws CorruptFileError, UnsupportedFileError
   */
  column(name: string, wantedRows = Infinity): ColumnValues | undefined {
    const stored = this.stored.get(name);
    return stored === undefined ? undefined : readColumn(stored.bytes, stored.chunk, stored.column, wantedRows);
  }
}

const groupNear = (wanted: readonly Wanted[]): readonly (readonly Wanted[])[] => {
  const groups: Wanted[][] = [];
  let end = -Infinity;
  for (const one of wanted) {
    const start = chunkStart(one.chunk);
    if (start - end > GAP_BYTES) groups.push([]);
    (groups.at(-1) as Wanted[]).push(one);
    end = Math.max(end, start + one.chunk.storedBytes);
  }
  return groups;
};

const readExactly = async (read: ReadRange, offset: number, length: number): Promise<Uint8Array> => {
  const bytes = await read(offset, length);
  if (bytes.length !== length) throw new CorruptFileError(`found ${bytes.length} bytes at ${offset}, ${length} announced`);
  return bytes;
};
