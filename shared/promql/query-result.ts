import type { Histogram } from '../histograms/histogram.ts';
import type { Labels } from '../model/labels.ts';
import type { TierName } from './tier-source.ts';

/** One series of a range result. */
export interface ResultSeries {
  readonly labels: Labels;
  readonly tMs: Float64Array;
  readonly values: Float64Array;
  /** The samples that are histograms, at times of their own, none of which is in `tMs`. */
  readonly histograms?: HistogramPoints;
}

/** Histograms of one series, ascending in time. */
export interface HistogramPoints {
  readonly tMs: Float64Array;
  readonly histograms: readonly Histogram[];
}

export type QueryValue =
  | { readonly type: 'scalar'; readonly tMs: number; readonly value: number }
  | { readonly type: 'string'; readonly tMs: number; readonly value: string }
  /** One value per label set, all at `tMs`. In order only after sort() and topk(). */
  | {
      readonly type: 'vector';
      readonly tMs: number;
      readonly labels: readonly Labels[];
      readonly values: Float64Array;
      /** Rows that are histograms; their `values` are 0. */
      readonly histograms?: ReadonlyMap<number, Histogram>;
    }
  /** Sorted by labels; series without samples are left out. */
  | { readonly type: 'matrix'; readonly series: readonly ResultSeries[] };

export type QueryResult = QueryValue & {
  /** In Prometheus' words, with `(line:col)`. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  /** Raw samples and buckets that were read from storage. */
  readonly samplesRead: number;
  /** The tiers that answered. */
  readonly tiers: readonly TierName[];
};

export interface InstantSample {
  readonly labels: Labels;
  /** 0 for a histogram, as Prometheus' alerts have it. */
  readonly value: number;
  readonly histogram?: Histogram;
}

/**
 * The instant vector of a result as plain records; a scalar is one sample without labels.
 * @throws TypeError for strings and matrices.
 */
export const instantVector = (result: QueryValue): InstantSample[] => {
  if (result.type === 'scalar') return [{ labels: [], value: result.value }];
  if (result.type !== 'vector') throw new TypeError(`instant vector: found a ${result.type}, a vector or a scalar is allowed`);
  return result.labels.map((labels, i) => {
    const histogram = result.histograms?.get(i);
    return { labels, value: result.values[i] as number, ...(histogram !== undefined && { histogram }) };
  });
};
