import type { Histogram } from '../histograms/histogram.ts';
import type { Labels } from '../model/labels.ts';
import type { SeriesBlock } from './series-source.ts';
import { compareLabels, labelsKey } from './step-vector.ts';

interface Stretch {
  readonly block: SeriesBlock;
  readonly from: number;
  readonly to: number; // exclusive
}

interface Joined {
  readonly labels: Labels;
  readonly stretches: Stretch[];
}

/** One block of several, each of which holds samples of a later time than the one before. */
export const joinBlocks = (blocks: readonly SeriesBlock[]): SeriesBlock => {
  const [only] = blocks;
  if (only !== undefined && blocks.length === 1) return only;
  const byKey = new Map<string, Joined>();
  for (const block of blocks) {
    block.labels.forEach((labels, k) => {
      const key = labelsKey(labels);
      let joined = byKey.get(key);
      if (joined === undefined) byKey.set(key, (joined = { labels, stretches: [] }));
      joined.stretches.push({ block, from: block.offsets[k] as number, to: block.offsets[k + 1] as number });
    });
  }
  return copied([...byKey.values()].sort((a, b) => compareLabels(a.labels, b.labels)), blocks.reduce((sum, { tMs }) => sum + tMs.length, 0));
};

const copied = (series: readonly Joined[], samples: number): SeriesBlock => {
  const offsets = new Uint32Array(series.length + 1);
  const tMs = new Float64Array(samples);
  const values = new Float64Array(samples);
  const startMs = series.some(({ stretches }) => stretches.some(({ block }) => block.startMs !== undefined)) ? new Float64Array(samples) : undefined;
  const histograms = new Map<number, Histogram>();
  let at = 0;
  series.forEach(({ stretches }, k) => {
    for (const { block, from, to } of stretches) {
      tMs.set(block.tMs.subarray(from, to), at);
      // Between arrays of one kind bytes are copied, so a NaN keeps its payload.
      values.set(block.values.subarray(from, to), at);
      if (block.startMs !== undefined) startMs?.set(block.startMs.subarray(from, to), at);
      if (block.histograms !== undefined) copyHistograms(block.histograms, from, to, histograms, at);
      at += to - from;
    }
    offsets[k + 1] = at;
  });
  return { labels: series.map(({ labels }) => labels), offsets, tMs, values, ...(startMs && { startMs }), ...(histograms.size === 0 ? {} : { histograms }) };
};

const copyHistograms = (source: ReadonlyMap<number, Histogram>, from: number, to: number, target: Map<number, Histogram>, at: number): void => {
  for (let i = from; i < to; i++) {
    const histogram = source.get(i);
    if (histogram !== undefined) target.set(at + i - from, histogram);
  }
};
