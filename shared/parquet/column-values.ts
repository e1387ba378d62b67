import type { Runs } from './runs.ts';

/**
 * A column of a row group in memory, as it is written and as it is read. Runs hold an index of the dictionary per row, or
 * `NULL_ID`. `present` holds 1 for rows with a value and 0 for the others; without it every row has one. `values` has the
 * present ones only. Every entry of a dictionary is used by a row where a column is written; where only a part of one was read,
 * it may have others.
 */
export type ColumnValues = TextRuns | NumberRuns | Numbers | Blobs;

export interface TextRuns {
  readonly kind: 'text-runs';
  readonly dictionary: readonly string[];
  readonly runs: Runs;
}

export interface NumberRuns {
  readonly kind: 'number-runs';
  readonly dictionary: Float64Array;
  readonly runs: Runs;
}

export interface Numbers {
  readonly kind: 'numbers';
  /** Doubles, or integers within ±2^51. */
  readonly values: Float64Array;
  readonly present: Runs | undefined;
}

export interface Blobs {
  readonly kind: 'blobs';
  readonly values: readonly Uint8Array[];
  readonly present: Runs | undefined;
}
