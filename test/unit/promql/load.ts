import type { Histogram } from '../../../shared/histograms/histogram.ts';
import { parseDurationMs } from '../../../shared/model/duration.ts';
import { formatLabels, type Labels, labelValue } from '../../../shared/model/labels.ts';
import { compileMatcher } from '../../../shared/promql/matcher.ts';
import type { SelectSeries } from '../../../shared/promql/series-source.ts';
import { compareLabels, labelsKey } from '../../../shared/promql/step-vector.ts';
import { instantVector, type QueryValue } from '../../../shared/promql/query-result.ts';
import { formatValue } from '../../../shared/promql/number-text.ts';
import { formatNotation } from './histogram-notation.ts';
import { type Columns, noteToColumns, parseSeriesLine } from './series-notation.ts';

interface StoredSeries {
  readonly labels: Labels;
  tMs: Float64Array;
  values: Float64Array;
  histograms: Map<number, Histogram>;
  /** 0 where it is unknown. */
  startMs: Float64Array;
}

const concat = (a: Float64Array, b: Float64Array): Float64Array<ArrayBuffer> => {
  const bytes = new Uint8Array(a.byteLength + b.byteLength);
  bytes.set(new Uint8Array(a.buffer, a.byteOffset, a.byteLength));
  bytes.set(new Uint8Array(b.buffer, b.byteOffset, b.byteLength), a.byteLength);
  return new Float64Array(bytes.buffer);
};

/** Series in memory, for tests. */
export class MemorySeries {
  private readonly series: Map<string, StoredSeries> = new Map();

  clear(): void {
    this.series.clear();
  }

  /** Appends; samples at or before the last one are dropped. */
  add(labels: Labels, { tMs, values, histograms = new Map(), startMs = new Float64Array(tMs.length) }: Pick<Columns, 'tMs' | 'values'> & Partial<Columns>): void {
    const key = labelsKey(labels);
    const known = this.series.get(key);
    if (known === undefined) {
      this.series.set(key, { labels, tMs, values, histograms: new Map(histograms), startMs });
      return;
    }
    const last = known.tMs.at(-1) ?? -Infinity;
    const from = tMs.findIndex((t) => t > last);
    if (from === -1) return;
    const before = known.tMs.length;
    for (const [i, histogram] of histograms) if (i >= from) known.histograms.set(before + i - from, histogram);
    known.tMs = concat(known.tMs, tMs.subarray(from));
    known.values = concat(known.values, values.subarray(from));
    known.startMs = concat(known.startMs, startMs.subarray(from));
  }

  /** Lines of `name{l="v"} values`, one value per `step`, from 0 on. */
  load(step: string, text: string): this {
    const stepMs = parseDurationMs(step) as number;
    for (const line of text.split('\n').filter((candidate) => candidate.trim() !== '')) {
      const { labels, values } = parseSeriesLine(line);
      this.add(labels, noteToColumns(values, stepMs));
    }
    return this;
  }

  readonly select: SelectSeries = async ({ matchers, fromMs, toMs }) => {
    const predicates = matchers.map((matcher) => ({ name: matcher.name, matches: compileMatcher(matcher) }));
    const found = [...this.series.values()]
      .filter(({ labels }) => predicates.every(({ name, matches }) => matches(labelValue(labels, name))))
      .sort((a, b) => compareLabels(a.labels, b.labels));
    const cut = found.map(({ labels, tMs, values, histograms, startMs }) => {
      let from = 0;
      let to = tMs.length;
      while (from < to && (tMs[from] as number) < fromMs) from++;
      while (to > from && (tMs[to - 1] as number) > toMs) to--;
      const kept = [...histograms].filter(([i]) => i >= from && i < to).map(([i, histogram]): [number, Histogram] => [i - from, histogram]);
      return { labels, tMs: tMs.subarray(from, to), values: values.subarray(from, to), startMs: startMs.subarray(from, to), histograms: kept };
    });
    const offsets = new Uint32Array(cut.length + 1);
    cut.forEach(({ tMs }, i) => (offsets[i + 1] = (offsets[i] as number) + tMs.length));
    const histograms = new Map(cut.flatMap((one, k) => one.histograms.map(([i, histogram]): [number, Histogram] => [(offsets[k] as number) + i, histogram])));
    const startMs = cut.reduce<Float64Array>((all, one) => concat(all, one.startMs), new Float64Array(0));
    return {
      ...(startMs.some((start) => start !== 0) && { startMs }),
      ...(histograms.size > 0 && { histograms }),
      labels: cut.map(({ labels }) => labels),
      offsets,
      tMs: cut.reduce<Float64Array>((all, one) => concat(all, one.tMs), new Float64Array(0)),
      values: cut.reduce<Float64Array>((all, one) => concat(all, one.values), new Float64Array(0)),
    };
  };
}

export const load = (step: string, text: string): MemorySeries => new MemorySeries().load(step, text);

/** A result as readable lines: `{a="b"} 1` or, over a range, `{a="b"} 1@0 2@60000`. */
export const lines = (result: QueryValue): string[] => {
  if (result.type === 'string') return [JSON.stringify(result.value)];
  if (result.type === 'scalar') return [formatValue(result.value)];
  if (result.type === 'vector') return instantVector(result).map(({ labels, value, histogram }) => `${formatLabels(labels)} ${histogram === undefined ? formatValue(value) : formatNotation(histogram)}`);
  return result.series.map(
    ({ labels, tMs, values, histograms }) => {
      const floats = Array.from(values, (value, i) => `${formatValue(value)}@${tMs[i]}`);
      const others = (histograms?.histograms ?? []).map((histogram, i) => `${formatNotation(histogram)}@${histograms?.tMs[i]}`);
      return `${formatLabels(labels)} ${[...floats, ...others].join(' ')}`;
    },
  );
};
