import type { Labels } from '../model/labels.ts';
import { firstNotBefore } from '../storage/time-search.ts';
import { type BucketColumns, newBuckets } from '../tiers/bucket.ts';
import { RollupBuilder } from '../tiers/rollup.ts';
import type { SeriesBlock } from './series-source.ts';
import { compareLabels } from './step-vector.ts';
import type { BucketBlock } from './tier-source.ts';

/** The samples of [fromMs, endMs) as buckets. Histograms have none. */
export const rollUpBlock = ({ labels, offsets, tMs, values, histograms }: SeriesBlock, bucketMs: number, fromMs: number, endMs: number): BucketBlock => {
  const builder = new RollupBuilder(bucketMs);
  const kept: number[] = [];
  for (let k = 0; k < labels.length; k++) {
    let from = offsets[k] as number;
    let to = offsets[k + 1] as number;
    while (from < to && (tMs[from] as number) < fromMs) from++;
    while (to > from && (tMs[to - 1] as number) >= endMs) to--;
    if (from === to) continue;
    if (histograms === undefined || !hasAny(histograms, from, to)) {
      builder.series('', '', tMs, values, from, to);
    } else {
      const isFloat = (_: number, i: number): boolean => !histograms.has(from + i);
      const times = tMs.subarray(from, to).filter(isFloat);
      if (times.length === 0) continue;
      builder.series('', '', times, values.subarray(from, to).filter(isFloat), 0, times.length);
    }
    kept.push(k);
  }
  return { ...builder.build(), labels: kept.map((k) => labels[k] as Labels) };
};

const hasAny = (histograms: ReadonlyMap<number, unknown>, from: number, to: number): boolean => {
  for (let i = from; i < to; i++) if (histograms.has(i)) return true;
  return false;
};

/** Rows `from` to `to` (exclusive) of one of two blocks. */
interface Stretch {
  readonly block: BucketBlock;
  readonly from: number;
  readonly to: number;
}

/** Two blocks, neither of which has a bucket of a time that the other has, as one. Only the start and `columns` have entries. */
export const joinBuckets = (a: BucketBlock, b: BucketBlock, columns: readonly (keyof BucketColumns)[]): BucketBlock => {
  if (b.startMs.length === 0) return a;
  if (a.startMs.length === 0) return b;
  const labels: Labels[] = [];
  const offsets: number[] = [0];
  const stretches: Stretch[] = [];
  let rows = 0;
  for (let i = 0, k = 0; i < a.labels.length || k < b.labels.length; ) {
    const order = i === a.labels.length ? 1 : k === b.labels.length ? -1 : compareLabels(a.labels[i] as Labels, b.labels[k] as Labels);
    labels.push((order <= 0 ? a.labels[i] : b.labels[k]) as Labels);
    for (const stretch of interleaved(order <= 0 ? [seriesOf(a, i++)] : [], order >= 0 ? [seriesOf(b, k++)] : [])) {
      stretches.push(stretch);
      rows += stretch.to - stretch.from;
    }
    offsets.push(rows);
  }
  return { ...copied(stretches, rows, new Set<keyof BucketColumns>(['startMs', ...columns])), labels, offsets: Uint32Array.from(offsets) };
};

const seriesOf = (block: BucketBlock, k: number): Stretch => ({ block, from: block.offsets[k] as number, to: block.offsets[k + 1] as number });

const startOf = ({ block, from }: Stretch): number => block.startMs[from] as number;

/** In order of time. Each stretch ends where one of the other series begins. */
const interleaved = (a: readonly Stretch[], b: readonly Stretch[]): readonly Stretch[] => {
  const left = [...a, ...b].filter(({ from, to }) => from < to).sort((x, y) => startOf(x) - startOf(y));
  const ordered: Stretch[] = [];
  for (let first = left.shift(); first !== undefined; first = left.shift()) {
    const { block, from, to } = first;
    const endMs = left[0] === undefined ? Infinity : startOf(left[0]);
    let cut = to;
    if ((block.startMs[to - 1] as number) >= endMs) cut = firstNotBefore(block.startMs, from, to, endMs);
    ordered.push({ block, from, to: cut });
    if (cut < to) left.push({ block, from: cut, to });
  }
  return ordered;
};

const copied = (stretches: readonly Stretch[], rows: number, names: ReadonlySet<keyof BucketColumns>): BucketColumns => {
  const joined = newBuckets(0) as Record<keyof BucketColumns, Float64Array | Uint8Array>;
  for (const name of names) {
    const column = name === 'staleEnd' ? new Uint8Array(rows) : new Float64Array(rows);
    let at = 0;
    for (const { block, from, to } of stretches) {
      column.set(block[name].subarray(from, to), at);
      at += to - from;
    }
    joined[name] = column;
  }
  return joined as unknown as BucketColumns;
};
