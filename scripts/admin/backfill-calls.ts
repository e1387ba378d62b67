import { commitStep } from '../../shared/backfill/commit-step.ts';
import { judgePiece } from '../../shared/backfill/judge-piece.ts';
import type { CommitStep, PieceReport } from '../../shared/backfill/report.ts';
import { takePiece } from '../../shared/backfill/take-piece.ts';
import type { CompactPorts, CompactSettings } from '../../shared/compaction/compact-hour.ts';
import { openTierRollup } from '../../shared/storage/tier-rollup.ts';
import { TIER_BUCKET_MS } from '../../shared/tiers/bucket.ts';
import type { Retention } from '../../shared/tiers/retention.ts';

/** The work of a backfill, a piece or a partition each; messages can carry it to another thread. */
export type BackfillCall =
  | { readonly kind: 'judge'; readonly frame: Uint8Array; readonly nowMs: number }
  | { readonly kind: 'piece'; readonly run: string; readonly frame: Uint8Array; readonly nowMs: number }
  | { readonly kind: 'step'; readonly run: string; readonly nowMs: number };

export type BackfillAnswer = PieceReport | CommitStep;
export type AnswerBackfill = (call: BackfillCall) => Promise<BackfillAnswer>;

export interface BackfillSettings extends Pick<CompactSettings, 'promotedLabels' | 'buckets'> {
  readonly nextAttempt: () => string;
  readonly retention: Retention;
}

export const answerBackfill = (ports: CompactPorts, { promotedLabels, buckets, retention, nextAttempt }: BackfillSettings): AnswerBackfill => {
  const openRollup = () => openTierRollup(TIER_BUCKET_MS['1m'], { promotedLabels });
  return (call) => {
    switch (call.kind) {
      case 'judge':
        return judgePiece(ports, call.frame, retention, call.nowMs);
      case 'piece':
        return takePiece(ports, call.frame, { run: call.run, nowMs: call.nowMs, promotedLabels, retention });
      case 'step':
        return commitStep(ports, { run: call.run, nowMs: call.nowMs, nextAttempt, promotedLabels, buckets, openRollup, retention });
    }
  };
};
