import type { CutByClass } from '../lakes/cut-by-class.ts';
import type { RetentionClass } from '../lakes/retention-class.ts';
import type { MetricMetadata, SampleBatch } from '../model/sample-batch.ts';
import type { Rejection } from '../protocols/decoded.ts';
import { applyLimits } from '../protocols/limits.ts';
import type { Retention } from '../tiers/retention.ts';
import { backfillLimits } from './age.ts';

/** By what a piece is judged. */
export interface PieceJudgement {
  readonly nowMs: number;
  /** Of the default lake. */
  readonly retention: Retention;
  readonly cut: CutByClass;
}

/** The samples of a piece that one class takes. */
export interface PieceOfClass {
  /** Undefined of the default one. */
  readonly retentionClass: RetentionClass | undefined;
  readonly batches: readonly SampleBatch[];
}

export interface CutPiece {
  readonly parts: readonly PieceOfClass[];
  readonly metadata: readonly MetricMetadata[];
  readonly rejected: readonly Rejection[];
}

/** Cuts a piece by the classes of its series, as the store does; how old a sample may be is for its class to say. */
export const cutPiece = (piece: SampleBatch, { nowMs, retention, cut }: PieceJudgement): CutPiece => {
  const { batch, rejected } = applyLimits(piece, nowMs, { ...backfillLimits(retention), ageMs: Infinity });
  const refused = [...rejected];
  const parts = cut([batch]).map(({ retentionClass, batches }): PieceOfClass => {
    const limits = backfillLimits(retentionClass?.retention ?? retention);
    const judged = batches.map((each) => applyLimits(each, nowMs, limits));
    refused.push(...judged.flatMap((each) => each.rejected));
    return { retentionClass, batches: judged.map((each) => each.batch).filter(({ tMs }) => tMs.length > 0) };
  });
  return { parts: parts.filter(({ batches }) => batches.length > 0), metadata: batch.metadata, rejected: refused };
};
