import { compareUtf8 } from '../model/utf8.ts';
import { type BucketColumns, newBuckets, type TierColumns } from './bucket.ts';

/** Rows `from` to `to` (exclusive) of one part. */
interface Stretch {
  readonly part: TierColumns;
  readonly from: number;
  readonly to: number;
}

/**
 * One tier out of several of which no two hold the same time of a series: the hours of a day, a coarse tier and the finer one
 * that goes on from it, or a day and hours in its gaps.
 * @throws RangeError where two parts hold a bucket of the same series and start.
 */
export const joinTiers = (parts: readonly TierColumns[]): TierColumns => {
  const metrics: string[] = [];
  const labels: string[] = [];
  const offsets: number[] = [0];
  const stretches: Stretch[] = [];
  const next = parts.map(() => 0);
  let rows = 0;
  for (let series = leastOf(parts, next); series !== undefined; series = leastOf(parts, next)) {
    for (const stretch of takeSeries(parts, next, series)) {
      rows += stretch.to - stretch.from;
      stretches.push(stretch);
    }
    metrics.push(series.metric);
    labels.push(series.labels);
    offsets.push(rows);
  }
  return { metrics, labels, offsets: Uint32Array.from(offsets), ...copyStretches(stretches, rows) };
};

interface SeriesName {
  readonly metric: string;
  readonly labels: string;
}

/** The first in order of the series that come next in each part. */
const leastOf = (parts: readonly TierColumns[], next: readonly number[]): SeriesName | undefined => {
  let least: SeriesName | undefined;
  parts.forEach(({ metrics, labels }, p) => {
    const metric = metrics[next[p] as number];
    const json = labels[next[p] as number];
    if (metric === undefined || json === undefined) return;
    if (least === undefined || (compareUtf8(metric, least.metric) || compareUtf8(json, least.labels)) < 0) least = { metric, labels: json };
  });
  return least;
};

/** The series' rows in all parts, in the order of time; it comes next in none of them afterwards. */
const takeSeries = (parts: readonly TierColumns[], next: number[], { metric, labels }: SeriesName): readonly Stretch[] => {
  const stretches: Stretch[] = [];
  parts.forEach((part, p) => {
    const k = next[p] as number;
    if (part.metrics[k] !== metric || part.labels[k] !== labels) return;
    next[p] = k + 1;
    const from = part.offsets[k] as number;
    const to = part.offsets[k + 1] as number;
    if (from < to) stretches.push({ part, from, to });
  });
  return inOrder(stretches, `${metric}${labels}`);
};

const startOf = ({ part, from }: Stretch): number => part.startMs[from] as number;

/** In the order of time. A stretch that reaches over the begin of another is cut there. */
const inOrder = (stretches: readonly Stretch[], series: string): readonly Stretch[] => {
  const left = [...stretches].sort((a, b) => startOf(a) - startOf(b));
  const ordered: Stretch[] = [];
  for (let first = left.shift(); first !== undefined; first = left.shift()) {
    const { part, from, to } = first;
    const endMs = left[0] === undefined ? Infinity : startOf(left[0]);
    let cut = (part.startMs[to - 1] as number) < endMs ? to : from;
    while (cut < to && (part.startMs[cut] as number) < endMs) cut++;
    if (cut < to && part.startMs[cut] === endMs) throw new RangeError(`join tiers of ${series}: found two parts with the bucket of ${endMs} ms, one is allowed`);
    ordered.push({ part, from, to: cut });
    if (cut < to) left.splice(placeFor(left, part.startMs[cut] as number), 0, { part, from: cut, to });
  }
  return ordered;
};

const placeFor = (sorted: readonly Stretch[], startMs: number): number => {
  const place = sorted.findIndex((stretch) => startOf(stretch) > startMs);
  return place === -1 ? sorted.length : place;
};

const copyStretches = (stretches: readonly Stretch[], rows: number): BucketColumns => {
  const joined = newBuckets(rows);
  for (const name of Object.keys(joined) as (keyof BucketColumns)[]) {
    let at = 0;
    for (const { part, from, to } of stretches) {
      joined[name].set(part[name].subarray(from, to), at);
      at += to - from;
    }
  }
  return joined;
};
