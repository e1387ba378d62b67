import type { ItemTable, ItemWrite } from '../catalog/item-table.ts';
import type { PartitionEntry, Tier } from '../catalog/partitions.ts';
import type { Retention } from '../tiers/retention.ts';
import { partitionEndMs } from './plan.ts';

/** What each tier still has: by its retention, and by what has expired already, which a longer retention does not bring back. */
export interface Coverage {
  readonly retention: Retention;
  /** The newest partition that has expired, by tier: neither it nor one before it is whole. */
  readonly expired: Readonly<Partial<Record<Tier, string>>>;
}

const PK = 'expired';

export const readCoverage = async (catalog: ItemTable, retention: Retention): Promise<Coverage> => ({
  retention,
  expired: Object.fromEntries((await catalog.query(PK)).map(({ sk, attributes }) => [sk, String(attributes['dt'])])),
});

/** Whether all that was stored of the time of a partition is still in the tier, or would be. */
export const isCovered = ({ retention, expired }: Coverage, { tier, dt }: Pick<PartitionEntry, 'tier' | 'dt'>, nowMs: number): boolean =>
  nowMs < partitionEndMs({ tier, dt }) + retention[tier] && dt > (expired[tier] ?? '');

/** Remembers for {@link readCoverage} that a partition has expired. Refused where a newer one had; stands in the catalog *before* it goes. */
export const expiredMark = ({ tier, dt }: Pick<PartitionEntry, 'tier' | 'dt'>): ItemWrite => ({
  put: { pk: PK, sk: tier, attributes: { dt } },
  when: { any: [{ is: 'absent' }, { is: 'less', attribute: 'dt', value: dt }] },
});
