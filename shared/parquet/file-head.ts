import { CorruptFileError, UnsupportedFileError } from './errors.ts';
import type { ReadRange } from './file-reader.ts';
import { MAX_FOOTER_BYTES, MAX_PAGE_INDEX_BYTES } from './limits.ts';
import { type FileMetadata, MAGIC, type Span } from './metadata.ts';
import { readMetadata } from './metadata-reader.ts';
import { readRowGroupPages, type RowGroupPages } from './page-index-reader.ts';
import { readExactly } from './read-spans.ts';

/** Footer length and magic. */
const TRAILER_BYTES = 8;

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
  // A copy: bounds of chunks are kept as parts of it, and would keep the whole tail in memory.
  return readMetadata(tail.slice(tail.length - length, tail.length - TRAILER_BYTES), fileBytes - length);
};

/** What is known of a file before its rows are read. It never changes, so it may be kept under the file's key. */
export class FileHead {
  readonly metadata: FileMetadata;
  /** Of the footer and the page indexes in the file; in memory they take some times as much. */
  readonly storedBytes: number;
  private readonly indexSpan: Span | undefined;
  private pages: Promise<readonly RowGroupPages[]> | undefined;

  constructor(metadata: FileMetadata, footerLengthBytes: number) {
    this.metadata = metadata;
    this.indexSpan = indexSpanOf(metadata);
    this.storedBytes = footerLengthBytes + (this.indexSpan?.length ?? 0);
  }

  /**
   * The page indexes by row group, read once; empty ones where the file has none.
   * @throws CorruptFileError, UnsupportedFileError
   */
  async readPages(read: ReadRange): Promise<readonly RowGroupPages[]> {
    const reading = (this.pages ??= this.readIndexes(read));
    try {
      return await reading;
    } catch (error) {
      // What failed on the way may succeed the next time.
      if (this.pages === reading) this.pages = undefined;
      throw error;
    }
  }

  private async readIndexes(read: ReadRange): Promise<readonly RowGroupPages[]> {
    const { metadata, indexSpan } = this;
    if (indexSpan === undefined) return metadata.rowGroups.map(() => new Map());
    if (indexSpan.length > MAX_PAGE_INDEX_BYTES) {
      throw new UnsupportedFileError(`found page indexes over ${indexSpan.length} bytes, at most ${MAX_PAGE_INDEX_BYTES} are allowed`);
    }
    // A copy, for the same reason as the footer's.
    const bytes = (await readExactly(read, indexSpan.offset, indexSpan.length)).slice();
    const bytesAt = (offset: number, length: number): Uint8Array => bytes.subarray(offset - indexSpan.offset, offset - indexSpan.offset + length);
    return metadata.rowGroups.map((rowGroup) => readRowGroupPages(rowGroup, bytesAt));
  }
}

/** From the first to the last page index: they lie one after another (PageIndex.md). */
const indexSpanOf = ({ rowGroups }: FileMetadata): Span | undefined => {
  let start = Infinity;
  let end = 0;
  for (const { chunks } of rowGroups) {
    for (const { columnIndex, offsetIndex } of chunks) {
      for (const span of [columnIndex, offsetIndex]) {
        if (span === undefined) continue;
        start = Math.min(start, span.offset);
        end = Math.max(end, span.offset + span.length);
      }
    }
  }
  return end === 0 ? undefined : { offset: start, length: end - start };
};
