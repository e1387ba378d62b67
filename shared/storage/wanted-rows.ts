import { type KeepHead, ParquetFileReader, type ReadRange } from '../parquet/file-reader.ts';
import type { RowGroup } from '../parquet/metadata.ts';
import { mayHoldRows, type RowPredicate } from '../parquet/pruning.ts';
import { type FileRows, intersectRows, type RowRange, rowsByGroup } from '../parquet/row-ranges.ts';

export interface WantedRows extends RowPredicate {
  /** Where it is known which rows of the file can be of wanted series: only these are read, whatever the order. */
  readonly rows?: readonly FileRows[];
}

/** Hot files are hundreds of KB: one request for all of it costs less than a second one for what a first left out. */
const WHOLE_FILE_BYTES = 1 << 20;
const TAIL_BYTES = 64 * 1024;

/**
 * Opens a file of ours: a small one is read whole, and its head is not worth keeping.
 * @throws CorruptFileError, UnsupportedFileError
 */
export const openFile = (read: ReadRange, fileBytes: number, keepHead?: KeepHead): Promise<ParquetFileReader> =>
  fileBytes <= WHOLE_FILE_BYTES ? ParquetFileReader.open(read, fileBytes, fileBytes) : ParquetFileReader.open(read, fileBytes, TAIL_BYTES, keepHead);

/** Some rows of a row group, one at least. */
export interface GroupRows {
  readonly rowGroup: RowGroup;
  readonly ranges: readonly RowRange[];
}

/**
 * The rows that may fit, row group by row group, as far as statistics and page indexes tell.
 * @throws CorruptFileError, UnsupportedFileError
 */
export async function* wantedGroups(file: ParquetFileReader, want: WantedRows): AsyncGenerator<GroupRows> {
  const { rowGroups } = file.metadata;
  const told = want.rows === undefined ? undefined : rowsByGroup(want.rows, rowGroups);
  for (const [g, rowGroup] of rowGroups.entries()) {
    const rows = told?.[g];
    if (rows?.length === 0 || !mayHoldRows(rowGroup, want)) continue;
    const fitting = await file.rowsThatMayFit(rowGroup, want);
    const ranges = rows === undefined ? fitting : intersectRows(rows, fitting);
    if (ranges.length > 0) yield { rowGroup, ranges };
  }
}
