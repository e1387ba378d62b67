import type { Labels } from '../model/labels.ts';
import { compareUtf8 } from '../model/utf8.ts';
import { PromqlLimitError } from '../promql/errors.ts';
import type { Matcher } from '../promql/matcher.ts';
import type { SelectRequest, SelectSeries, SeriesBlock } from '../promql/series-source.ts';
import { compareLabels } from '../promql/step-vector.ts';
import { makeSeriesMatcher, type SeriesMatcher } from './label-matching.ts';
import type { Piece } from './piece-cache.ts';
import { overCurrentFiles } from './sample-files.ts';
import { SamplePages } from './sample-pages.ts';
import { type FoundPiece, type PiecePorts, samplePieces, type SelectCounts, type WantedPieces } from './sample-pieces.ts';
import { mergeSegments, type Segment } from './series-merge.ts';
import { firstAfter, firstNotBefore } from './time-search.ts';

export interface SelectPorts extends PiecePorts {
  readonly limits: {
    /** Samples one selector may bring into memory: 16 bytes each. */
    readonly maxSamples: number;
  };
}

/** Prometheus' default for a whole query (`--query.max-samples`): 800 MB at 16 bytes. */
export const DEFAULT_MAX_SAMPLES = 50_000_000;

interface Found {
  readonly labels: Labels;
  readonly segments: Segment[];
}

interface TimeRange {
  readonly fromMs: number; // inclusive
  readonly toMs: number; // inclusive
}

/**
 * Series out of the hot and compacted files, read strongly consistent. Who shows a watermark reads it *before* this: then what it
 * promises is here, before, during and after a compaction. What was read is added to `counts`. Rejects with
 * {@link PromqlLimitError} past the sample limit.
 */
export const makeSelectSeries =
  (ports: SelectPorts, counts?: SelectCounts): SelectSeries =>
  (request) =>
    overCurrentFiles(() => selectOnce(ports, request, counts));

const selectOnce = async (ports: SelectPorts, { matchers, fromMs, toMs }: SelectRequest, counts: SelectCounts | undefined): Promise<SeriesBlock> => {
  const search = new SeriesSearch(makeSeriesMatcher(matchers, ports.check), { fromMs, toMs });
  const pages = new SamplePages();
  const { maxSamples } = ports.limits;
  let samples = 0;
  for await (const { piece } of samplePieces(ports, search.wanted(false), counts)) {
    search.visit(piece, ({ segments }, start, end) => {
      samples += end - start;
      if (samples > maxSamples) throw new PromqlLimitError('query processing would load too many samples into memory in query execution');
      segments.push(pages.copy(piece.tMs, piece.values, start, end));
    });
  }
  const block = blockOf(search.found());
  if (counts !== undefined) counts.samples += block.tMs.length;
  return block;
};

/** The label sets with a sample within the time range that match any of the selectors, sorted; all of them without selectors. */
export const seriesLabels = async (
  ports: PiecePorts,
  selectors: readonly (readonly Matcher[])[],
  fromMs: number,
  toMs: number,
  counts?: SelectCounts,
): Promise<readonly Labels[]> => {
  const all = new Map<string, Labels>();
  for (const matchers of selectors.length === 0 ? [[]] : selectors) {
    const found = await overCurrentFiles(() => findOnce(ports, matchers, { fromMs, toMs }, counts));
    for (const { labels } of found) all.set(JSON.stringify(labels), labels);
  }
  return [...all.values()].sort(compareLabels);
};

const findOnce = async (ports: PiecePorts, matchers: readonly Matcher[], range: TimeRange, counts: SelectCounts | undefined): Promise<readonly Found[]> => {
  const search = new SeriesSearch(makeSeriesMatcher(matchers, ports.check), range);
  for await (const found of samplePieces(ports, search.wanted(true), counts)) search.visitNames(found);
  return search.found();
};

/** The series that match, gathered piece by piece. */
class SeriesSearch {
  private readonly matcher: SeriesMatcher;
  private readonly range: TimeRange;
  private readonly byMetric = new Map<string, Map<string, Found | undefined>>();

  constructor(matcher: SeriesMatcher, range: TimeRange) {
    this.matcher = matcher;
    this.range = range;
  }

