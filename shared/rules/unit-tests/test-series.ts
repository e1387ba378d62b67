import type { Histogram } from '../../histograms/histogram.ts';
import { labelValue } from '../../model/labels.ts';
import type { Labels } from '../../model/labels.ts';
import { bitsOf, putStaleAt } from '../../model/stale.ts';
import { compileMatcher } from '../../promql/matcher.ts';
import type { SelectSeries } from '../../promql/series-source.ts';
import { compareLabels, labelsKey } from '../../promql/step-vector.ts';
import type { NotedValue } from './series-notation.ts';

interface Point {
  readonly tMs: number;
  readonly value: Exclude<NotedValue, undefined>;
}

/** The series of a rule test: its input, and what the rules make of it. */
export class TestSeries {
  private readonly series = new Map<string, { readonly labels: Labels; readonly points: Point[] }>();

  /** One value after the other; a time at or before the last one is left out, as storage does. */
  add(labels: Labels, points: readonly Point[]): void {
    const key = labelsKey(labels);
    const series = this.series.get(key) ?? { labels, points: [] };
    this.series.set(key, series);
    for (const point of points) if (point.tMs > (series.points.at(-1)?.tMs ?? -Infinity)) series.points.push(point);
  }

  readonly select: SelectSeries = async ({ matchers, fromMs, toMs }) => {
    const wanted = matchers.map((matcher) => ({ name: matcher.name, matches: compileMatcher(matcher) }));
    const found = [...this.series.values()]
      .filter(({ labels }) => wanted.every(({ name, matches }) => matches(labelValue(labels, name))))
      .sort((a, b) => compareLabels(a.labels, b.labels))
      .map(({ labels, points }) => ({ labels, points: points.slice(firstFrom(points, fromMs), firstFrom(points, toMs + 1)) }));
    const flat = found.flatMap(({ points }) => points);
    const offsets = new Uint32Array(found.length + 1);
    found.forEach(({ points }, k) => (offsets[k + 1] = (offsets[k] as number) + points.length));
    const values = new Float64Array(flat.length);
    const bits = bitsOf(values);
    const histograms = new Map<number, Histogram>();
    flat.forEach(({ value }, i) => {
      if (value === 'stale') putStaleAt(bits, i);
      else if (typeof value === 'number') values[i] = value;
      else histograms.set(i, value);
    });
    return { labels: found.map(({ labels }) => labels), offsets, tMs: Float64Array.from(flat, ({ tMs }) => tMs), values, ...(histograms.size > 0 && { histograms }) };
  };
}

/** The first place whose time is not before `tMs`. */
const firstFrom = (points: readonly Point[], tMs: number): number => {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle] as Point).tMs < tMs) low = middle + 1;
    else high = middle;
  }
  return low;
};
