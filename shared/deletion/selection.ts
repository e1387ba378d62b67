import { bucketOf } from '../compaction/bucket.ts';
import type { Erasure } from '../compaction/write-buckets.ts';
import { labelsToJson, type Labels } from '../model/labels.ts';
import type { Matcher } from '../promql/matcher.ts';
import { makeSeriesMatcher, type SeriesMatcher } from '../storage/label-matching.ts';
import type { Segment } from '../storage/series-merge.ts';
import { firstNotBefore } from '../storage/time-search.ts';

/** The samples of a deletion. */
export interface Selection {
  /** All of them must match. */
  readonly matchers: readonly Matcher[];
  readonly fromMs: number; // inclusive
  readonly toMs: number; // exclusive
}

/** Whether a series is meant, by its metric and its labels JSON. */
export const seriesOf = ({ matchers }: Selection): ((metric: string, labels: string) => boolean) => {
  const matcher: SeriesMatcher = makeSeriesMatcher(matchers);
  return (metric, labels) => matcher.matchesMetric(metric) && matcher.labelsOf(metric, labels) !== undefined;
};

/** Leaves the samples of a selection out of a rewrite; `found` are the series of the hour that have some. */
export const erasureOf = (selection: Selection, found: readonly Labels[]): Erasure => {
  const isMeant = seriesOf(selection);
  return {
    bucketsOf: (buckets) => new Set(found.map((labels) => bucketOf(labelsToJson(labels), buckets))),
    keep: (metric, labels, segments) => (isMeant(metric, labels) ? segments.flatMap((segment) => outside(segment, selection)) : segments),
  };
};

const outside = (segment: Segment, { fromMs, toMs }: Selection): Segment[] => {
  const { tMs, start, end } = segment;
  const from = firstNotBefore(tMs, start, end, fromMs);
  const to = firstNotBefore(tMs, from, end, toMs);
  if (from === to) return [segment];
  return [
    { ...segment, end: from },
    { ...segment, start: to },
  ].filter((part) => part.start < part.end);
};
