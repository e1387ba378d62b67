import { ByteWriter } from './byte-writer.ts';
import type { ColumnValues } from './column-values.ts';
import { writeChunk } from './column-writer.ts';
import { MAGIC } from './metadata.ts';
import { type WrittenRowGroup, writeFooter } from './metadata-writer.ts';
import { writeColumnIndex, writeOffsetIndex } from './page-index.ts';
import type { ColumnSpec } from './schema.ts';

export interface FileOptions {
  readonly columns: readonly ColumnSpec[];
  /** Names of the columns the rows are sorted by, ascending. */
  readonly sortedBy: readonly string[];
  /** 1 where files are small and soon merged, 3 where they stay; Trino refuses the windows of levels above 19. */
  readonly zstdLevel: number;
  /** Column and offset index, by which readers skip pages. */
  readonly hasPageIndex?: boolean;
}

/** Writes a Parquet file in memory, row group by row group. The same calls give the same bytes. */
export class ParquetFileWriter {
  private readonly options: FileOptions;
  private readonly out = new ByteWriter(1 << 18);
  private readonly scratch = new ByteWriter(1 << 16);
  private readonly rowGroups: WrittenRowGroup[] = [];

  constructor(options: FileOptions) {
    this.options = options;
    this.out.append(MAGIC);
  }

  /**
   * The values of all columns, in the order of the options' columns. Row groups without rows are not written. `pageEnds` are the
   * rows (exclusive) at which pages end, ascending to `rows`: one page unless told.
   */
  writeRowGroup(rows: number, values: readonly ColumnValues[], pageEnds: readonly number[] = [rows]): void {
    const { columns, zstdLevel } = this.options;
    if (values.length !== columns.length) {
      throw new RangeError(`write row group: found ${values.length} columns of values, the file has ${columns.length}`);
    }
    if (rows === 0) return;
    if (pageEnds.at(-1) !== rows || pageEnds.some((end, i) => end <= (pageEnds[i - 1] ?? 0))) {
      throw new RangeError(`write row group: found pages that end at row ${String(pageEnds.at(-1))}, they ascend to ${rows}`);
    }
    const chunks = columns.map((spec, i) =>
      writeChunk(this.out, this.scratch, spec, values[i] as ColumnValues, rows, { zstdLevel, pageEnds }),
    );
    this.rowGroups.push({ rows, chunks, indexes: [] });
  }

  /** The file. The writer is used up. */
  finish(keyValues: Readonly<Record<string, string>>): Uint8Array {
    const { out } = this;
    const { columns, sortedBy, hasPageIndex } = this.options;
    const rowGroups = hasPageIndex === true ? this.indexed() : this.rowGroups;
    const start = out.position;
    writeFooter(out, { columns, sortedBy, rowGroups, keyValues });
    out.uint32(out.position - start);
    out.append(MAGIC);
    return out.written();
  }

  /** All column indexes lie before all offset indexes, as the format advises (PageIndex.md). */
  private indexed(): readonly WrittenRowGroup[] {
    const columnIndexes = this.rowGroups.map(({ chunks }) => chunks.map((chunk) => writeColumnIndex(this.out, chunk)));
    return this.rowGroups.map((rowGroup, g) => ({
      ...rowGroup,
      indexes: rowGroup.chunks.map((chunk, c) => ({ column: columnIndexes[g]?.[c], offset: writeOffsetIndex(this.out, chunk) })),
    }));
  }
}
