import { CorruptFileError } from '../parquet/errors.ts';
import type { KeepHead, ReadRange, RowGroupColumns } from '../parquet/file-reader.ts';
import type { RowGroup } from '../parquet/metadata.ts';
import { forEachRun, rowsOf } from '../parquet/runs.ts';
import type { ColumnValues, TextRuns } from '../parquet/column-values.ts';
import { type BucketColumns, newBuckets, type TierColumns } from '../tiers/bucket.ts';
import type { ObjectStore } from './object-store.ts';
import { bucketsOf, FILE_COLUMNS } from './tier-values.ts';
import { openFile, wantedGroups, type WantedRows } from './wanted-rows.ts';

/** Metrics, a time range (of the buckets' starts) and rows, all of them where left out. */
export interface WantedBuckets extends WantedRows {
  /** All columns where left out; the start comes always. The others are arrays without entries. */
  readonly columns?: readonly (keyof BucketColumns)[];
}

const ALL_COLUMNS = Object.keys(FILE_COLUMNS) as (keyof BucketColumns)[];

/** Rows `from` to `to` (exclusive) of the buckets read of a row group that are one series. */
interface Stretch {
  readonly metric: string;
  readonly labels: string;
  readonly buckets: BucketColumns;
  readonly from: number;
  readonly to: number;
}

/**
 * The wanted buckets of a file of `tierTable`. Of other columns than the wanted no byte is decoded.
 * @throws CorruptFileError, UnsupportedFileError
 */
export const readTier = async (read: ReadRange, fileBytes: number, want: WantedBuckets, keepHead?: KeepHead): Promise<TierColumns> => {
  const file = await openFile(read, fileBytes, keepHead);
  const columns = ALL_COLUMNS.filter((name) => name === 'startMs' || (want.columns ?? ALL_COLUMNS).includes(name));
  const stretches: Stretch[] = [];
  for await (const { rowGroup, ranges } of wantedGroups(file, want)) {
    const group = await file.readColumns(rowGroup, neededColumns(rowGroup, columns), ranges);
    for (const stretch of stretchesOf(group, want, columns)) stretches.push(stretch);
  }
  return joinStretches(stretches, columns);
};

/** A whole file, of which nothing but the starts and `columns` is read where these are given. @throws as {@link readTier}; MissingObjectError */
export const readTierFile = (objects: Pick<ObjectStore, 'get'>, { key, bytes }: { readonly key: string; readonly bytes: number }, columns?: WantedBuckets['columns']): Promise<TierColumns> =>
  readTier((offset, length) => objects.get(key, { offset, length }), bytes, { fromMs: -Infinity, toMs: Infinity, ...(columns === undefined ? {} : { columns }) });

/** Columns that are NULL throughout the row group need not be read. */
const neededColumns = ({ rows, chunks }: RowGroup, columns: readonly (keyof BucketColumns)[]): readonly string[] => {
  const needed = new Set(['metric', 'labels', ...columns.flatMap((name) => FILE_COLUMNS[name])]);
  return chunks.filter(({ name, statistics }) => needed.has(name) && statistics.nulls !== rows).map(({ name }) => name);
};

const stretchesOf = (group: RowGroupColumns, want: WantedBuckets, columns: readonly (keyof BucketColumns)[]): readonly Stretch[] => {
  const { rows } = group;
  const metric = requireTexts(group.column('metric'), 'metric', rows);
  const wanted: { readonly metric: string; readonly from: number; readonly to: number }[] = [];
  forEachRun(metric.runs, 0, rows, (id, from, to) => {
    const text = textOf(metric, id, 'metric');
    if (want.metrics === undefined || want.metrics.has(text)) wanted.push({ metric: text, from, to });
  });
  const first = wanted[0]?.from ?? 0;
  const end = wanted.at(-1)?.to ?? 0;
  if (first === end) return [];
  const labels = requireTexts(group.column('labels'), 'labels', rows);
  const buckets = bucketsOf(group, columns, first, end);
  return wanted.flatMap((range) => {
    const stretches: Stretch[] = [];
    forEachRun(labels.runs, range.from, range.to, (id, from, to) => {
      const stretch = withinTime({ metric: range.metric, labels: textOf(labels, id, 'labels'), buckets, from: from - first, to: to - first }, want);
      if (stretch.from < stretch.to) stretches.push(stretch);
    });
    return stretches;
  });
};

/** Starts of a series ascend, and mostly all of them or none are within. */
const withinTime = (stretch: Stretch, { fromMs, toMs }: WantedBuckets): Stretch => {
  const { startMs } = stretch.buckets;
  let { from, to } = stretch;
  while (from < to && (startMs[from] as number) < fromMs) from++;
  while (to > from && (startMs[to - 1] as number) > toMs) to--;
  return { ...stretch, from, to };
};

const joinStretches = (stretches: readonly Stretch[], columns: readonly (keyof BucketColumns)[]): TierColumns => {
  const metrics: string[] = [];
  const labels: string[] = [];
  const offsets: number[] = [];
  let rows = 0;
  for (const { metric, labels: json, from, to } of stretches) {
    if (metrics.at(-1) !== metric || labels.at(-1) !== json) {
      metrics.push(metric);
      labels.push(json);
      offsets.push(rows);
    }
    rows += to - from;
  }
  offsets.push(rows);
  const joined = newBuckets(rows);
  const none = newBuckets(0);
  for (const name of columns) {
    let at = 0;
    for (const { buckets, from, to } of stretches) {
      joined[name].set(buckets[name].subarray(from, to), at);
      at += to - from;
    }
  }
  const unread = Object.fromEntries(ALL_COLUMNS.filter((name) => !columns.includes(name)).map((name) => [name, none[name]]));
  return { metrics, labels, offsets: Uint32Array.from(offsets), ...joined, ...unread };
};

const requireTexts = (column: ColumnValues | undefined, name: string, rows: number): TextRuns => {
  if (column?.kind !== 'text-runs' || rowsOf(column.runs) !== rows) throw new CorruptFileError(`found no column "${name}" of texts in each of ${rows} rows`);
  return column;
};

const textOf = ({ dictionary }: TextRuns, id: number, name: string): string => {
  const text = dictionary[id];
  if (text === undefined) throw new CorruptFileError(`found a row without "${name}"`);
  return text;
};
