import { judgePiece } from '../../shared/backfill/judge-piece.ts';
import type { CommitStep, PieceReport } from '../../shared/backfill/report.ts';
import { stepRun } from '../../shared/backfill/step-run.ts';
import { takePiece } from '../../shared/backfill/take-piece.ts';
import type { Tier } from '../../shared/catalog/partitions.ts';
import type { DeleteStep } from '../../shared/commands/delete.ts';
import type { Selection } from '../../shared/deletion/selection.ts';
import { makeCutByClass } from '../../shared/lakes/cut-by-class.ts';
import type { TierDifferences } from '../../shared/rebuild/compare-tiers.ts';
import { rebuildPartition, type RollupTier, verifyPartition } from '../../shared/rebuild/recompute.ts';
import { adminLake } from './admin-lakes.ts';
import type { AdminPorts } from './admin-ports.ts';
import { deleteStep } from './delete-step.ts';
import { newRun, rewriteSettings } from './rewrite-settings.ts';

interface InClass {
  /** Undefined of the default lake. */
  readonly class: string | undefined;
}

/** The work of the keeper's tools that holds an hour in memory, a piece or a partition each; messages can carry it to another thread. */
export type LakeCall = { readonly nowMs: number } & (
  | { readonly kind: 'judge'; readonly frame: Uint8Array }
  | { readonly kind: 'piece'; readonly run: string; readonly frame: Uint8Array }
  | { readonly kind: 'step'; readonly run: string }
  | (InClass & { readonly kind: 'delete'; readonly tier: Tier; readonly dt: string; readonly selection: Selection; readonly isDry: boolean })
  | (InClass & { readonly kind: 'rebuild'; readonly tier: RollupTier; readonly dt: string; readonly isVerified: boolean })
);

/** What comes of a call. */
export interface LakeAnswers {
  readonly judge: PieceReport;
  readonly piece: PieceReport;
  readonly step: CommitStep;
  readonly delete: DeleteStep;
  /** Null where there is no such partition, or nothing finer to compute it from. */
  readonly rebuild: TierDifferences | null;
}

export type LakeAnswer = LakeAnswers[LakeCall['kind']];
export type AnswerLakeCall = (call: LakeCall) => Promise<LakeAnswer>;

/** What the calls work on. */
export type LakeCallPorts = Pick<AdminPorts, 'objects' | 'catalog' | 'nextAttempt' | 'addressOf' | 'promotedLabels' | 'buckets' | 'retention' | 'classes'>;

export const answerLakeCalls = (ports: LakeCallPorts): AnswerLakeCall => {
  const cut = makeCutByClass(ports.classes);
  return async (call): Promise<LakeAnswer> => {
    const { nowMs } = call;
    switch (call.kind) {
      case 'judge':
        return judgePiece(ports, call.frame, { nowMs, retention: ports.retention, cut });
      case 'piece':
        return takePiece(ports, call.frame, { run: call.run, nowMs, promotedLabels: ports.promotedLabels, retention: ports.retention, cut });
      case 'step':
        return stepRun(ports, { ...rewriteSettings(ports), run: call.run, nowMs, nextAttempt: ports.nextAttempt, classes: ports.classes });
      case 'delete':
        return deleteStep(await adminLake(ports, call.class), call);
      case 'rebuild':
        return rebuildStep(await adminLake(ports, call.class), call);
    }
  };
};

const rebuildStep = async (ports: LakeCallPorts, { tier, dt, isVerified, nowMs }: Extract<LakeCall, { readonly kind: 'rebuild' }>): Promise<TierDifferences | null> => {
  const { retention } = ports;
  const found = isVerified ? await verifyPartition(ports, tier, dt, { retention, nowMs }) : await rebuildPartition(ports, tier, dt, rewriteSettings(ports), newRun(ports, nowMs));
  return found ?? null;
};
