import { addCompensated, compensatedSum, type CompensatedAddition, type CompensatedSum, hasOverflow, mapCompensated, totalOf } from './compensated.ts';
import type { Histogram } from './histogram.ts';
import { divide } from './histogram.ts';

/** What an accumulation met on its way. */
export interface AccumulationNotes {
  /** Histograms that say "reset" and others that say "not reset". */
  readonly resetsCollide: boolean;
  readonly boundsReconciled: boolean;
  /** Exponential and custom buckets: there is no result. */
  readonly incompatible: boolean;
}

/** Sum or mean of histograms, added one after the other. */
export abstract class HistogramAccumulation implements AccumulationNotes {
  protected state: CompensatedSum;
  protected count = 1;
  boundsReconciled = false;
  incompatible = false;
  private resetSeen = false;
  private notResetSeen = false;

  constructor(first: Histogram) {
    this.state = compensatedSum(first);
    this.track(first);
  }

  get resetsCollide(): boolean {
    return this.resetSeen && this.notResetSeen;
  }

  add(histogram: Histogram): void {
    this.track(histogram);
    if (this.incompatible) return;
    this.count++;
    this.include(histogram);
  }

  /** Not to be asked for when `incompatible`. */
  abstract result(): Histogram;

  protected abstract include(histogram: Histogram): void;

  /** The next state, undefined when the histograms do not mix. */
  protected next(state: CompensatedSum, histogram: Histogram): CompensatedSum | undefined {
    const addition: CompensatedAddition | undefined = addCompensated(state, histogram);
    if (addition === undefined) this.incompatible = true;
    else if (addition.boundsReconciled) this.boundsReconciled = true;
    return addition?.state;
  }

  private track({ counterResetHint }: Histogram): void {
    if (counterResetHint === 'reset') this.resetSeen = true;
    else if (counterResetHint === 'not_reset') this.notResetSeen = true;
  }
}

export class HistogramSum extends HistogramAccumulation {
  result(): Histogram {
    return totalOf(this.state);
  }

  protected include(histogram: Histogram): void {
    this.state = this.next(this.state, histogram) ?? this.state;
  }
}

/** A mean by the compensated sum, which goes on as an incremental mean when the sum would overflow. */
export class HistogramMean extends HistogramAccumulation {
  private incremental = false;

  result(): Histogram {
    const { count } = this;
    return totalOf(this.incremental ? this.state : mapCompensated(this.state, (value) => value / count));
  }

  protected include(histogram: Histogram): void {
    const { count } = this;
    if (!this.incremental) {
      const summed = this.next(this.state, histogram);
      if (summed === undefined) return;
      if (!hasOverflow(summed.sum)) {
        this.state = summed;
        return;
      }
      this.incremental = true;
      this.state = mapCompensated(this.state, (value) => value / (count - 1));
    }
    const weight = (count - 1) / count;
    const weighted = mapCompensated(this.state, (value) => value * weight);
    this.state = this.next(weighted, divide(histogram, count)) ?? this.state;
  }
}
