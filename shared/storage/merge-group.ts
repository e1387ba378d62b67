import { HistogramList } from '../model/histogram-column.ts';
import type { SortedSamples } from './hot-sort.ts';
import { mergeSegments, type Segment } from './series-merge.ts';

/** Grows a row group series by series, in the order of (metric, labels). Its memory is used again for the next. */
export class MergeGroup {
  /** Of the rows so far. A longer series than fits moves them to new memory. */
  tMs: Float64Array;
  values: Float64Array;
  rows = 0;
  /** By their rows. */
  readonly histograms = new HistogramList();
  private metrics: string[] = [];
  private readonly labelsIds = new Map<string, number>();
  private readonly metricOf: number[] = [];
  private readonly labelsOf: number[] = [];
  private readonly starts: number[] = [];

  constructor(capacityRows: number) {
    this.tMs = new Float64Array(Math.max(1, capacityRows));
    this.values = new Float64Array(Math.max(1, capacityRows));
  }

  /** Adds a series made of segments that may overlap in any way; `rows` is what they have in all. Returns its first row. */
  append(metric: string, labels: string, segments: Segment[], rows: number): number {
    this.reserve(rows);
    if (this.metrics.at(-1) !== metric) this.metrics.push(metric);
    this.metricOf.push(this.metrics.length - 1);
    let id = this.labelsIds.get(labels);
    if (id === undefined) {
      id = this.labelsIds.size;
      this.labelsIds.set(labels, id);
    }
    this.labelsOf.push(id);
    const start = this.rows;
    this.starts.push(start);
    this.rows = mergeSegments(segments, this.tMs, this.values, start, this.histograms);
    return start;
  }

  /** The group over its own memory: used up before anything more is added. */
  samples(): SortedSamples {
    return {
      metrics: this.metrics,
      labels: [...this.labelsIds.keys()],
      metricOf: Int32Array.from(this.metricOf),
      labelsOf: Int32Array.from(this.labelsOf),
      offsets: Uint32Array.from([...this.starts, this.rows]),
      tMs: this.tMs.subarray(0, this.rows),
      values: this.values.subarray(0, this.rows),
      histograms: this.histograms.build(),
    };
  }

  clear(): void {
    this.metrics = [];
    this.labelsIds.clear();
    this.metricOf.length = 0;
    this.labelsOf.length = 0;
    this.starts.length = 0;
    this.rows = 0;
    this.histograms.clear();
  }

  private reserve(rows: number): void {
    if (this.rows + rows <= this.tMs.length) return;
    const tMs = new Float64Array(this.rows + rows);
    tMs.set(this.tMs.subarray(0, this.rows));
    this.tMs = tMs;
    const values = new Float64Array(this.rows + rows);
    values.set(this.values.subarray(0, this.rows));
    this.values = values;
  }
}
