import { PermanentError } from '../errors.ts';
import { METRIC_NAME, labelValue } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import { bitsOf, putStaleAt } from '../model/stale.ts';
import { compileMatcher } from '../promql/matcher.ts';
import type { SelectRequest, SeriesBlock } from '../promql/series-source.ts';
import { compareLabels, labelsKey } from '../promql/step-vector.ts';
import type { SlotSeries } from '../rules/slot-frames.ts';

/** A slot of a group, and when it is evaluated: groups with a query offset come later. */
export interface SlotPlace {
  readonly groupId: string;
  readonly slotMs: number;
  readonly dueMs: number;
}

interface MadePoint extends SlotPlace {
  /** Undefined is the end of the series. */
  readonly value: number | undefined;
}

interface OneSeries {
  readonly labels: Labels;
  /** Ascending in time. */
  points: MadePoint[];
}

/** Held at once: 80 bytes each. */
const MAX_POINTS = 10_000_000;

/** What rules make while they are tried: seen by their own group at once, and by other groups in later ticks. */
export class MadeSeries {
  private readonly byMetric = new Map<string, Map<string, OneSeries>>();
  private points = 0;

  /** @throws PermanentError where it would be more than the memory is for. */
  add(place: SlotPlace, { samples, ended }: SlotSeries): void {
    for (const { labels, value } of samples) this.put(labels, { ...place, value });
    for (const labels of ended) this.put(labels, { ...place, value: undefined });
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
    return blockOf(found);
  }

  /** What nobody reads any more. */
  forget(beforeMs: number): void {
    for (const metric of this.byMetric.values()) {
      for (const [key, series] of metric) {
        const first = firstFrom(series.points, beforeMs);
        this.points -= first;
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
    if (last === undefined || last.slotMs < point.slotMs) {
      series.points.push(point);
      this.points++;
    } else if (last.slotMs === point.slotMs && last.value === undefined) series.points[series.points.length - 1] = point;
    // Else two groups make one series: the first of a time counts.
  }
}

const isVisible = (point: MadePoint, viewer: SlotPlace): boolean => point.groupId === viewer.groupId || point.dueMs < viewer.dueMs;

/** The first place whose time is not before `tMs`. */
const firstFrom = (points: readonly MadePoint[], tMs: number): number => {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((points[middle] as MadePoint).slotMs < tMs) low = middle + 1;
    else high = middle;
  }
  return low;
};

const blockOf = (series: readonly { readonly labels: Labels; readonly points: readonly MadePoint[] }[]): SeriesBlock => {
  const offsets = new Uint32Array(series.length + 1);
  series.forEach(({ points }, k) => (offsets[k + 1] = (offsets[k] as number) + points.length));
  const flat = series.flatMap(({ points }) => points);
  const values = Float64Array.from(flat, ({ value }) => value ?? 0);
  const bits = bitsOf(values);
  flat.forEach(({ value }, i) => {
    if (value === undefined) putStaleAt(bits, i);
  });
  return { labels: series.map(({ labels }) => labels), offsets, tMs: Float64Array.from(flat, ({ slotMs }) => slotMs), values };
};
