import type { SampleBatch } from '../model/sample-batch.ts';

/** Samples of a body that were left out while the rest was taken, with a reason in words for the sender. */
export interface Rejection {
  readonly reason: string;
  readonly samples: number;
  /** The first of them, in the words of the body's format: `line 3`, `timeseries[7]`. */
  readonly place?: string;
}

/** What a body held: what can be stored, and what cannot with the reason. */
export interface Decoded {
  readonly batch: SampleBatch;
  readonly rejected: readonly Rejection[];
}

/** What an answer tells a sender; a body of nothing but bad lines must not make an answer as long as itself. */
const REASONS_MAX = 100;

/** Collects rejections: one per reason, with the place of the first. */
export class RejectionList {
  private readonly byReason = new Map<string, { reason: string; samples: number; place: string }>();

  /** `place` is asked for only once per reason: a body may hold a million bad samples. */
  add(reason: string, samples: number, place: () => string): void {
    const key = this.byReason.has(reason) || this.byReason.size < REASONS_MAX ? reason : 'further reasons';
    const known = this.byReason.get(key);
    if (known === undefined) this.byReason.set(key, { reason: key, samples, place: place() });
    else known.samples += samples;
  }

  take(): Rejection[] {
    return [...this.byReason.values()];
  }
}

export const rejectedSamples = (rejected: readonly Rejection[]): number => rejected.reduce((total, { samples }) => total + samples, 0);
