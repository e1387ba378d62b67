import { detectReset } from '../histograms/counter-reset.ts';
import type { CounterResetHint, Histogram } from '../histograms/histogram.ts';
import { childrenOf, type Expr } from './ast.ts';
import type { QueryScope } from './query-scope.ts';
import type { SeriesBlock } from './series-source.ts';

/** Functions that read count and sum alone: Prometheus then skips the buckets, and finds each sample's hint while it does. */
const READS_STATS = new Set(['histogram_count', 'histogram_sum', 'histogram_avg']);
const READS_BUCKETS = new Set(['histogram_quantile', 'histogram_quantiles', 'histogram_fraction', 'histogram_stddev', 'histogram_stdvar']);

const detected = (histogram: Histogram, previous: Histogram | undefined): CounterResetHint => {
  if (histogram.counterResetHint !== 'unknown' || previous === undefined) return histogram.counterResetHint;
  return detectReset(histogram, previous) ? 'reset' : 'not_reset';
};

/** Every unknown hint found out from the histogram before it. */
const withDetectedHints = (block: SeriesBlock): SeriesBlock => {
  const { histograms, offsets, labels } = block;
  if (histograms === undefined) return block;
  const hinted = new Map<number, Histogram>();
  for (let series = 0; series < labels.length; series++) {
    for (let i = offsets[series] as number; i < (offsets[series + 1] as number); i++) {
      const histogram = histograms.get(i);
      if (histogram === undefined) continue;
      const previous = i > (offsets[series] as number) ? histograms.get(i - 1) : undefined;
      hinted.set(i, { ...histogram, counterResetHint: detected(histogram, previous) });
    }
  }
  return { ...block, histograms: hinted };
};

/**
 * Finds the hints of selectors whose count and sum alone are asked for, so that an aggregation below such a function tells
 * of conflicting resets as Prometheus does. The function nearest to the selector decides, and none above a binary operator.
 */
export const detectHints = (expr: Expr, scope: QueryScope, readsStats = false): void => {
  if (expr.kind === 'selector') {
    const block = scope.blocks.get(expr);
    if (readsStats && block !== undefined) scope.blocks.set(expr, withDetectedHints(block));
    return;
  }
  let below = expr.kind === 'binary' ? false : readsStats;
  if (expr.kind === 'call' && READS_STATS.has(expr.name)) below = true;
  else if (expr.kind === 'call' && READS_BUCKETS.has(expr.name)) below = false;
  for (const child of childrenOf(expr)) detectHints(child, scope, below);
};

/** As a sample of a subquery, whose neighbours are others than those its hint was found with. */
export const withoutHint = (histogram: Histogram): Histogram =>
  histogram.counterResetHint === 'gauge' || histogram.counterResetHint === 'unknown' ? histogram : { ...histogram, counterResetHint: 'unknown' };
