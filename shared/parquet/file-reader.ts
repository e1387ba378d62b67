import type { ColumnValues } from './column-values.ts';
import { readColumn, readPages, type StoredPage } from './column-reader.ts';
import { FileHead, footerBytes, readFooter } from './file-head.ts';
import type { KeptSpans } from './kept-spans.ts';
import type { ColumnChunk, FileMetadata, RowGroup, SchemaColumn, Span } from './metadata.ts';
import { chunkStart } from './metadata-reader.ts';
import type { ChunkPages, PageLocation, RowGroupPages } from './page-index-reader.ts';
import { type RowPredicate, rowsThatMayFit } from './pruning.ts';
import { type BytesAt, readExactly, readSpans } from './read-spans.ts';
import { allRows, countRows, firstRows, type RowRange } from './row-ranges.ts';

/** A part of the file. It may be cut short only where the file ends. */
export type ReadRange = (offset: number, length: number) => Promise<Uint8Array>;

/** The first read from the end: footers and page indexes of most files lie within, and one request more costs more than these bytes. */
const TAIL_BYTES = 64 * 1024;

/** Gives the head of the file, kept from before or as `load` reads it. */
export type KeepHead = (load: () => Promise<FileHead>) => Promise<FileHead>;

/** An open file: its metadata, and its columns row group by row group. */
export class ParquetFileReader {
  readonly metadata: FileMetadata;
  private readonly read: ReadRange;
  private readonly head: FileHead;
  private readonly kept: KeptSpans | undefined;

  private constructor(read: ReadRange, head: FileHead, kept: KeptSpans | undefined) {
    this.read = read;
    this.head = head;
    this.kept = kept;
    this.metadata = head.metadata;
  }

  /**
   * Up to `tailBytes` are read first, from the end: with all of a small file in them, nothing more is read. With a head that was
   * kept nothing is read here. `kept` is given to one reader after the other, each of which is asked for later rows.
   */
  static async open(read: ReadRange, fileBytes: number, tailBytes = TAIL_BYTES, keepHead: KeepHead = (load) => load(), kept?: KeptSpans): Promise<ParquetFileReader> {
    let withTail = read;
    const head = await keepHead(async () => {
      const offset = Math.max(0, fileBytes - tailBytes);
      let tail = await readExactly(read, offset, fileBytes - offset);
      const needed = footerBytes(tail, fileBytes);
      if (needed > tail.length) tail = await readExactly(read, fileBytes - needed, needed);
      const start = fileBytes - tail.length;
      withTail = async (from, length) => (from >= start ? tail.subarray(from - start, from - start + length) : read(from, length));
      return new FileHead(readFooter(tail, fileBytes), needed);
    });
    return new ParquetFileReader(withTail, head, kept);
  }

  /** The rows of a row group that may fit, as far as its page index tells. @throws CorruptFileError, UnsupportedFileError */
  async rowsThatMayFit(rowGroup: RowGroup, predicate: RowPredicate): Promise<readonly RowRange[]> {
    const { metrics, fromMs, toMs } = predicate;
    if (metrics === undefined && fromMs === -Infinity && toMs === Infinity) return allRows(rowGroup.rows);
    return rowsThatMayFit(rowGroup, await this.pagesOf(rowGroup), predicate);
  }

  /**
   * The named columns of some rows of a row group (ranges that ascend; all unless told), those the file lacks left out. Of a
   * column with a page index only the pages with such rows are read; what lies close is read in one request.
   * @throws CorruptFileError, UnsupportedFileError
   */
  async readColumns(rowGroup: RowGroup, names: readonly string[], ranges: readonly RowRange[] = allRows(rowGroup.rows)): Promise<RowGroupColumns> {
    const pages = countRows(ranges) === rowGroup.rows ? undefined : await this.pagesOf(rowGroup);
    const wanted = new Set(names);
    const columns = rowGroup.chunks.flatMap((chunk, i) =>
      wanted.has(chunk.name) ? [wantedColumn(chunk, this.metadata.columns[i] as SchemaColumn, pages?.get(chunk.name), ranges)] : [],
    );
    const bytesAt = await this.readNew(rowGroup, columns, ranges.at(-1)?.to ?? 0);
    return new RowGroupColumns(new Map(columns.map((column) => [column.chunk.name, column])), bytesAt, ranges);
  }

