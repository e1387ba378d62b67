import type { Histogram } from '../histograms/histogram.ts';
import { PromqlLimitError } from '../promql/errors.ts';
import type { SeriesBlock } from '../promql/series-source.ts';
import type { SelectTiers, TieredBlock, TieredRequest } from '../promql/tier-source.ts';

/** Samples that are held for one chunk: 16 bytes each. What would be more is read anew for each slot. */
const MAX_SAMPLES = 20_000_000;

interface Held {
  readonly fromMs: number; // inclusive
  readonly toMs: number; // inclusive
  readonly block: TieredBlock;
}

/** What rules that are evaluated slot by slot read: once for all slots up to `lastMs`, which come in their order. */
export class HeldTiers {
  private readonly held = new Map<string, Held>();
  /** What is too much for the slots together. */
  private readonly tooMuch = new Set<string>();
  private readonly select: SelectTiers;
  private readonly lastMs: number;
  private room = MAX_SAMPLES;

  constructor(select: SelectTiers, lastMs: number) {
    this.select = select;
    this.lastMs = lastMs;
  }

  /** For a slot: later ones will ask for the same, so much later. */
  at(slotMs: number): SelectTiers {
    return async (request) => {
      const key = JSON.stringify([request.matchers, request.prefer, request.columns]);
      const known = this.held.get(key);
      if (known !== undefined && known.fromMs <= request.fromMs && known.toMs >= request.toMs) return cutTo(known.block, request);
      if (this.tooMuch.has(key)) return this.select(request);
      const wide = { ...request, fromMs: Math.min(request.fromMs, known?.fromMs ?? Infinity), toMs: Math.max(request.toMs + this.lastMs - slotMs, known?.toMs ?? -Infinity) };
      const block = await this.load(wide, key, known);
      return block === undefined ? this.select(request) : cutTo(block, request);
    };
  }

  /** Undefined where it is more than a query may read. */
  private async load(wide: TieredRequest, key: string, known: Held | undefined): Promise<TieredBlock | undefined> {
    try {
      const block = await this.select(wide);
      this.room -= samplesOf(block) - (known === undefined ? 0 : samplesOf(known.block));
      if (this.room >= 0) this.held.set(key, { fromMs: wide.fromMs, toMs: wide.toMs, block });
      else this.tooMuch.add(key);
      return block;
    } catch (error) {
      if (!(error instanceof PromqlLimitError)) throw error;
      this.tooMuch.add(key);
      return undefined;
    }
  }
}

const samplesOf = ({ raw, buckets }: TieredBlock): number => raw.tMs.length + buckets.startMs.length;

/** Of the samples those of the time; buckets that are not asked for do no harm. */
const cutTo = (block: TieredBlock, { fromMs, toMs }: TieredRequest): TieredBlock => ({ ...block, raw: cutBlock(block.raw, () => true, fromMs, toMs) });

/** The samples of [fromMs, toMs] of the series that are kept. */
export const cutBlock = (block: SeriesBlock, keeps: (labels: SeriesBlock['labels'][number]) => boolean, fromMs: number, toMs: number): SeriesBlock => {
  const kept = block.labels.flatMap((labels, k) => {
    if (!keeps(labels)) return [];
    const start = firstFrom(block.tMs, block.offsets[k] as number, block.offsets[k + 1] as number, fromMs);
    const end = firstFrom(block.tMs, start, block.offsets[k + 1] as number, toMs + 1);
    return start < end ? [{ labels, start, end }] : [];
  });
  const offsets = new Uint32Array(kept.length + 1);
  kept.forEach(({ start, end }, k) => (offsets[k + 1] = (offsets[k] as number) + end - start));
  const samples = offsets[kept.length] as number;
  const cut = { labels: kept.map(({ labels }) => labels), offsets, tMs: new Float64Array(samples), values: new Float64Array(samples), ...(block.startMs && { startMs: new Float64Array(samples) }) };
  const histograms = new Map<number, Histogram>();
  kept.forEach(({ start, end }, k) => {
    const at = offsets[k] as number;
    cut.tMs.set(block.tMs.subarray(start, end), at);
    cut.values.set(block.values.subarray(start, end), at); // as bytes: a stale marker stays one
    if (block.startMs !== undefined) cut.startMs?.set(block.startMs.subarray(start, end), at);
    if (block.histograms === undefined) return;
    for (let i = start; i < end; i++) {
      const histogram = block.histograms.get(i);
      if (histogram !== undefined) histograms.set(at + i - start, histogram);
    }
  });
  return { ...cut, ...(histograms.size > 0 && { histograms }) };
};

/** The first place of [start, end) whose time is not before `tMs`; `end` where there is none. */
const firstFrom = (times: Float64Array, start: number, end: number, tMs: number): number => {
  let [low, high] = [start, end];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) < tMs) low = middle + 1;
    else high = middle;
  }
  return low;
};
