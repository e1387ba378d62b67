import type { TextRuns } from '../parquet/column-values.ts';
import { CorruptFileError, UnsupportedFileError } from '../parquet/errors.ts';
import { ParquetFileReader, type RowGroupColumns } from '../parquet/file-reader.ts';
import { forEachRun, rowsOf } from '../parquet/runs.ts';
import { type LabelSets, LabelSetsBuilder } from './label-sets.ts';

/**
 * The series of one compacted file in its order, which is (metric, labels). Series k has the rows `offsets[k]` to `offsets[k + 1]`
 * (exclusive) of the file.
 */
export interface SeriesIndex {
  /** Distinct metrics, and by series the place of its own. */
  readonly metrics: readonly string[];
  readonly metricOf: Int32Array;
  readonly sets: LabelSets;
  /** By series the place of its labels in `sets`. */
  readonly setOf: Int32Array;
  readonly offsets: Float64Array;
  /** Time of the first row; in tiers the start of the first bucket. */
  readonly minTMs: Float64Array; // inclusive
  readonly maxTMs: Float64Array; // inclusive
}

/** 50 times what a bucket of 100,000 label sets takes (2 MB, measured): who reads an index has all of it in memory. */
const MAX_STORED_BYTES = 100 << 20;
/** 20 times the series of a full bucket. */
const MAX_SERIES = 2_000_000;

/** @throws UnsupportedFileError for an index that is too large to be read. */
export const checkIndexSize = (bytes: number, series: number): void => {
  if (bytes > MAX_STORED_BYTES || series > MAX_SERIES) {
    throw new UnsupportedFileError(`found a series index of ${series} series in ${bytes} bytes, at most ${MAX_SERIES} in ${MAX_STORED_BYTES} are allowed`);
  }
};

const NUMBERS = ['first_row', 'rows', 'min_ts', 'max_ts'] as const;

/**
 * The series index in `bytes` of a file of `rows` rows: every row of the file belongs to one series.
 * @throws CorruptFileError, UnsupportedFileError
 */
export const readSeriesIndex = async (bytes: Uint8Array, rows: number): Promise<SeriesIndex> => {
  const file = await ParquetFileReader.open(async (offset, length) => bytes.subarray(offset, offset + length), bytes.length, bytes.length);
  const { rows: series, rowGroups } = file.metadata;
  checkIndexSize(bytes.length, series);
  const builder = new IndexBuilder(series);
  for (const rowGroup of rowGroups) builder.add(await file.readColumns(rowGroup, ['metric', 'labels', ...NUMBERS]), rowGroup.rows);
  return builder.finish(rows);
};

/** Joins the row groups of an index. */
class IndexBuilder {
  private readonly metrics = new Map<string, number>();
  private readonly sets = new LabelSetsBuilder();
  private readonly metricOf: Int32Array;
  private readonly setOf: Int32Array;
  private readonly offsets: Float64Array;
  private readonly minTMs: Float64Array;
  private readonly maxTMs: Float64Array;
  private at = 0;

  constructor(series: number) {
    this.metricOf = new Int32Array(series);
    this.setOf = new Int32Array(series);
    this.offsets = new Float64Array(series + 1);
    this.minTMs = new Float64Array(series);
    this.maxTMs = new Float64Array(series);
  }

  add(columns: RowGroupColumns, series: number): void {
    const { at } = this;
    if (at + series > this.setOf.length) throw new CorruptFileError(`found more than the ${this.setOf.length} series announced`);
    placesOf(requireTexts(columns, 'metric', series), this.metricOf, at, (metric) => {
      const place = this.metrics.get(metric) ?? this.metrics.size;
      this.metrics.set(metric, place);
      return place;
    });
    placesOf(requireTexts(columns, 'labels', series), this.setOf, at, (json) => this.sets.placeOf(json));
    const [firstRow, rows, minTMs, maxTMs] = NUMBERS.map((name) => requireNumbers(columns, name, series)) as [Float64Array, Float64Array, Float64Array, Float64Array];
    this.minTMs.set(minTMs, at);
    this.maxTMs.set(maxTMs, at);
    for (let k = 0; k < series; k++) {
      const first = firstRow[k] as number;
      if (first !== this.offsets[at + k] || !((rows[k] as number) > 0)) throw new CorruptFileError(`found a series at row ${first}, the one before ends at ${this.offsets[at + k]}`);
      this.offsets[at + k + 1] = first + (rows[k] as number);
    }
    this.at += series;
  }

  finish(rows: number): SeriesIndex {
    const { metricOf, setOf, offsets, minTMs, maxTMs } = this;
    if (this.at !== setOf.length || offsets[this.at] !== rows) {
      throw new CorruptFileError(`found an index of ${offsets[this.at]} rows and ${this.at} series, the file has ${rows} rows, ${setOf.length} series announced`);
    }
    return { metrics: [...this.metrics.keys()], metricOf, sets: this.sets.build(), setOf, offsets, minTMs, maxTMs };
  }
}

/** By row the place of its text. */
const placesOf = ({ dictionary, runs }: TextRuns, places: Int32Array, at: number, placeOf: (text: string) => number): void => {
  const placeOfId = Int32Array.from(dictionary, placeOf);
  forEachRun(runs, 0, rowsOf(runs), (id, from, to) => {
    if (id < 0) throw new CorruptFileError('found a series without metric or labels');
    places.fill(placeOfId[id] as number, at + from, at + to);
  });
};

const requireTexts = (columns: RowGroupColumns, name: string, rows: number): TextRuns => {
  const column = columns.column(name);
  if (column?.kind !== 'text-runs' || rowsOf(column.runs) !== rows) throw new CorruptFileError(`found no column "${name}" of texts in each of ${rows} rows`);
  return column;
};

const requireNumbers = (columns: RowGroupColumns, name: string, rows: number): Float64Array => {
  const column = columns.column(name);
  if (column?.kind !== 'numbers' || column.present !== undefined || column.values.length !== rows) throw new CorruptFileError(`found no column "${name}" with ${rows} numbers`);
  return column.values;
};

/** Memory of an index, about. */
export const bytesOfIndex = ({ metrics, setOf, sets }: SeriesIndex): number => setOf.length * 32 + metrics.length * 60 + sets.heapBytes + 500;
