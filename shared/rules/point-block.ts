import type { Histogram } from '../histograms/histogram.ts';
import type { Labels } from '../model/labels.ts';
import { bitsOf, putStaleAt } from '../model/stale.ts';
import type { SeriesBlock } from '../promql/series-source.ts';

/** Of a series at one time: 'stale' is its end. */
export type PointValue = number | Histogram | 'stale';

interface Point {
  readonly tMs: number;
  readonly value: PointValue;
}

/** Series that are sorted by labels, each once, their points ascending in time, as a block. */
export const pointBlock = (series: readonly { readonly labels: Labels; readonly points: readonly Point[] }[]): SeriesBlock => {
  const offsets = new Uint32Array(series.length + 1);
  series.forEach(({ points }, k) => (offsets[k + 1] = (offsets[k] as number) + points.length));
  const count = offsets[series.length] as number;
  const tMs = new Float64Array(count);
  const values = new Float64Array(count);
  const bits = bitsOf(values);
  const histograms = new Map<number, Histogram>();
  let at = 0;
  for (const { points } of series) {
    for (const { tMs: pointMs, value } of points) {
      tMs[at] = pointMs;
      if (value === 'stale') putStaleAt(bits, at);
      else if (typeof value === 'number') values[at] = value;
      else histograms.set(at, value);
      at++;
    }
  }
  return { labels: series.map(({ labels }) => labels), offsets, tMs, values, ...(histograms.size > 0 && { histograms }) };
};
