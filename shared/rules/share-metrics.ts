import type { Histogram } from '../histograms/histogram.ts';
import { METRIC_NAME, labelValue } from '../model/labels.ts';
import { compileMatcher } from '../promql/matcher.ts';
import { PromqlLimitError } from '../promql/errors.ts';
import type { Matcher } from '../promql/matcher.ts';
import type { SelectSeries, SeriesBlock } from '../promql/series-source.ts';

/** Requests for a metric from which on it is read as a whole: before, a rule may want one series of a million. */
const SHARED_FROM = 3;

/** Samples that are held for one tick: 16 bytes each. A metric beyond it is read for each rule. */
const MAX_SAMPLES = 10_000_000;

interface SharedMetric {
  requests: number;
  /** The widest times asked for. */
  fromMs: number;
  toMs: number;
  /** What is held, or is being read; undefined inside where it would be too much. */
  held: { readonly fromMs: number; readonly toMs: number; readonly block: Promise<HeldBlock | undefined> } | undefined;
}

/**
 * `select` for the rules of one tick, which ask for the same metrics with other labels: a metric that several ask for is read once,
 * and found by its labels from then on.
 */
export const shareMetrics = (select: SelectSeries): SelectSeries => {
  const metrics = new Map<string, SharedMetric>();
  let room = MAX_SAMPLES;
  const load = async (name: Matcher, fromMs: number, toMs: number): Promise<HeldBlock | undefined> => {
    try {
      const block = await select({ matchers: [name], fromMs, toMs });
      if (block.tMs.length > room) return undefined;
      room -= block.tMs.length;
      return new HeldBlock(block);
    } catch (error) {
      // Too much as a whole; what a rule wants of it may not be.
      if (error instanceof PromqlLimitError) return undefined;
      throw error;
    }
  };
  return async (request) => {
    const name = request.matchers.find((matcher) => matcher.name === METRIC_NAME && matcher.op === '=');
    if (name === undefined) return select(request);
    const metric = metrics.get(name.value) ?? { requests: 0, fromMs: Infinity, toMs: -Infinity, held: undefined };
    metrics.set(name.value, metric);
    metric.fromMs = Math.min(metric.fromMs, request.fromMs);
    metric.toMs = Math.max(metric.toMs, request.toMs);
    if (++metric.requests < SHARED_FROM) return select(request);
    if (metric.held === undefined || metric.held.fromMs > metric.fromMs || metric.held.toMs < metric.toMs) {
      metric.held = { fromMs: metric.fromMs, toMs: metric.toMs, block: load(name, metric.fromMs, metric.toMs) };
    }
    const held = await metric.held.block;
    return held === undefined ? select(request) : held.find(request.matchers);
  };
};

/** All series of a metric, found by their labels. */
class HeldBlock {
  private readonly block: SeriesBlock;
  /** Series by the values of a label, for labels that were asked for. */
  private readonly byLabel = new Map<string, ReadonlyMap<string, readonly number[]>>();

  constructor(block: SeriesBlock) {
    this.block = block;
  }

  find(matchers: readonly Matcher[]): SeriesBlock {
    let rows: readonly number[] | undefined;
    const others: { readonly name: string; readonly matches: (value: string) => boolean }[] = [];
    for (const matcher of matchers) {
      if (matcher.name === METRIC_NAME && matcher.op === '=') continue;
      const found = matcher.op === '=' ? (this.rowsBy(matcher.name).get(matcher.value) ?? []) : undefined;
      if (found !== undefined && (rows === undefined || found.length < rows.length)) rows = found;
      others.push({ name: matcher.name, matches: compileMatcher(matcher) });
    }
    if (rows === undefined && others.length === 0) return this.block;
    const { labels } = this.block;
    const candidates = rows ?? Array.from(labels.keys());
    return rowsOf(
      this.block,
      candidates.filter((row) => others.every(({ name, matches }) => matches(labelValue(labels[row] as SeriesBlock['labels'][number], name)))),
    );
  }

  private rowsBy(name: string): ReadonlyMap<string, readonly number[]> {
    const known = this.byLabel.get(name);
    if (known !== undefined) return known;
    const rows = new Map<string, number[]>();
    this.block.labels.forEach((labels, row) => {
      const value = labelValue(labels, name);
      const list = rows.get(value);
      if (list === undefined) rows.set(value, [row]);
      else list.push(row);
    });
    this.byLabel.set(name, rows);
    return rows;
  }
}

/** Some series of a block, in its order. */
const rowsOf = (block: SeriesBlock, rows: readonly number[]): SeriesBlock => {
  const offsets = new Uint32Array(rows.length + 1);
  rows.forEach((row, k) => (offsets[k + 1] = (offsets[k] as number) + (block.offsets[row + 1] as number) - (block.offsets[row] as number)));
  const count = offsets[rows.length] as number;
  const tMs = new Float64Array(count);
  const values = new Float64Array(count);
  const startMs = block.startMs === undefined ? undefined : new Float64Array(count);
  const histograms = new Map<number, Histogram>();
  rows.forEach((row, k) => {
    const [from, to, at] = [block.offsets[row] as number, block.offsets[row + 1] as number, offsets[k] as number];
    tMs.set(block.tMs.subarray(from, to), at);
    values.set(block.values.subarray(from, to), at); // as bytes: a stale marker stays one
    if (block.startMs !== undefined) startMs?.set(block.startMs.subarray(from, to), at);
    if (block.histograms === undefined) return;
    for (let i = from; i < to; i++) {
      const histogram = block.histograms.get(i);
      if (histogram !== undefined) histograms.set(at + i - from, histogram);
    }
  });
  return { labels: rows.map((row) => block.labels[row] as SeriesBlock['labels'][number]), offsets, tMs, values, ...(startMs && { startMs }), ...(histograms.size > 0 && { histograms }) };
};
