import type { RangeBounds } from './engine.ts';
import { parseQuery } from './parser.ts';
import type { QueryResult, ResultSeries } from './query-result.ts';
import { compareLabels, labelsKey } from './step-vector.ts';
import { type StepExtent, stepExtent } from './step-extent.ts';

/** By name, immutable files and versions, and the times of their samples; both inclusive. */
export type FileState = ReadonlyMap<string, { readonly fromMs: number; readonly toMs: number }>;

/** What else an answer depends on. */
export interface RangeQuestion extends RangeBounds {
  readonly query: string;
  readonly lookbackMs: number;
  /** Whatever is asked beside: answers of different ones are never mixed. */
  readonly variant: string;
}

export interface RangePorts {
  /** All that answers about the range are made of, as of now. */
  readonly stateOf: (fromMs: number, toMs: number) => Promise<FileState>;
  readonly evaluate: (bounds: RangeBounds) => Promise<QueryResult>;
}

interface Held {
  readonly startMs: number;
  readonly endMs: number; // inclusive
  readonly series: readonly ResultSeries[];
  /** As of before the evaluation, so that what came during it counts as new. */
  readonly state: FileState;
  readonly bytes: number;
}

const NAME_BYTES = 150;
const POINT_BYTES = 16;
const SERIES_BYTES = 500;

/**
 * Answers of range queries. A step is taken over only while every file and version in which its samples may lie is the one that it was
 * made of; the steps from the first other one on are evaluated. So late samples, deletions and compactions need no word to it.
 */
export class RangeCache {
  private readonly maxBytes: number;
  private readonly held = new Map<string, Held>();
  private heldBytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  async evaluate(question: RangeQuestion, { stateOf, evaluate }: RangePorts): Promise<QueryResult> {
    const { startMs, endMs, stepMs } = question;
    const extent = stepExtent(parseQuery(question.query), question.lookbackMs);
    if (extent === undefined) return evaluate(question);
    const key = JSON.stringify([question.query, stepMs, startMs % stepMs, question.lookbackMs, question.variant]);
    const state = await stateOf(startMs - extent.backMs, endMs + extent.aheadMs);
    const known = this.held.get(key);
    const fromMs = known === undefined ? startMs : firstOther(known, state, question, extent);
    if (known === undefined || fromMs === startMs) return this.keep(key, question, state, await evaluate(question));
    const lastMs = startMs + Math.floor((endMs - startMs) / stepMs) * stepMs;
    // The last step at least: what it tells besides its values is of now.
    const tail = await evaluate({ startMs: Math.min(fromMs, lastMs), endMs, stepMs });
    if (!isPlain(tail)) return evaluate(question);
    return this.keep(key, question, state, { ...tail, series: joined(known.series, tail.series, startMs, Math.min(fromMs, lastMs)) });
  }

  private keep(key: string, { startMs, endMs }: RangeBounds, state: FileState, result: QueryResult): QueryResult {
    this.heldBytes -= this.held.get(key)?.bytes ?? 0;
    this.held.delete(key);
    if (!isPlain(result)) return result;
    const bytes = key.length * 2 + state.size * NAME_BYTES + result.series.reduce((sum, { tMs }) => sum + SERIES_BYTES + tMs.length * POINT_BYTES, 0);
    if (bytes > this.maxBytes / 4) return result;
    this.held.set(key, { startMs, endMs, series: result.series.map(inOwnMemory), state, bytes });
    this.heldBytes += bytes;
    for (const [oldest, { bytes: size }] of this.held) {
      if (this.heldBytes <= this.maxBytes) break;
      this.held.delete(oldest);
      this.heldBytes -= size;
    }
    return result;
  }
}

/** A series of a result may lie in the memory of a whole vector, most of which is no part of it. */
const inOwnMemory = ({ labels, tMs, values }: ResultSeries): ResultSeries => ({ labels, tMs: tMs.slice(), values: values.slice() });

/** Floats out of raw samples, with nothing said about them: what is said is of a whole range, and cannot be cut. */
const isPlain = (result: QueryResult): result is QueryResult & { readonly type: 'matrix' } =>
  result.type === 'matrix' &&
  result.warnings.length === 0 &&
  result.infos.length === 0 &&
  result.tiers.every((tier) => tier === 'raw') &&
  result.series.every(({ histograms }) => histograms === undefined);

/** The first step that is not held, or whose samples may have changed; startMs where none can be taken over. */
const firstOther = (known: Held, state: FileState, { startMs, endMs, stepMs }: RangeBounds, { backMs, aheadMs }: StepExtent): number => {
  if (startMs < known.startMs) return startMs;
  let untilMs = Math.min(known.endMs, endMs) + 1;
  const look = (all: FileState, others: FileState): void => {
    for (const [name, { fromMs, toMs }] of all) {
      if (others.has(name) || toMs < startMs - backMs) continue;
      untilMs = Math.min(untilMs, fromMs - aheadMs);
    }
  };
  look(state, known.state);
  look(known.state, state);
  return untilMs <= startMs ? startMs : startMs + Math.ceil((untilMs - startMs) / stepMs) * stepMs;
};

/** Points of [startMs, cutMs) of what is held, and all of the tail. */
const joined = (head: readonly ResultSeries[], tail: readonly ResultSeries[], startMs: number, cutMs: number): readonly ResultSeries[] => {
  const byKey = new Map(tail.map((series) => [labelsKey(series.labels), series]));
  const series: ResultSeries[] = [];
  for (const { labels, tMs, values } of head) {
    const from = tMs.findIndex((t) => t >= startMs);
    const after = tMs.findIndex((t) => t >= cutMs);
    const [first, end] = [from === -1 ? tMs.length : from, after === -1 ? tMs.length : after];
    const key = labelsKey(labels);
    const more = byKey.get(key);
    byKey.delete(key);
    if (first >= end && more === undefined) continue;
    series.push({ labels, tMs: concat(tMs.subarray(first, Math.max(first, end)), more?.tMs), values: concat(values.subarray(first, Math.max(first, end)), more?.values) });
  }
  return [...series, ...byKey.values()].sort((a, b) => compareLabels(a.labels, b.labels));
};

const concat = (a: Float64Array, b: Float64Array | undefined): Float64Array => {
  const all = new Float64Array(a.length + (b?.length ?? 0));
  all.set(a);
  if (b !== undefined) all.set(b, a.length);
  return all;
};
