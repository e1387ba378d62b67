import type { ItemTable, ItemWrite } from '../catalog/item-table.ts';
import { readClosedMs, stillClosedAt } from '../history/shelf.ts';
import type { Alert } from './alert.ts';
import { eventWrites } from './alert-events.ts';
import type { Lease } from './lease.ts';
import { writeAlert } from './state-items.ts';
import type { KnownRule } from './state-items.ts';
import { storeUnits } from './store-units.ts';

/** One alert's transition. */
export interface Transition {
  readonly rule: KnownRule;
  /** Canonical labels JSON of the alert. */
  readonly key: string;
  /** Undefined where there was none. */
  readonly before: Alert | undefined;
  /** Undefined when a pending alert ends. */
  readonly alert: Alert | undefined;
  /** The evaluation time. */
  readonly atMs: number;
}

/**
 * Stores transitions, each with its event for the history, `first` in front of them.
 * @throws StaleLeaseError when the lease has gone: what is remembered of alerts may be wrong then.
 */
export const storeTransitions = async (items: ItemTable, lease: Lease, transitions: readonly Transition[], first: readonly ItemWrite[] = []): Promise<void> => {
  await storeUnits(items, lease, first.length === 0 ? [] : [first]);
  for (let left = transitions; left.length > 0; ) {
    const closedMs = await readClosedMs(items, 'alert_events');
    // What is left when an hour was closed meanwhile, once an hour at most, goes to the next one.
    left = left.slice(await storeUnits(items, lease, unitsOf(left, closedMs), [stillClosedAt('alert_events', closedMs)]));
  }
};

/** Made one by one: of 100,000 alerts the writes are hundreds of megabytes. */
function* unitsOf(transitions: readonly Transition[], closedMs: number | undefined): Generator<readonly ItemWrite[]> {
  for (const transition of transitions) yield [writeAlert(transition.rule.ruleId, transition.key, transition.alert), ...eventWrites(transition, closedMs)];
}