  wanted(isForNames: boolean): WantedPieces {
    const { matcher } = this;
    const matches = (metric: string, json: string): boolean => matcher.matchesMetric(metric) && matcher.labelsOf(metric, json) !== undefined;
    return { ...this.range, metric: matcher.metric, matches, isForNames };
  }

  /** `take` gets each match with its samples of the piece in the range: `start` to `end` (exclusive), one at least. */
  visit(piece: Piece, take: (found: Found, start: number, end: number) => void): void {
    for (const [metric, first, seriesEnd] of metricRuns(piece, this.matcher)) {
      const byLabels = this.byLabelsOf(metric);
      for (let k = first; k < seriesEnd; k++) {
        const [start, end] = within(piece, k, this.range);
        if (start === end) continue;
        const found = this.foundOf(byLabels, metric, piece.labels[k] as string);
        if (found !== undefined) take(found, start, end);
      }
    }
  }

  /** Finds the series with a sample in the range. */
  visitNames({ piece, isNamesAlone }: FoundPiece): void {
    if (!isNamesAlone) return this.visit(piece, () => undefined);
    for (const [metric, first, end] of metricRuns(piece, this.matcher)) {
      const byLabels = this.byLabelsOf(metric);
      for (let k = first; k < end; k++) this.foundOf(byLabels, metric, piece.labels[k] as string);
    }
  }

  found(): Found[] {
    return [...this.byMetric.values()].flatMap((byLabels) => [...byLabels.values()].filter((found) => found !== undefined));
  }

  private byLabelsOf(metric: string): Map<string, Found | undefined> {
    let byLabels = this.byMetric.get(metric);
    if (byLabels === undefined) this.byMetric.set(metric, (byLabels = new Map()));
    return byLabels;
  }

  private foundOf(byLabels: Map<string, Found | undefined>, metric: string, json: string): Found | undefined {
    let found = byLabels.get(json);
    if (found === undefined && !byLabels.has(json)) {
      const labels = this.matcher.labelsOf(metric, json);
      byLabels.set(json, (found = labels === undefined ? undefined : { labels, segments: [] }));
    }
    return found;
  }
}

/** The runs of series of one metric that can match: [metric, first series, end (exclusive)]. */
function* metricRuns(piece: Piece, matcher: SeriesMatcher): Generator<readonly [metric: string, first: number, end: number]> {
  const { metrics } = piece;
  for (let first = matcher.metric === undefined ? 0 : firstOf(metrics, matcher.metric); first < metrics.length; ) {
    const metric = metrics[first] as string;
    let end = first + 1;
    while (end < metrics.length && metrics[end] === metric) end++;
    if (matcher.matchesMetric(metric)) yield [metric, first, end];
    if (matcher.metric !== undefined) return;
    first = end;
  }
}

/** The first series whose metric is not below `metric`. */
const firstOf = (metrics: readonly string[], metric: string): number => {
  let low = 0;
  let high = metrics.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareUtf8(metrics[middle] as string, metric) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
};

const within = ({ offsets, tMs }: Piece, k: number, { fromMs, toMs }: TimeRange): readonly [start: number, end: number] => {
  let start = offsets[k] as number;
  let end = offsets[k + 1] as number;
  // Mostly all of them or none are within: files are cut by hour and by flush.
  if (start < end && (tMs[start] as number) < fromMs) start = firstNotBefore(tMs, start, end, fromMs);
  if (start < end && (tMs[end - 1] as number) > toMs) end = firstAfter(tMs, start, end, toMs);
  return [start, end];
};

const blockOf = (found: Found[]): SeriesBlock => {
  found.sort((a, b) => compareLabels(a.labels, b.labels));
  const most = found.reduce((sum, { segments }) => sum + segments.reduce((inner, { start, end }) => inner + end - start, 0), 0);
  const tMs = new Float64Array(most);
  const values = new Float64Array(most);
  const offsets = new Uint32Array(found.length + 1);
  let at = 0;
  found.forEach(({ segments }, k) => {
    at = mergeSegments(segments, tMs, values, at);
    offsets[k + 1] = at;
  });
  return { labels: found.map(({ labels }) => labels), offsets, tMs: tMs.subarray(0, at), values: values.subarray(0, at) };
};
