import type { Blobs, Numbers, TextRuns } from '../parquet/column-values.ts';
import { ParquetFileWriter } from '../parquet/file-writer.ts';
import { SERIES_SORTED_BY, seriesTable } from '../parquet/schema.ts';
import { type RowsOfSeries, seriesColumns } from './hot-columns.ts';
import { FILE_KEYS, FORMAT_VERSION } from './hot-object.ts';

/** The series index of a compacted file. */
export interface SeriesIndexObject {
  readonly bytes: Uint8Array;
  readonly series: number;
}

/** Bounds what is in memory beside the bytes: 100,000 label sets of 250 bytes are 25 MB. A bucket has about as many. */
const GROUP_SERIES = 131_072;

/** As of the compacted files they lie beside. */
const ZSTD_LEVEL = 3;

/** Grows the series index of one file while that is written: series come in its order, which is (metric, labels). */
export class SeriesIndexWriter {
  private readonly promotedLabels: readonly string[];
  private readonly groupSeries: number;
  private readonly file: ParquetFileWriter;
  private readonly metrics = new DistinctTexts();
  private readonly labels = new DistinctTexts();
  private readonly numbers = { firstRow: [] as number[], rows: [] as number[], minTMs: [] as number[], maxTMs: [] as number[] };
  private series = 0;
  private nextRow = 0;

  /** @throws RangeError for promoted labels that cannot be columns. */
  constructor(promotedLabels: readonly string[], groupSeries = GROUP_SERIES) {
    this.promotedLabels = promotedLabels;
    this.groupSeries = groupSeries;
    this.file = new ParquetFileWriter({ columns: seriesTable(promotedLabels), sortedBy: SERIES_SORTED_BY, zstdLevel: ZSTD_LEVEL });
  }

  /** The next series of the file, with at least one row. */
  add(metric: string, labels: string, rows: number, minTMs: number, maxTMs: number): void {
    const { numbers } = this;
    this.metrics.add(metric);
    this.labels.add(labels);
    numbers.firstRow.push(this.nextRow);
    numbers.rows.push(rows);
    numbers.minTMs.push(minTMs);
    numbers.maxTMs.push(maxTMs);
    this.nextRow += rows;
    if (numbers.rows.length === this.groupSeries) this.flush();
  }

  /** The writer is used up. */
  finish(): SeriesIndexObject {
    this.flush();
    return { bytes: this.file.finish({ [FILE_KEYS.formatVersion]: FORMAT_VERSION }), series: this.series };
  }

  private flush(): void {
    const { metrics, labels, numbers } = this;
    const series = numbers.rows.length;
    if (series === 0) return;
    const of: RowsOfSeries = {
      metrics: metrics.texts(),
      labels: labels.texts(),
      metricOf: metrics.ids(),
      labelsOf: labels.ids(),
      offsets: Uint32Array.from({ length: series + 1 }, (_, k) => k),
    };
    const [metric, json, ...promoted] = seriesColumns(of, this.promotedLabels) as readonly [TextRuns, TextRuns, ...TextRuns[]];
    const { firstRow, rows, minTMs, maxTMs } = numbers;
    this.file.writeRowGroup(series, [metric, labelsColumn(json, of), ...promoted, ...[firstRow, rows, minTMs, maxTMs].map(numbersOf)]);
    this.series += series;
    metrics.clear();
    labels.clear();
    for (const list of Object.values(numbers)) list.length = 0;
  }
}

const numbersOf = (values: readonly number[]): Numbers => ({ kind: 'numbers', values: Float64Array.from(values), present: undefined });

/** Where most label sets stand once, a dictionary would only add their numbers. */
const labelsColumn = (runs: TextRuns, { labels, labelsOf }: RowsOfSeries): TextRuns | Blobs => {
  if (labels.length * 2 <= labelsOf.length) return runs;
  return { kind: 'blobs', values: Array.from(labelsOf, (id) => Buffer.from(labels[id] as string)), present: undefined };
};

/** Texts by series, each of them kept once. */
class DistinctTexts {
  private readonly idOfText = new Map<string, number>();
  private readonly idOfSeries: number[] = [];

  add(text: string): void {
    let id = this.idOfText.get(text);
    if (id === undefined) {
      id = this.idOfText.size;
      this.idOfText.set(text, id);
    }
    this.idOfSeries.push(id);
  }

  texts(): readonly string[] {
    return [...this.idOfText.keys()];
  }

  ids(): Int32Array {
    return Int32Array.from(this.idOfSeries);
  }

  clear(): void {
    this.idOfText.clear();
    this.idOfSeries.length = 0;
  }
}
