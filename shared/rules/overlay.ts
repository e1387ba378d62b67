import { METRIC_NAME, labelValue } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import { bitsOf, putStaleAt } from '../model/stale.ts';
import { joinBlocks } from '../promql/join-blocks.ts';
import { compileMatcher } from '../promql/matcher.ts';
import type { SelectRequest, SelectSeries, SeriesBlock } from '../promql/series-source.ts';
import { compareLabels, labelsKey } from '../promql/step-vector.ts';
import type { SlotSeries } from './slot-frames.ts';

interface OverlaySeries {
  readonly labels: Labels;
  /** Ascending; undefined is the end of the series. */
  readonly samples: { readonly tMs: number; readonly value: number | undefined }[];
}

/** Results of a group's rules that are not stored yet, for its later rules and slots. */
export class Overlay {
  private readonly byMetric = new Map<string, Map<string, OverlaySeries>>();

  /** What one slot has made; slots come in their order. */
  add(slotMs: number, { samples, ended }: SlotSeries): void {
    for (const { labels, value } of samples) this.put(labels, slotMs, value);
    for (const labels of ended) this.put(labels, slotMs, undefined);
  }

  /** `select`, and over it what stands here. */
  over(select: SelectSeries): SelectSeries {
    return async (request) => {
      const stored = await select(request);
      const own = this.find(request, stored);
      return own.length === 0 ? stored : joinBlocks([stored, blockOf(own)]);
    };
  }

  private put(labels: Labels, tMs: number, value: number | undefined): void {
    const metric = labelValue(labels, METRIC_NAME);
    const ofMetric = this.byMetric.get(metric) ?? new Map<string, OverlaySeries>();
    this.byMetric.set(metric, ofMetric);
    const key = labelsKey(labels);
    const series = ofMetric.get(key) ?? { labels, samples: [] };
    ofMetric.set(key, series);
    series.samples.push({ tMs, value });
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
      .map(([key, { labels, samples }]) => {
        const afterMs = lastMs.get(key) ?? -Infinity;
        return { labels, samples: samples.filter(({ tMs }) => tMs > afterMs && tMs >= fromMs && tMs <= toMs) };
      })
      .filter(({ samples }) => samples.length > 0)
      .sort((a, b) => compareLabels(a.labels, b.labels));
  }
}

const lastOf = ({ offsets, tMs }: SeriesBlock, k: number): number => {
  const end = offsets[k + 1] as number;
  return end > (offsets[k] as number) ? (tMs[end - 1] as number) : -Infinity;
};

const blockOf = (series: readonly OverlaySeries[]): SeriesBlock => {
  const offsets = new Uint32Array(series.length + 1);
  series.forEach(({ samples }, k) => (offsets[k + 1] = (offsets[k] as number) + samples.length));
  const flat = series.flatMap(({ samples }) => samples);
  const values = Float64Array.from(flat, ({ value }) => value ?? 0);
  const bits = bitsOf(values);
  flat.forEach(({ value }, i) => {
    if (value === undefined) putStaleAt(bits, i);
  });
  return { labels: series.map(({ labels }) => labels), offsets, tMs: Float64Array.from(flat, ({ tMs }) => tMs), values };
};
