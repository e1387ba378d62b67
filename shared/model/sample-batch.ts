import { type HistogramColumn, HistogramList } from './histogram-column.ts';
import { STALE_HIGH, STALE_LOW } from './stale.ts';

/** Type, help and unit of a metric, as senders tell them. Empty strings where unknown. */
export interface MetricMetadata {
  readonly metric: string;
  /** counter, gauge, histogram, summary, info, stateset, gaugehistogram or unknown. */
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

/**
 * Samples by series, column by column. Series k owns the samples `offsets[k]` to `offsets[k + 1]` (exclusive).
 * A series may stand more than once in a batch; samples of a series need not be sorted.
 * Values are compared and copied by their bits: a stale marker is a NaN with a payload, see `stale.ts`.
 */
export interface SampleBatch {
  /** The metric name of each series: any non-empty UTF-8 text. */
  readonly metrics: readonly string[];
  /** Canonical labels JSON of each series (`labels.ts`). Series of one host share one string. */
  readonly labels: readonly string[];
  /** One more than there are series. */
  readonly offsets: Uint32Array;
  /** Unix milliseconds, integers. */
  readonly tMs: Float64Array;
  readonly values: Float64Array;
  /** Left out where there are none. */
  readonly histograms?: HistogramColumn | undefined;
  readonly metadata: readonly MetricMetadata[];
}

/** Grows a batch series by series: `series` opens one, `sample` adds to the one that is open. */
export class SampleBatchBuilder {
  private readonly metrics: string[] = [];
  private readonly labels: string[] = [];
  private readonly starts: number[] = [];
  private readonly metadata: MetricMetadata[] = [];
  private readonly histograms = new HistogramList();
  private tMs = new Float64Array(1024);
  private values = new Float64Array(1024);
  private valueBits = new Uint32Array(this.values.buffer);
  private count = 0;

  get samples(): number {
    return this.count;
  }

  series(metric: string, labelsJson: string): void {
    this.metrics.push(metric);
    this.labels.push(labelsJson);
    this.starts.push(this.count);
  }

  /** For numbers whose NaN payload does not matter. */
  sample(tMs: number, value: number): void {
    this.reserve();
    this.tMs[this.count] = tMs;
    this.values[this.count++] = value;
  }

  /** The value as the two little-endian halves of its IEEE 754 bits, so that a NaN payload survives. */
  sampleBits(tMs: number, low: number, high: number): void {
    this.reserve();
    this.tMs[this.count] = tMs;
    this.valueBits[2 * this.count] = low;
    this.valueBits[2 * this.count + 1] = high;
    this.count++;
  }

  /** A histogram in its one form in bytes. */
  histogram(tMs: number, bytes: Uint8Array): void {
    this.histograms.add(this.count, bytes);
    this.sampleBits(tMs, STALE_LOW, STALE_HIGH);
  }

  describe(metadata: MetricMetadata): void {
    this.metadata.push(metadata);
  }

  build(): SampleBatch {
    const offsets = new Uint32Array(this.starts.length + 1);
    offsets.set(this.starts);
    offsets[this.starts.length] = this.count;
    const histograms = this.histograms.build();
    return {
      metrics: this.metrics,
      labels: this.labels,
      offsets,
      tMs: this.tMs.subarray(0, this.count),
      values: this.values.subarray(0, this.count),
      ...(histograms === undefined ? {} : { histograms }),
      metadata: this.metadata,
    };
  }

  private reserve(): void {
    if (this.count < this.tMs.length) return;
    const tMs = new Float64Array(this.tMs.length * 2);
    tMs.set(this.tMs);
    this.tMs = tMs;
    const values = new Float64Array(this.values.length * 2);
    values.set(this.values);
    this.values = values;
    this.valueBits = new Uint32Array(values.buffer);
  }
}
