import { type KeepHead, ParquetFileReader, type ReadRange } from '../parquet/file-reader.ts';
import type { KeptSpans } from '../parquet/kept-spans.ts';
import type { RowGroup } from '../parquet/metadata.ts';
import { mayHoldRows, type RowPredicate } from '../parquet/pruning.ts';
import { type FileRows, intersectRows, type RowRange, rowsByGroup } from '../parquet/row-ranges.ts';

export interface WantedRows extends RowPredicate {
  /** Where it is known which rows of the file can be of wanted series: only these are read, whatever the order. */
  readonly rows?: readonly FileRows[];
}

/** Hot files are hundreds of KB: one request for all of it costs less than a second one for what a first left out. */
const WHOLE_FILE_BYTES = 1 << 20;
/** Page indexes and footer are a five-hundredth of a file of metrics of 1,000 series and more; what does not lie within is read by itself. */
const TAIL_SHARE = 1 / 300;
const TAIL_MIN_BYTES = 8 * 1024;
const TAIL_MAX_BYTES = 64 * 1024;

const tailBytesOf = (fileBytes: number): number => Math.min(TAIL_MAX_BYTES, Math.max(TAIL_MIN_BYTES, Math.ceil(fileBytes * TAIL_SHARE)));

/**
 * Opens a file of ours: a small one is read whole, and its head is not worth keeping, unless it is read some rows after others.
 * @throws CorruptFileError, UnsupportedFileError
 */
export const openFile = (read: ReadRange, fileBytes: number, keepHead?: KeepHead, kept?: KeptSpans): Promise<ParquetFileReader> =>
  fileBytes <= WHOLE_FILE_BYTES && kept === undefined ? ParquetFileReader.open(read, fileBytes, fileBytes) : ParquetFileReader.open(read, fileBytes, tailBytesOf(fileBytes), keepHead, kept);

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
