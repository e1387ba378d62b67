import { type HistogramColumn, HistogramList } from '../model/histogram-column.ts';
import { bitsOf } from '../model/stale.ts';
import type { SampleBatch } from '../model/sample-batch.ts';
import { compareUtf8 } from '../model/utf8.ts';
import { sortSeriesSamples } from './sample-order.ts';

/**
 * Samples of distinct series, sorted by (metric, labels, time) in UTF-8 byte order, each time once. Series k owns the samples
 * `offsets[k]` to `offsets[k + 1]` (exclusive).
 */
export interface SortedSamples {
  /** Distinct metrics and labels JSON in order; series refer to them by index. */
  readonly metrics: readonly string[];
  readonly labels: readonly string[];
  readonly metricOf: Int32Array;
  readonly labelsOf: Int32Array;
  readonly offsets: Uint32Array;
  readonly tMs: Float64Array;
  readonly values: Float64Array;
  /** Left out where there are none. */
  readonly histograms?: HistogramColumn | undefined;
}

/** The series of all batches one after another, by index of the sorted distinct texts. */
interface SeriesEntries {
  readonly metrics: readonly string[];
  readonly labels: readonly string[];
  readonly metricOf: Int32Array;
  readonly labelsOf: Int32Array;
  readonly batchOf: Uint32Array;
  readonly seriesInBatch: Uint32Array;
}

/** Sorts and merges: the result depends on the set of samples alone, not on their order, their batches or repetitions. */
export const sortSamples = (batches: readonly SampleBatch[]): SortedSamples => {
  const entries = listSeries(batches);
  const order = orderOf(entries);
  const samples = batches.reduce((sum, batch) => sum + batch.tMs.length, 0);
  const out = new SortedSeries(entries, samples);
  const bits = batches.map(({ values }) => bitsOf(values));
  for (const entry of order) {
    const b = entries.batchOf[entry] as number;
    const batch = batches[b] as SampleBatch;
    const k = entries.seriesInBatch[entry] as number;
    const from = batch.offsets[k] as number;
    const to = batch.offsets[k + 1] as number;
    if (to > from) out.append(entry, batch, bits[b] as Uint32Array, from, to);
  }
  return out.finish();
};

const listSeries = (batches: readonly SampleBatch[]): SeriesEntries => {
  const count = batches.reduce((sum, batch) => sum + batch.metrics.length, 0);
  const metricOf = new Int32Array(count);
  const labelsOf = new Int32Array(count);
  const batchOf = new Uint32Array(count);
  const seriesInBatch = new Uint32Array(count);
  const metrics = new TextIds();
  const labels = new TextIds();
  let entry = 0;
  batches.forEach((batch, b) => {
    for (let k = 0; k < batch.metrics.length; k++, entry++) {
      metricOf[entry] = metrics.idOf(batch.metrics[k] as string);
      labelsOf[entry] = labels.idOf(batch.labels[k] as string);
      batchOf[entry] = b;
      seriesInBatch[entry] = k;
    }
  });
  return { metrics: metrics.sortedBy(metricOf), labels: labels.sortedBy(labelsOf), metricOf, labelsOf, batchOf, seriesInBatch };
};

/** Distinct texts by number. */
class TextIds {
  private readonly ids = new Map<string, number>();
  private last = '';
  private lastId = -1;

  idOf(text: string): number {
    // Series of one sender share a string object, so this compares two addresses.
    if (text === this.last && this.lastId !== -1) return this.lastId;
    let id = this.ids.get(text);
    if (id === undefined) {
      id = this.ids.size;
      this.ids.set(text, id);
    }
    this.last = text;
    this.lastId = id;
    return id;
  }

  /** The texts in order; `ids` are replaced by the places in it. */
  sortedBy(ids: Int32Array): readonly string[] {
    const sorted = sortUtf8([...this.ids.keys()]);
    const rank = new Int32Array(sorted.length);
    sorted.forEach((text, place) => {
      rank[this.ids.get(text) as number] = place;
    });
    for (let i = 0; i < ids.length; i++) ids[i] = rank[ids[i] as number] as number;
    return sorted;
  }
}

const SURROGATE = /[\ud800-\udfff]/;