  /** Reads what is not kept, and keeps what rows from `nextRow` on lie in. */
  private async readNew(rowGroup: RowGroup, columns: readonly WantedColumn[], nextRow: number): Promise<BytesAt> {
    const { kept, read } = this;
    const spans = columns.flatMap((column) => column.spans);
    if (kept === undefined) return readSpans(read, spans);
    const fromFile = await readSpans(read, spans.filter((span) => kept.bytesAt(rowGroup, span) === undefined));
    const held = new Map(spans.map((span) => [span.offset, kept.bytesAt(rowGroup, span) ?? fromFile(span.offset, span.length)]));
    const bytesAt: BytesAt = (offset, length) => (held.get(offset) as Uint8Array).subarray(0, length);
    kept.keep(rowGroup, nextRow < rowGroup.rows ? columns.flatMap((column) => spansFrom(column, nextRow)) : [], ({ offset, length }) => bytesAt(offset, length));
    return bytesAt;
  }

  private async pagesOf(rowGroup: RowGroup): Promise<RowGroupPages> {
    return (await this.head.readPages(this.read))[this.metadata.rowGroups.indexOf(rowGroup)] ?? new Map();
  }
}

interface WantedColumn {
  readonly chunk: ColumnChunk;
  readonly column: SchemaColumn;
  /** Undefined where the chunk is read whole. */
  readonly locations: readonly PageLocation[] | undefined;
  readonly spans: readonly Span[];
}

const wantedColumn = (chunk: ColumnChunk, column: SchemaColumn, pages: ChunkPages | undefined, ranges: readonly RowRange[]): WantedColumn => {
  if (pages === undefined) return { chunk, column, locations: undefined, spans: [{ offset: chunkStart(chunk), length: chunk.storedBytes }] };
  const locations = pagesWith(pages.locations, ranges);
  const spans = locations.map(({ offset, storedBytes }) => ({ offset, length: storedBytes }));
  const dictionary = dictionarySpan(chunk);
  return { chunk, column, locations, spans: dictionary === undefined ? spans : [dictionary, ...spans] };
};

const dictionarySpan = (chunk: ColumnChunk): Span | undefined => {
  const offset = chunkStart(chunk);
  return offset < chunk.pagesOffset ? { offset, length: chunk.pagesOffset - offset } : undefined;
};

/** What of a column is asked for again with rows from `nextRow` on. */
const spansFrom = ({ locations, spans }: WantedColumn, nextRow: number): readonly Span[] => {
  if (locations === undefined) return spans;
  const over = new Set(locations.filter(({ firstRow, rows }) => firstRow + rows <= nextRow).map(({ offset }) => offset));
  return spans.filter(({ offset }) => !over.has(offset));
};

/** The pages in which rows of the ranges lie. */
const pagesWith = (locations: readonly PageLocation[], ranges: readonly RowRange[]): readonly PageLocation[] => {
  let next = 0;
  return locations.filter(({ firstRow, rows }) => {
    while (next < ranges.length && (ranges[next] as RowRange).to <= firstRow) next++;
    return next < ranges.length && (ranges[next] as RowRange).from < firstRow + rows;
  });
};

/** The bytes of some columns and rows of a row group. Each column is decoded when it is asked for. */
export class RowGroupColumns {
  /** Rows that were asked for: those of the ranges, one after another. */
  readonly rows: number;
  private readonly columns: ReadonlyMap<string, WantedColumn>;
  private readonly bytesAt: BytesAt;
  private readonly ranges: readonly RowRange[];

  constructor(columns: ReadonlyMap<string, WantedColumn>, bytesAt: BytesAt, ranges: readonly RowRange[]) {
    this.columns = columns;
    this.bytesAt = bytesAt;
    this.ranges = ranges;
    this.rows = countRows(ranges);
  }

  /**
   * The first `wantedRows` of {@link rows}; undefined for a column that the file lacks.
   * @throws CorruptFileError, UnsupportedFileError
   */
  column(name: string, wantedRows = Infinity): ColumnValues | undefined {
    const wanted = this.columns.get(name);
    if (wanted === undefined) return undefined;
    const { chunk, column, locations } = wanted;
    const ranges = wantedRows < this.rows ? firstRows(this.ranges, wantedRows) : this.ranges;
    if (locations === undefined) return readColumn(this.bytesAt(chunkStart(chunk), chunk.storedBytes), chunk, column, ranges);
    const dictionary = dictionarySpan(chunk);
    const pages = pagesWith(locations, ranges).map(({ offset, storedBytes, firstRow, rows }): StoredPage => ({ bytes: this.bytesAt(offset, storedBytes), firstRow, rows }));
    return readPages(dictionary === undefined ? undefined : this.bytesAt(dictionary.offset, dictionary.length), pages, chunk, column, ranges);
  }
}
