import { cutHistograms, type HistogramColumn, HistogramList } from '../model/histogram-column.ts';
import { compareUtf8 } from '../model/utf8.ts';
import { CorruptFileError } from '../parquet/errors.ts';
import type { KeepHead, ReadRange, RowGroupColumns } from '../parquet/file-reader.ts';
import type { KeptSpans } from '../parquet/kept-spans.ts';
import type { RowGroup } from '../parquet/metadata.ts';
import { forEachRun, rowsOf } from '../parquet/runs.ts';
import type { ColumnValues, TextRuns } from '../parquet/column-values.ts';
import { histogramsOf } from './histogram-rows.ts';
import { type ValueColumns, valuesOf } from './hot-values.ts';
import { firstAfter, firstNotBefore } from './time-search.ts';
import { openFile, wantedGroups, type WantedRows } from './wanted-rows.ts';

/**
 * Samples by series, sorted by (metric, labels, time) in UTF-8 byte order. Series k owns the samples `offsets[k]` to
 * `offsets[k + 1]` (exclusive); no series stands twice. Stale markers are values with their bits, `model/stale.ts`.
 */
export interface SampleColumns {
  readonly metrics: readonly string[];
  /** Canonical labels JSON of each series. */
  readonly labels: readonly string[];
  readonly offsets: Uint32Array;
  readonly tMs: Float64Array;
  readonly values: Float64Array;
  /** Left out where there are none. */
  readonly histograms?: HistogramColumn | undefined;
}

/** Metrics, a time range and rows, all of them where left out. */
export interface WantedSamples extends WantedRows {
  /** Whether a series of a wanted metric is wanted; all are where left out. */
  readonly matches?: (metric: string, labelsJson: string) => boolean;
}

const COLUMNS = ['metric', 'labels', 'ts', 'value', 'voff', 'vbase', 'vmul', 'vdiv', 'histogram'] as const;

/** Rows that are one series, counted among those that were read of a row group. */
interface Stretch {
  readonly metric: string;
  readonly labels: string;
  readonly from: number;
  readonly to: number; // exclusive
  readonly part: Part;
}

/** The decoded of these rows; `values` and the places of `histograms` begin with row `firstRow`. */
interface Part {
  readonly tMs: Float64Array;
  readonly values: Float64Array;
  readonly histograms: HistogramColumn | undefined;
  readonly firstRow: number;
}

/**
 * The wanted samples of a file of the sample table, hot or compacted.
 * @throws CorruptFileError, UnsupportedFileError
 */
export const readSamples = async (read: ReadRange, fileBytes: number, want: WantedSamples, keepHead?: KeepHead, kept?: KeptSpans): Promise<SampleColumns> => {
  const file = await openFile(read, fileBytes, keepHead, kept);
  const groups: SampleColumns[] = [];
  for await (const { rowGroup, ranges } of wantedGroups(file, want)) {
    const columns = await file.readColumns(rowGroup, neededColumns(rowGroup), ranges);
    // At once, so that of a large file one row group and what is wanted of the others is in memory.
    groups.push(joinStretches(stretchesOf(columns, want)));
  }
  const [only] = groups;
  if (only !== undefined && groups.length === 1) return only;
  // Within a row group the rows are sorted; a series may go on in the next group, or groups may be buckets of labels.
  const stretches = groups.flatMap(stretchesOfGroup);
  return joinStretches(stretches.sort((a, b) => compareUtf8(a.metric, b.metric) || compareUtf8(a.labels, b.labels) || firstTime(a) - firstTime(b)));
};

/**
 * The series of a file without their samples: `tMs` and `values` are empty. Reads the two columns that name them, and none of the
 * many times larger ones.
 * @throws CorruptFileError, UnsupportedFileError
 */
