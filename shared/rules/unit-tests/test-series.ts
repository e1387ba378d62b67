import { labelValue } from '../../model/labels.ts';
import type { Labels } from '../../model/labels.ts';
import { compileMatcher } from '../../promql/matcher.ts';
import type { SelectSeries } from '../../promql/series-source.ts';
import { compareLabels, labelsKey } from '../../promql/step-vector.ts';
import { pointBlock } from '../point-block.ts';
import type { PointValue } from '../point-block.ts';

interface Point {
  readonly tMs: number;
  readonly value: PointValue;
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
    return pointBlock(found);
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
