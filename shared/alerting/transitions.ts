import type { ItemTable, ItemWrite } from '../catalog/item-table.ts';
import type { Alert } from './alert.ts';
import type { Lease } from './lease.ts';
import { writeAlert } from './state-items.ts';
import { storeUnits } from './store-units.ts';

/** One alert's transition. */
export interface Transition {
  readonly ruleId: string;
  /** Canonical labels JSON of the alert. */
  readonly key: string;
  /** Undefined when a pending alert ends. */
  readonly alert: Alert | undefined;
}

/**
 * Stores transitions, `first` in front of them.
 * @throws StaleLeaseError when the lease has gone: what is remembered of alerts may be wrong then.
 */
export const storeTransitions = (items: ItemTable, lease: Lease, transitions: readonly Transition[], first: readonly ItemWrite[] = []): Promise<void> =>
  storeUnits(items, lease, [first, ...transitions.map(({ ruleId, key, alert }) => [writeAlert(ruleId, key, alert)])]);