export const readSeries = async (read: ReadRange, fileBytes: number, keepHead?: KeepHead): Promise<SampleColumns> => {
  const file = await openFile(read, fileBytes, keepHead);
  const metrics: string[] = [];
  const labels: string[] = [];
  for (const rowGroup of file.metadata.rowGroups) {
    const columns = await file.readColumns(rowGroup, ['metric', 'labels']);
    const metric = requireTexts(columns.column('metric'), 'metric', rowGroup.rows);
    const json = requireTexts(columns.column('labels'), 'labels', rowGroup.rows);
    for (const range of rangesOf(metric, undefined)) {
      forEachRun(json.runs, range.from, range.to, (id) => {
        metrics.push(range.metric);
        labels.push(labelsAt(json, id));
      });
    }
  }
  return { metrics, labels, offsets: new Uint32Array(metrics.length + 1), tMs: new Float64Array(0), values: new Float64Array(0) };
};

const stretchesOfGroup = (group: SampleColumns): readonly Stretch[] => {
  const part: Part = { tMs: group.tMs, values: group.values, histograms: group.histograms, firstRow: 0 };
  return group.metrics.map((metric, k) => ({
    metric,
    labels: group.labels[k] as string,
    from: group.offsets[k] as number,
    to: group.offsets[k + 1] as number,
    part,
  }));
};

const firstTime = ({ part, from }: Stretch): number => part.tMs[from] as number;

/** Columns that are NULL throughout the row group need not be read. */
const neededColumns = ({ rows, chunks }: RowGroup): readonly string[] => {
  const allNull = chunks.filter(({ statistics }) => statistics.nulls === rows).map(({ name }) => name);
  return COLUMNS.filter((name) => !allNull.includes(name));
};

const stretchesOf = (columns: RowGroupColumns, want: WantedSamples): readonly Stretch[] => {
  const { rows } = columns;
  const metric = requireTexts(columns.column('metric'), 'metric', rows);
  const ranges = rangesOf(metric, want.metrics);
  if (ranges.length === 0) return [];
  const series = seriesOf(ranges, requireTexts(columns.column('labels'), 'labels', rows), want.matches);
  const [first] = series;
  const last = series.at(-1);
  if (first === undefined || last === undefined) return [];
  const tMs = timesOf(columns.column('ts', last.to), last.to);
  const values = valuesOf(readValueColumns(columns, last.to), first.from, last.to);
  const part: Part = { tMs, values, histograms: histogramsOf(columns.column('histogram', last.to), first.from, last.to), firstRow: first.from };
  const stretches: Stretch[] = [];
  for (const { metric: name, labels, from, to } of series) {
    const stretch = withinTime({ metric: name, labels, from, to, part }, want);
    if (stretch.from < stretch.to) stretches.push(stretch);
  }
  return stretches;
};

/** The rows of the wanted series, in order. */
const seriesOf = (ranges: readonly MetricRange[], labels: TextRuns, matches: WantedSamples['matches']): readonly Omit<Stretch, 'part'>[] => {
  const series: Omit<Stretch, 'part'>[] = [];
  for (const { metric, from: first, to: end } of ranges) {
    forEachRun(labels.runs, first, end, (id, from, to) => {
      const text = labelsAt(labels, id);
      if (matches === undefined || matches(metric, text)) series.push({ metric, labels: text, from, to });
    });
  }
  return series;
};

const labelsAt = ({ dictionary }: TextRuns, id: number): string => {
  const text = dictionary[id];
  if (text === undefined) throw new CorruptFileError('found a row without labels');
  return text;
};

interface MetricRange {
  readonly metric: string;
  readonly from: number;
  to: number; // exclusive
}

/** The rows of the wanted metrics, in order. */
const rangesOf = ({ dictionary, runs }: TextRuns, wanted: ReadonlySet<string> | undefined): readonly MetricRange[] => {
  const ranges: MetricRange[] = [];
  forEachRun(runs, 0, rowsOf(runs), (id, from, to) => {
    const metric = dictionary[id];
    if (metric === undefined) throw new CorruptFileError('found a row without a metric');
    if (wanted === undefined || wanted.has(metric)) ranges.push({ metric, from, to });
  });
  return ranges;
};

