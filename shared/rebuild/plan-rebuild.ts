import type { ItemTable } from '../catalog/item-table.ts';
import { listPartitions } from '../catalog/partitions.ts';
import { partitionEndMs, RETENTION_MS } from '../compaction/plan.ts';
import { HOUR_MS } from '../model/hour.ts';
import type { RollupTier } from './recompute.ts';

export interface RebuildPartition {
  readonly tier: RollupTier;
  readonly dt: string;
}

/** The partitions of a tier in [fromMs, toMs) that can be computed from what stands: of 1m those whose raw samples have not begun to expire. */
export const planRebuild = async (catalog: ItemTable, tier: RollupTier, { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }, nowMs: number): Promise<readonly RebuildPartition[]> => {
  const lengthMs = tier === '1m' ? HOUR_MS : 24 * HOUR_MS;
  const entries = await listPartitions(catalog, tier, Math.floor(fromMs / lengthMs) * lengthMs, toMs - 1);
  return entries.filter(({ dt }) => tier === '1h' || nowMs < partitionEndMs({ tier: 'raw', dt }) + RETENTION_MS.raw).map(({ dt }) => ({ tier, dt }));
};
