import type { ItemTable } from '../catalog/item-table.ts';
import { partitionsOf } from '../catalog/partitions.ts';
import { type Coverage, isCovered } from '../compaction/coverage.ts';
import { HOUR_MS } from '../model/hour.ts';
import type { RollupTier } from './recompute.ts';

export interface RebuildPartition {
  readonly tier: RollupTier;
  readonly dt: string;
}

/** The partitions of a tier in [fromMs, toMs) that can be computed from what stands: of 1m those whose raw samples have not begun to expire. */
export const planRebuild = async (catalog: ItemTable, tier: RollupTier, { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }, coverage: Coverage, nowMs: number): Promise<readonly RebuildPartition[]> => {
  const lengthMs = tier === '1m' ? HOUR_MS : 24 * HOUR_MS;
  // Also those without rows, which may have lost them.
  const entries = await partitionsOf(catalog, tier, Math.floor(fromMs / lengthMs) * lengthMs, toMs - 1);
  return entries.filter(({ dt }) => tier === '1h' || isCovered(coverage, { tier: 'raw', dt }, nowMs)).map(({ dt }) => ({ tier, dt }));
};
