import type { CompactPorts } from '../compaction/commit-attempt.ts';
import type { OpenRollup } from '../compaction/rollup-sink.ts';
import type { AddressOf } from '../compaction/sql-list.ts';
import type { Retention } from '../tiers/retention.ts';

export type { CompactPorts };

/** How partitions are rewritten by the tools of the keeper: as the compactor writes them. */
export interface RewriteSettings {
  readonly promotedLabels: readonly string[];
  /** Of hours that begin. */
  readonly buckets: number;
  readonly openRollup: OpenRollup;
  readonly addressOf: AddressOf;
  readonly retention: Retention;
}

export interface RewriteRun {
  readonly nowMs: number;
  /** Letters and digits that no other run has, nor a repetition of this one. */
  readonly attempt: string;
}

/** Rewrites that another run was faster than, one after the other: the compactor takes seconds for each and then is done. */
export const MAX_LOST = 5;
