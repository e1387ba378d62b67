import { METRIC_NAME, labelValue } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import { joinBlocks } from '../promql/join-blocks.ts';
import { compileMatcher } from '../promql/matcher.ts';
import type { SelectRequest, SelectSeries, SeriesBlock } from '../promql/series-source.ts';
import type { SelectTiers } from '../promql/tier-source.ts';
import { compareLabels, labelsKey } from '../promql/step-vector.ts';
import { pointBlock } from './point-block.ts';
import type { PointValue } from './point-block.ts';
import type { SlotSeries } from './slot-frames.ts';

interface OverlayPoint {
  readonly tMs: number;
  readonly value: PointValue;
}

interface OverlaySeries {
  readonly labels: Labels;
  /** Ascending. */
  readonly points: OverlayPoint[];
}

/** Results of a group's rules that are not stored yet, for its later rules and slots. */
export class Overlay {
  private readonly byMetric = new Map<string, Map<string, OverlaySeries>>();

  /** What one slot has made; slots come in their order. */
  add(slotMs: number, { samples, ended }: SlotSeries): void {
    for (const { labels, value, histogram } of samples) this.put(labels, { tMs: slotMs, value: histogram ?? value });
    for (const labels of ended) this.put(labels, { tMs: slotMs, value: 'stale' });
  }

  /** `select`, and over it what stands here. */
  over(select: SelectSeries): SelectSeries {
    return async (request) => {
      const stored = await select(request);
      const own = this.find(request, stored);
      return own.length === 0 ? stored : joinBlocks([stored, pointBlock(own)]);
    };
  }

  /** As {@link over}, of any tier: what stands here are samples. */
  overTiers(select: SelectTiers): SelectTiers {
    return async (request) => {
      const stored = await select(request);
      const own = this.find(request, stored.raw);
      return own.length === 0 ? stored : { ...stored, raw: joinBlocks([stored.raw, pointBlock(own)]) };
    };
  }

  private put(labels: Labels, point: OverlayPoint): void {
    const metric = labelValue(labels, METRIC_NAME);
    const ofMetric = this.byMetric.get(metric) ?? new Map<string, OverlaySeries>();
    this.byMetric.set(metric, ofMetric);
    const key = labelsKey(labels);
    const series = ofMetric.get(key) ?? { labels, points: [] };
    ofMetric.set(key, series);
    const last = series.points.at(-1);
    if (last?.tMs !== point.tMs) series.points.push(point);
    // What ended before a later rule of its slot, and is given by that, has not ended. Else two rules make one series: the first counts.
    else if (last.value === 'stale') series.points[series.points.length - 1] = point;
  }

  /** Samples behind the last one that is stored: the others are the same by now. */
  private find({ matchers, fromMs, toMs }: SelectRequest, stored: SeriesBlock): OverlaySeries[] {
    const name = matchers.find((matcher) => matcher.name === METRIC_NAME && matcher.op === '=');
    const metrics = name === undefined ? [...this.byMetric.values()] : [this.byMetric.get(name.value) ?? new Map<string, OverlaySeries>()];
    if (metrics.every((series) => series.size === 0)) return [];
    const wanted = matchers.map((matcher) => ({ name: matcher.name, matches: compileMatcher(matcher) }));
    const lastMs = new Map(stored.labels.map((labels, k) => [labelsKey(labels), lastOf(stored, k)]));
    return metrics
      .flatMap((series) => [...series])
      .filter(([, { labels }]) => wanted.every((matcher) => matcher.matches(labelValue(labels, matcher.name))))
      .map(([key, { labels, points }]) => {
        const afterMs = lastMs.get(key) ?? -Infinity;
        return { labels, points: points.filter(({ tMs }) => tMs > afterMs && tMs >= fromMs && tMs <= toMs) };
      })
      .filter(({ points }) => points.length > 0)
      .sort((a, b) => compareLabels(a.labels, b.labels));
  }
}

const lastOf = ({ offsets, tMs }: SeriesBlock, k: number): number => {
  const end = offsets[k + 1] as number;
  return end > (offsets[k] as number) ? (tMs[end - 1] as number) : -Infinity;
};
