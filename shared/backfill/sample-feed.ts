import type { MetricMetadata, SampleBatch } from '../model/sample-batch.ts';
import { SeriesCollector } from '../protocols/series-collector.ts';
import type { SeriesIdentity } from '../protocols/series-identity.ts';

/**
 * A piece ends with the sample that brings it to one of these. A million samples are the most that a frame holds, and each piece
 * makes an object for every hour it has samples of; a hundred thousand series have some 10 MB of labels.
 */
const PIECE_SAMPLES = 1_000_000;
const PIECE_SERIES = 100_000;
const PIECE_LABEL_UNITS = 8 * 1024 * 1024;

/** As many as the catalog keeps descriptions of, and as much of each text. */
const DESCRIBED_MAX = 50_000;
const TEXT_UNITS = 1024;

/** Gathers the samples of all files into pieces, in their order: the same files give the same pieces. */
export class SampleFeed {
  samples = 0;
  private collector = new SeriesCollector();
  private labelUnits = 0;
  private series = 0;
  private readonly described = new Map<string, MetricMetadata>();
  private readonly full: SampleBatch[] = [];
  private readonly pieceSamples: number;

  constructor(pieceSamples = PIECE_SAMPLES) {
    this.pieceSamples = pieceSamples;
  }

  sample({ metric, labelsJson }: SeriesIdentity, tMs: number, value: number): void {
    this.collector.sample(this.seriesOf(metric, labelsJson), tMs, value);
    this.counted();
  }

  stale({ metric, labelsJson }: SeriesIdentity, tMs: number): void {
    this.collector.stale(this.seriesOf(metric, labelsJson), tMs);
    this.counted();
  }

  /** What is said of a metric, a part at a time. */
  describe(metric: string, part: 'type' | 'help' | 'unit', text: string): void {
    const before = this.described.get(metric);
    if (metric.length > TEXT_UNITS || (before === undefined && this.described.size >= DESCRIBED_MAX)) return;
    const about = { metric, type: 'unknown', help: '', unit: '', ...before, [part]: text.slice(0, TEXT_UNITS).toWellFormed() };
    this.described.set(metric, about);
    this.collector.describe(about);
  }

  /** The next piece that is full. */
  next(): SampleBatch | undefined {
    return this.full.shift();
  }

  /** What is left at the end of all files. */
  last(): SampleBatch | undefined {
    if (this.collector.samples > 0) this.cut();
    return this.full.shift();
  }

  private seriesOf(metric: string, labelsJson: string): number {
    const k = this.collector.series(metric, labelsJson);
    if (k === this.series) {
      this.series++;
      this.labelUnits += metric.length + labelsJson.length;
    }
    return k;
  }

  private counted(): void {
    this.samples++;
    if (this.collector.samples >= this.pieceSamples || this.series >= PIECE_SERIES || this.labelUnits >= PIECE_LABEL_UNITS) this.cut();
  }

  private cut(): void {
    this.full.push(this.collector.build());
    this.collector = new SeriesCollector();
    this.labelUnits = 0;
    this.series = 0;
  }
}