/** Times of a series ascend, and mostly all of them or none are within. */
const withinTime = (stretch: Stretch, { fromMs, toMs }: WantedSamples): Stretch => {
  const { tMs } = stretch.part;
  let { from, to } = stretch;
  if (from < to && (tMs[from] as number) < fromMs) from = firstNotBefore(tMs, from, to, fromMs);
  if (to > from && (tMs[to - 1] as number) > toMs) to = firstAfter(tMs, from, to, toMs);
  return from === stretch.from && to === stretch.to ? stretch : { ...stretch, from, to };
};

const joinStretches = (stretches: readonly Stretch[]): SampleColumns => {
  const metrics: string[] = [];
  const labels: string[] = [];
  const starts: number[] = [];
  let at = 0;
  for (const { metric, labels: json, from, to } of stretches) {
    if (metrics.at(-1) !== metric || labels.at(-1) !== json) {
      metrics.push(metric);
      labels.push(json);
      starts.push(at);
    }
    at += to - from;
  }
  starts.push(at);
  return { metrics, labels, offsets: Uint32Array.from(starts), ...samplesOf(neighbours(stretches), at) };
};

/** Rows of one part, which may be several series. */
type PartRows = Pick<Stretch, 'part' | 'from' | 'to'>;

/** Stretches that follow each other in a row group as one: mostly that is all of them. */
const neighbours = (stretches: readonly Stretch[]): readonly PartRows[] => {
  const joined: { readonly part: Part; readonly from: number; to: number }[] = [];
  for (const { part, from, to } of stretches) {
    const last = joined.at(-1);
    if (last?.part === part && last.to === from) last.to = to;
    else joined.push({ part, from, to });
  }
  return joined;
};

/** Copies of the rows; not of those that are most of the one part in which they are: its memory is as good. */
const samplesOf = (all: readonly PartRows[], rows: number): Pick<SampleColumns, 'tMs' | 'values' | 'histograms'> => {
  const [first] = all;
  if (first !== undefined && all.length === 1 && rows * 2 >= first.part.tMs.length) return viewOf(first);
  const tMs = new Float64Array(rows);
  const values = new Float64Array(rows);
  const list = new HistogramList();
  let at = 0;
  for (const view of all.map(viewOf)) {
    tMs.set(view.tMs, at);
    // Between arrays of one kind bytes are copied, so a NaN keeps its payload.
    values.set(view.values, at);
    list.addRange(view.histograms, 0, view.tMs.length, at);
    at += view.tMs.length;
  }
  return { tMs, values, histograms: list.build() };
};

const viewOf = ({ part, from, to }: PartRows): Pick<SampleColumns, 'tMs' | 'values' | 'histograms'> => {
  const [start, end] = [from - part.firstRow, to - part.firstRow];
  return { tMs: part.tMs.subarray(from, to), values: part.values.subarray(start, end), histograms: cutHistograms(part.histograms, start, end) };
};

const requireTexts = (column: ColumnValues | undefined, name: string, rows: number): TextRuns => {
  if (column?.kind !== 'text-runs' || rowsOf(column.runs) !== rows) throw new CorruptFileError(`found no column "${name}" of texts in each of ${rows} rows`);
  return column;
};

const timesOf = (column: ColumnValues | undefined, rows: number): Float64Array => {
  if (column?.kind !== 'numbers' || column.present !== undefined || column.values.length < rows) throw new CorruptFileError(`found no column "ts" with ${rows} times`);
  return column.values;
};

const readValueColumns = (columns: RowGroupColumns, rows: number): ValueColumns => ({
  value: columns.column('value', rows),
  voff: columns.column('voff', rows),
  vbase: columns.column('vbase'),
  vmul: columns.column('vmul'),
  vdiv: columns.column('vdiv'),
});
