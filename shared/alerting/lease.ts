import type { Item, ItemTable, ItemWrite } from '../catalog/item-table.ts';

const KEY = { pk: 'lease', sk: 'evaluate' } as const;

/** A holder that has died is followed after this at the latest: two schedules and some room (design 7). */
export const LEASE_MS = 130_000;

/** The right to evaluate. A greater epoch ends a smaller one. */
export interface Lease {
  readonly holder: string;
  readonly epoch: number;
}

/** Somebody else evaluates by now: forget everything remembered about alerts. */
export class StaleLeaseError extends Error {
  override readonly name = 'StaleLeaseError';
}

/** Must stand first in every transaction that moves alert state. */
export const leaseCheck = (lease: Lease): ItemWrite => ({ check: KEY, when: { is: 'equal', attribute: 'epoch', value: lease.epoch } });

/**
 * Takes the lease: a successor at once, whoever holds it, since the schedule sends one holder after the other; anybody else
 * only when it has run out. Undefined when somebody else was faster, or still holds it.
 */
export const takeLease = async (items: ItemTable, holder: string, nowMs: number, how: 'successor' | 'when-free'): Promise<Lease | undefined> => {
  const item = await items.get(KEY);
  if (item === undefined) {
    const outcome = await items.transact([{ put: leaseItem({ holder, epoch: 1 }, nowMs), when: { is: 'absent' } }]);
    return outcome.done ? { holder, epoch: 1 } : undefined;
  }
  if (how === 'when-free' && Number(item.attributes['untilMs']) > nowMs) return undefined;
  const before = Number(item.attributes['epoch']);
  const lease = { holder, epoch: before + 1 };
  const outcome = await items.transact([{ put: leaseItem(lease, nowMs), when: { is: 'equal', attribute: 'epoch', value: before } }]);
  return outcome.done ? lease : undefined;
};

/** Whether the lease is still ours; prolongs it when half of its time is over. */
export const keepLease = async (items: ItemTable, lease: Lease, nowMs: number): Promise<boolean> => {
  const item = await items.get(KEY);
  if (Number(item?.attributes['epoch']) !== lease.epoch) return false;
  if (Number(item?.attributes['untilMs']) - nowMs > LEASE_MS / 2) return true;
  const outcome = await items.transact([{ put: leaseItem(lease, nowMs), when: { is: 'equal', attribute: 'epoch', value: lease.epoch } }]);
  return outcome.done;
};

const leaseItem = (lease: Lease, nowMs: number): Item => ({ ...KEY, attributes: { holder: lease.holder, epoch: lease.epoch, untilMs: nowMs + LEASE_MS } });
