import type { Labels } from '../model/labels.ts';
import { compareUtf8 } from '../model/utf8.ts';
import type { SeriesMatcher } from './label-matching.ts';
import type { Piece } from './piece-cache.ts';
import type { FoundPiece, WantedPieces } from './sample-pieces.ts';
import type { Segment } from './series-merge.ts';
import { firstAfter, firstNotBefore } from './time-search.ts';

/** A series that matches, and where its samples lie. */
export interface FoundSeries {
  readonly labels: Labels;
  readonly segments: Segment[];
}

export interface TimeRange {
  readonly fromMs: number; // inclusive
  readonly toMs: number; // inclusive
}

/** The series that match, gathered piece by piece. */
export class SeriesSearch {
  private readonly matcher: SeriesMatcher;
  private readonly range: TimeRange;
  private readonly byMetric = new Map<string, Map<string, FoundSeries | undefined>>();

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
  visit(piece: Piece, take: (found: FoundSeries, start: number, end: number) => void): void {
    for (const [metric, first, seriesEnd] of metricRuns(piece, this.matcher)) {
      this.visitRun(piece, metric, first, seriesEnd, take);
    }
  }

  private visitRun(piece: Piece, metric: string, first: number, seriesEnd: number, take: (found: FoundSeries, start: number, end: number) => void): void {
    const byLabels = this.byLabelsOf(metric);
    for (let k = first; k < seriesEnd; k++) {
      const { start, end } = within(piece, k, this.range);
      if (start === end) continue;
      const found = this.foundOf(byLabels, metric, piece.labels[k] as string);
      if (found !== undefined) take(found, start, end);
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

  found(): FoundSeries[] {
    return [...this.byMetric.values()].flatMap((byLabels) => [...byLabels.values()].filter((found) => found !== undefined));
  }

  private byLabelsOf(metric: string): Map<string, FoundSeries | undefined> {
    let byLabels = this.byMetric.get(metric);
    if (byLabels === undefined) this.byMetric.set(metric, (byLabels = new Map()));
    return byLabels;
  }

  private foundOf(byLabels: Map<string, FoundSeries | undefined>, metric: string, json: string): FoundSeries | undefined {
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

/** The samples of series `k` within the range: `start` to `end` (exclusive). */
export const within = ({ offsets, tMs }: Piece, k: number, { fromMs, toMs }: TimeRange): { readonly start: number; readonly end: number } => {
  let start = offsets[k] as number;
  let end = offsets[k + 1] as number;
  // Mostly all of them or none are within: files are cut by hour and by flush.
  if (start < end && (tMs[start] as number) < fromMs) start = firstNotBefore(tMs, start, end, fromMs);
  if (start < end && (tMs[end - 1] as number) > toMs) end = firstAfter(tMs, start, end, toMs);
  return { start, end };
};
