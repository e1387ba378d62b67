import type { MergedFile } from '../storage/merge-writer.ts';

/** Makes the 1m file of a bucket out of its raw samples while they are merged. One for each bucket that is rewritten. */
export interface RollupSink {
  /**
   * A series with all its samples of the hour, each time once, ascending; series come in the order of (metric, labels). Stale
   * markers are values with their bits. The arrays hold good during the call alone.
   */
  series(metric: string, labels: string, tMs: Float64Array, values: Float64Array, from: number, to: number): void;
  /** Undefined when no row came of it. */
  finish(): MergedFile | undefined;
}

/** `expectedSamples` is the most that can come. */
export type OpenRollup = (hour: string, expectedSamples: number) => RollupSink;
