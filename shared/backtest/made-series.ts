import { PermanentError } from '../errors.ts';
import { METRIC_NAME, labelValue } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import { compileMatcher } from '../promql/matcher.ts';
import type { SelectRequest, SeriesBlock } from '../promql/series-source.ts';
import { compareLabels, labelsKey } from '../promql/step-vector.ts';
import { pointBlock } from '../rules/point-block.ts';
import type { PointValue } from '../rules/point-block.ts';
import type { SlotSeries } from '../rules/slot-frames.ts';

/** A slot of a group, and when it is evaluated: groups with a query offset come later. */
export interface SlotPlace {
  readonly groupId: string;
  readonly slotMs: number;
  readonly dueMs: number;
}

interface MadePoint {
  readonly groupId: string;
  /** Of the slot. */
  readonly tMs: number;
  readonly dueMs: number;
  readonly value: PointValue;
}

interface OneSeries {
  readonly labels: Labels;
  /** Ascending in time. */
  points: MadePoint[];
}

/** Held at once: 80 bytes each, and those of a histogram's buckets. */
const MAX_POINTS = 10_000_000;
const BUCKETS_OF_POINT = 6;

/** How many points of numbers take the memory of one. */
const weightOf = ({ value }: MadePoint): number => (typeof value === 'object' ? 5 + Math.ceil((value.positive.counts.length + value.negative.counts.length + (value.customBounds?.length ?? 0)) / BUCKETS_OF_POINT) : 1);

/** What rules make while they are tried: seen by their own group at once, and by other groups in later ticks. */
export class MadeSeries {
  private readonly byMetric = new Map<string, Map<string, OneSeries>>();
  private points = 0;

  /** @throws PermanentError where it would be more than the memory is for. */
  add({ groupId, slotMs, dueMs }: SlotPlace, { samples, ended }: SlotSeries): void {
    for (const { labels, value, histogram } of samples) this.put(labels, { groupId, tMs: slotMs, dueMs, value: histogram ?? value });
    for (const labels of ended) this.put(labels, { groupId, tMs: slotMs, dueMs, value: 'stale' });
    if (this.points > MAX_POINTS) throw new PermanentError(`backtest: found more than ${MAX_POINTS} samples of recording rules and ALERTS that later rules may still read, that many are allowed; give fewer rules at once`);
  }

  /** What a rule of the viewer sees. */
  find({ matchers, fromMs, toMs }: SelectRequest, viewer: SlotPlace): SeriesBlock {
    const name = matchers.find((matcher) => matcher.name === METRIC_NAME && matcher.op === '=');
    const metrics = name === undefined ? [...this.byMetric.values()] : [this.byMetric.get(name.value) ?? new Map<string, OneSeries>()];
    const wanted = matchers.map((matcher) => ({ name: matcher.name, matches: compileMatcher(matcher) }));
    const found = metrics
      .flatMap((series) => [...series.values()])
      .filter(({ labels }) => wanted.every((matcher) => matcher.matches(labelValue(labels, matcher.name))))
      .map(({ labels, points }) => ({ labels, points: points.slice(firstFrom(points, fromMs), firstFrom(points, toMs + 1)).filter((point) => isVisible(point, viewer)) }))
      .filter(({ points }) => points.length > 0)
      .sort((a, b) => compareLabels(a.labels, b.labels));
    return pointBlock(found);
  }

  /** What nobody reads any more. */
  forget(beforeMs: number): void {
    for (const metric of this.byMetric.values()) {
      for (const [key, series] of metric) {
        const first = firstFrom(series.points, beforeMs);
        for (let i = 0; i < first; i++) this.points -= weightOf(series.points[i] as MadePoint);
        if (first === series.points.length) metric.delete(key);
        else if (first > 0) series.points = series.points.slice(first);
      }
    }
  }

  private put(labels: Labels, point: MadePoint): void {
    const metric = labelValue(labels, METRIC_NAME);
    const ofMetric = this.byMetric.get(metric) ?? new Map<string, OneSeries>();
    this.byMetric.set(metric, ofMetric);
    const key = labelsKey(labels);
    const series = ofMetric.get(key) ?? { labels, points: [] };
    ofMetric.set(key, series);
    const last = series.points.at(-1);
    if (last === undefined || last.tMs < point.tMs) series.points.push(point);
    else if (last.tMs === point.tMs && last.value === 'stale') {
      series.points[series.points.length - 1] = point;
      this.points -= weightOf(last);
    } else return; // two groups make one series: the first of a time counts
    this.points += weightOf(point);
  }
}

const isVisible = (point: MadePoint, viewer: SlotPlace): boolean => point.groupId === viewer.groupId || point.dueMs < viewer.dueMs;

/** The first place whose time is not before `tMs`. */
const firstFrom = (points: readonly MadePoint[], tMs: number): number => {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((points[middle] as MadePoint).tMs < tMs) low = middle + 1;
    else high = middle;
  }
  return low;
};
