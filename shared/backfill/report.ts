import type { Tier } from '../catalog/partitions.ts';
import type { LakePartition } from '../lakes/lake-partition.ts';
import type { Rejection } from '../protocols/decoded.ts';

/** Samples by what became of them; in a dry run, by what would. */
export interface BackfillCount {
  /** In raw partitions. Some of them may have been there before. */
  readonly stored: number;
  /** In cells of a tier, a cell being a series and an hour. */
  readonly rolledUp: number;
  readonly refused: readonly Rejection[];
}

/** What the server says of one piece. */
export interface PieceReport extends BackfillCount {
  /** In the piece. */
  readonly samples: number;
  /** Hours that the piece has samples of in each lake, those of refused samples left out. */
  readonly hours: readonly string[];
}

/** What the server says of one step of the second half, in which the waiting files are put into their partitions. */
export interface CommitStep extends BackfillCount {
  readonly isDone: boolean;
  /** The partition of this step. */
  readonly partition?: LakePartition;
  /** Hours whose files waited and no longer do. */
  readonly hours: number;
  /** Cells of a tier: filled because they were empty, or left as they were. */
  readonly cells: { readonly filled: number; readonly skipped: number };
}

/** An hour of a lake. */
export const hourText = (hour: string, ofClass: string | undefined): string => (ofClass === undefined ? hour : `${hour} of class ${ofClass}`);

export const NOTHING: Omit<CommitStep, 'isDone'> = { stored: 0, rolledUp: 0, refused: [], hours: 0, cells: { filled: 0, skipped: 0 } };

export const TAKEN = (tier: Tier): string => `in a series and hour of which the tier ${tier} holds something: those are never merged`;
export const TOO_OLD = 'older than every tier';
