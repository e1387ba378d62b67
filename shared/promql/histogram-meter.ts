import type { Histogram } from '../histograms/histogram.ts';
import type { QueryScope } from './query-scope.ts';
import type { SeriesBlock } from './series-source.ts';

/** A histogram counts as the float samples of 16 bytes that its memory would hold, as in Prometheus (HPoint). */
const heldBy = ({ positive, negative }: Histogram): number => 11 + Math.ceil((positive.counts.length + negative.counts.length) / 2);

/** The samples that a block counts as. */
export const heldSamples = ({ tMs, histograms }: SeriesBlock): number => {
  let held = tMs.length;
  for (const histogram of histograms?.values() ?? []) held += heldBy(histogram);
  return held;
};

/** Samples made between two looks at the limit. */
const RESERVE_EVERY = 10_000;

/** Counts the histograms that one operation makes against the limit of the query. */
export class HistogramMeter {
  private readonly scope: QueryScope;
  private held = 0;
  private reserved = 0;

  constructor(scope: QueryScope) {
    this.scope = scope;
  }

  /** @throws PromqlLimitError when the operation holds more than the query may. */
  made(histogram: Histogram): void {
    this.held += heldBy(histogram);
    if (this.held - this.reserved < RESERVE_EVERY) return;
    this.reserved = this.held;
    this.scope.reserve(this.held);
  }
}