/** Without surrogates UTF-16 order is UTF-8 order, and the engine's own order of strings is 20 times as fast. */
const sortUtf8 = (texts: string[]): string[] => (texts.some((text) => SURROGATE.test(text)) ? texts.sort(compareUtf8) : texts.sort());

/** Entries sorted by metric, then labels: two stable passes of counting sort, the less significant first. */
const orderOf = (entries: SeriesEntries): Uint32Array => {
  const unsorted = new Uint32Array(entries.metricOf.length);
  for (let i = 0; i < unsorted.length; i++) unsorted[i] = i;
  return countingSort(countingSort(unsorted, entries.labelsOf, entries.labels.length), entries.metricOf, entries.metrics.length);
};

const countingSort = (order: Uint32Array, rankOf: Int32Array, ranks: number): Uint32Array => {
  const next = new Uint32Array(ranks + 1);
  for (const entry of order) (next[(rankOf[entry] as number) + 1] as number)++;
  for (let i = 0; i < ranks; i++) next[i + 1] = (next[i + 1] as number) + (next[i] as number);
  const sorted = new Uint32Array(order.length);
  for (const entry of order) sorted[(next[rankOf[entry] as number] as number)++] = entry;
  return sorted;
};

/** Takes series entries in order, joins those of one series, and puts each series' samples right. */
class SortedSeries {
  private readonly entries: SeriesEntries;
  private readonly metricOf: Int32Array;
  private readonly labelsOf: Int32Array;
  private readonly starts: Uint32Array;
  private readonly tMs: Float64Array;
  private readonly values: Float64Array;
  private readonly bits: Uint32Array;
  private readonly histograms = new HistogramList();
  private series = 0;
  private end = 0;
  /** Whether the open series' times ascend so far. */
  private ascends = true;

  constructor(entries: SeriesEntries, samples: number) {
    this.entries = entries;
    this.metricOf = new Int32Array(entries.metricOf.length);
    this.labelsOf = new Int32Array(entries.metricOf.length);
    this.starts = new Uint32Array(entries.metricOf.length + 1);
    this.tMs = new Float64Array(samples);
    this.values = new Float64Array(samples);
    this.bits = bitsOf(this.values);
  }

  append(entry: number, batch: SampleBatch, batchBits: Uint32Array, from: number, to: number): void {
    const metric = this.entries.metricOf[entry] as number;
    const labels = this.entries.labelsOf[entry] as number;
    const last = this.series - 1;
    if (last < 0 || this.metricOf[last] !== metric || this.labelsOf[last] !== labels) {
      this.close();
      this.metricOf[this.series] = metric;
      this.labelsOf[this.series] = labels;
      this.starts[this.series++] = this.end;
    }
    this.copy(batch, batchBits, from, to);
  }

  finish(): SortedSamples {
    this.close();
    this.starts[this.series] = this.end;
    const histograms = this.histograms.build();
    return {
      metrics: this.entries.metrics,
      labels: this.entries.labels,
      metricOf: this.metricOf.subarray(0, this.series),
      labelsOf: this.labelsOf.subarray(0, this.series),
      offsets: this.starts.subarray(0, this.series + 1),
      tMs: this.tMs.subarray(0, this.end),
      values: this.values.subarray(0, this.end),
      ...(histograms === undefined ? {} : { histograms }),
    };
  }

  private copy(batch: SampleBatch, batchBits: Uint32Array, from: number, to: number): void {
    const { tMs, bits } = this;
    const batchTMs = batch.tMs;
    if (batch.histograms !== undefined) this.histograms.addRange(batch.histograms, from, to, this.end);
    let at = this.end;
    let before = at > (this.starts[this.series - 1] as number) ? (tMs[at - 1] as number) : -Infinity;
    for (let i = from; i < to; i++, at++) {
      const t = batchTMs[i] as number;
      if (t <= before) this.ascends = false;
      before = t;
      tMs[at] = t;
      // By its halves: a NaN's payload need not survive an assignment of the number.
      bits[2 * at] = batchBits[2 * i] as number;
      bits[2 * at + 1] = batchBits[2 * i + 1] as number;
    }
    this.end = at;
  }

  /** Ends the open series: sorts it where times do not ascend, and keeps the first of each time. */
  private close(): void {
    if (!this.ascends) this.end = sortSeriesSamples(this.tMs, this.values, this.starts[this.series - 1] as number, this.end, this.histograms);
    this.ascends = true;
  }
}
