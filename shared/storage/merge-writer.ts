import { ParquetFileWriter } from '../parquet/file-writer.ts';
import { cutPages } from '../parquet/page-cuts.ts';
import { sampleTable, SORTED_BY } from '../parquet/schema.ts';
import { columnsOf } from './hot-columns.ts';
import { FILE_KEYS, FORMAT_VERSION } from './hot-object.ts';
import { MergeGroup } from './merge-group.ts';
import { type SeriesIndexObject, SeriesIndexWriter } from './series-index-writer.ts';
import { withoutHistograms } from './number-samples.ts';
import type { Segment } from './series-merge.ts';

/** A compacted file, and what its partition tells of it. */
export interface MergedFile {
  readonly bytes: Uint8Array;
  readonly rows: number;
  readonly minTMs: number; // inclusive
  readonly maxTMs: number; // inclusive
  readonly minMetric: string; // inclusive, UTF-8 byte order
  readonly maxMetric: string; // inclusive
  readonly seriesIndex: SeriesIndexObject;
}

export interface MergeWriterOptions {
  /** Labels with a column of their own, `schema.ts`. */
  readonly promotedLabels: readonly string[];
  /** The samples that can come in all, if that is few: spares memory. */
  readonly expectedRows?: number;
  readonly groupRows?: number;
  /** What goes into the file of the segments of a series. All of them where left out. */
  readonly keep?: (metric: string, labels: string, segments: Segment[]) => Segment[];
  /** Hears of every series as it is written, without its histograms; the arrays hold good during the call alone. */
  readonly onSeries?: (metric: string, labels: string, tMs: Float64Array, values: Float64Array, from: number, to: number) => void;
}

/** Jittered times of 300 hosts take 0.71 bytes a sample in groups of 4 M rows, 0.93 in groups of 1 M (reference, measured). */
export const GROUP_ROWS = 4_000_000;
/** A histogram takes as much as twenty samples and more: readers hold a row group in memory. */
const GROUP_HISTOGRAM_BYTES = 64 * 1024 * 1024;
/** Readers skip inside a row group by these, see `cutPages`. Smaller ones cost bytes for metrics of many series (measured, FORMAT.md). */
export const PAGE_ROWS = 65_536;
/** Level 1 misses the repeats of times, whose distance is beyond its window; above 3 nearly nothing is gained (measured). */
export const ZSTD_LEVEL = 3;

/** Writes one compacted file from series that come in the order of (metric, labels). */
export class MergeWriter {
  private readonly options: MergeWriterOptions;
  private readonly groupRows: number;
  private readonly group: MergeGroup;
  private readonly file: ParquetFileWriter;
  private readonly index: SeriesIndexWriter;
  private rows = 0;
  private minTMs = Infinity;
  private maxTMs = -Infinity;
  private minMetric: string | undefined;
  private maxMetric = '';

  constructor(options: MergeWriterOptions) {
    const { promotedLabels, groupRows = GROUP_ROWS, expectedRows = groupRows } = options;
    this.options = options;
    this.groupRows = groupRows;
    this.group = new MergeGroup(Math.min(groupRows, expectedRows));
    this.file = new ParquetFileWriter({ columns: sampleTable(promotedLabels), sortedBy: SORTED_BY, zstdLevel: ZSTD_LEVEL, hasPageIndex: true });
    this.index = new SeriesIndexWriter(promotedLabels);
  }

  /** Adds one series, of which no part came before. The segments are sorted in place. */
  series(metric: string, labels: string, all: Segment[]): void {
    const segments = this.options.keep?.(metric, labels, all) ?? all;
    let most = 0;
    for (const { start, end } of segments) most += end - start;
    if (most === 0) return;
    const { group } = this;
    // A series is never cut: an hour of one has at most 3.6 M times.
    if (group.rows > 0 && (group.rows + most > this.groupRows || group.histograms.heldBytes > GROUP_HISTOGRAM_BYTES)) this.flush();
    const from = group.append(metric, labels, segments, most);
    const firstTMs = group.tMs[from] as number;
    const lastTMs = group.tMs[group.rows - 1] as number;
    this.note(metric, firstTMs, lastTMs);
    this.index.add(metric, labels, group.rows - from, firstTMs, lastTMs);
    this.tell(metric, labels, from);
  }

  /** Undefined when no sample came. The writer is used up. */
  finish(): MergedFile | undefined {
    this.flush();
    const { rows, minTMs, maxTMs, minMetric, maxMetric } = this;
    if (minMetric === undefined) return undefined;
    const bytes = this.file.finish({
      [FILE_KEYS.formatVersion]: FORMAT_VERSION,
      [FILE_KEYS.minTMs]: String(minTMs),
      [FILE_KEYS.maxTMs]: String(maxTMs),
    });
    return { bytes, rows, minTMs, maxTMs, minMetric, maxMetric, seriesIndex: this.index.finish() };
  }

  private tell(metric: string, labels: string, first: number): void {
    const { onSeries } = this.options;
    if (onSeries === undefined) return;
    const { tMs, values, rows, histograms } = this.group;
    const numbers = withoutHistograms({ tMs, values, from: first, to: rows }, histograms.from(first));
    if (numbers.from < numbers.to) onSeries(metric, labels, numbers.tMs, numbers.values, numbers.from, numbers.to);
  }

  private note(metric: string, firstTMs: number, lastTMs: number): void {
    this.minTMs = Math.min(this.minTMs, firstTMs);
    this.maxTMs = Math.max(this.maxTMs, lastTMs);
    this.minMetric ??= metric;
    this.maxMetric = metric;
  }

  private flush(): void {
    const { group } = this;
    this.rows += group.rows;
    if (group.rows > 0) {
      const samples = group.samples();
      this.file.writeRowGroup(group.rows, columnsOf(samples, this.options.promotedLabels), cutPages(samples, PAGE_ROWS));
    }
    group.clear();
  }
}
