import { type HistogramColumn, HistogramList } from '../model/histogram-column.ts';
import type { MetricMetadata, SampleBatch } from '../model/sample-batch.ts';
import { STALE_HIGH, STALE_LOW } from '../model/stale.ts';
import { BodyTooLargeError } from './body-too-large-error.ts';
import { checkHistogramCount, checkSampleCount } from './sample-count.ts';

/** One label set, whose text all of its series share. */
interface LabelSet {
  readonly json: string;
  readonly byMetric: Map<string, number>;
}

/** Characters of all label sets together. A histogram's point repeats its labels for every bucket, so a body may unfold. */
const LABEL_UNITS_MAX = 64 * 1024 * 1024;

/**
 * Gathers samples that come in any order and builds a batch in which every series stands once: formats of one sample per
 * line repeat a series with every scrape, and a frame of repeated series would be several times as large.
 */
export class SeriesCollector {
  private readonly byLabels = new Map<string, LabelSet>();
  private labelUnits = 0;
  private readonly metrics: string[] = [];
  private readonly labels: string[] = [];
  private readonly metadata = new Map<string, MetricMetadata>();
  /** By the order in which they came. */
  private readonly histograms = new Map<number, Uint8Array>();
  private seriesOf = new Uint32Array(256);
  private tMs = new Float64Array(256);
  private values = new Float64Array(256);
  private count = 0;

  get samples(): number {
    return this.count;
  }

  /** The number of a series, for {@link sample}. @throws BodyTooLargeError when the labels take too much memory. */
  series(metric: string, labelsJson: string): number {
    const set = this.byLabels.get(labelsJson) ?? this.newLabelSet(labelsJson);
    let series = set.byMetric.get(metric);
    if (series === undefined) {
      series = this.metrics.length;
      set.byMetric.set(metric, series);
      this.metrics.push(metric);
      this.labels.push(set.json);
    }
    return series;
  }

  /** @throws BodyTooLargeError */
  sample(series: number, tMs: number, value: number): void {
    if (this.count === this.tMs.length) this.grow();
    this.seriesOf[this.count] = series;
    this.tMs[this.count] = tMs;
    this.values[this.count++] = value;
  }

  /** A stale marker, by its bits: no number can carry them. */
  stale(series: number, tMs: number): void {
    this.sample(series, tMs, 0);
    const bits = new Uint32Array(this.values.buffer, 8 * (this.count - 1), 2);
    bits[0] = STALE_LOW;
    bits[1] = STALE_HIGH;
  }

  /** A histogram in its one form in bytes. @throws BodyTooLargeError */
  histogram(series: number, tMs: number, bytes: Uint8Array): void {
    checkHistogramCount('body', this.histograms.size + 1);
    this.histograms.set(this.count, bytes);
    this.stale(series, tMs);
  }

  /** The last description of a metric stands. */
  describe(metadata: MetricMetadata): void {
    this.metadata.set(metadata.metric, metadata);
  }

  build(): SampleBatch {
    const offsets = this.offsets();
    const next = offsets.slice();
    const tMs = new Float64Array(this.count);
    const values = new Float64Array(this.count);
    // Copied as 32-bit halves, which keeps every NaN as it came.
    const from = new Uint32Array(this.values.buffer);
    const to = new Uint32Array(values.buffer);
    const placed: [place: number, bytes: Uint8Array][] = [];
    for (let i = 0; i < this.count; i++) {
      const series = this.seriesOf[i] as number;
      const at = next[series] as number;
      next[series] = at + 1;
      tMs[at] = this.tMs[i] as number;
      to[2 * at] = from[2 * i] as number;
      to[2 * at + 1] = from[2 * i + 1] as number;
      const histogram = this.histograms.size === 0 ? undefined : this.histograms.get(i);
      if (histogram !== undefined) placed.push([at, histogram]);
    }
    return { metrics: this.metrics, labels: this.labels, offsets, tMs, values, ...columnOf(placed), metadata: [...this.metadata.values()] };
  }

  private newLabelSet(json: string): LabelSet {
    this.labelUnits += json.length;
    if (this.labelUnits > LABEL_UNITS_MAX) {
      throw new BodyTooLargeError('body', 'labels', `more than ${LABEL_UNITS_MAX} characters of labels, fewer series at once allowed`);
    }
    const set = { json, byMetric: new Map<string, number>() };
    this.byLabels.set(json, set);
    return set;
  }

  private offsets(): Uint32Array {
    const offsets = new Uint32Array(this.metrics.length + 1);
    for (let i = 0; i < this.count; i++) {
      const after = (this.seriesOf[i] as number) + 1;
      offsets[after] = (offsets[after] as number) + 1;
    }
    for (let k = 1; k < offsets.length; k++) offsets[k] = (offsets[k] as number) + (offsets[k - 1] as number);
    return offsets;
  }

  private grow(): void {
    checkSampleCount('body', this.count + 1);
    const capacity = 2 * this.tMs.length;
    const seriesOf = new Uint32Array(capacity);
    seriesOf.set(this.seriesOf);
    this.seriesOf = seriesOf;
    const tMs = new Float64Array(capacity);
    tMs.set(this.tMs);
    this.tMs = tMs;
    const values = new Float64Array(capacity);
    values.set(this.values);
    this.values = values;
  }
}

const columnOf = (placed: [place: number, bytes: Uint8Array][]): { readonly histograms?: HistogramColumn } => {
  const list = new HistogramList();
  for (const [place, bytes] of placed.sort(([a], [b]) => a - b)) list.add(place, bytes);
  const histograms = list.build();
  return histograms === undefined ? {} : { histograms };
};
