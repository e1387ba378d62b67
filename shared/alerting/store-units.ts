import { MAX_TRANSACT_WRITES } from '../catalog/item-table.ts';
import type { ItemTable, ItemWrite } from '../catalog/item-table.ts';
import { StaleLeaseError, leaseCheck } from './lease.ts';
import type { Lease } from './lease.ts';

/**
 * Stores units of writes, each whole or not at all, several to a transaction. One transaction after the other, since all of
 * them check the lease, and DynamoDB refuses transactions that meet on an item. Returns how many units are stored: all of them,
 * or the first ones, up to a transaction in which one of `checks` did not hold.
 * @throws StaleLeaseError when the lease has gone.
 */
export const storeUnits = async (items: ItemTable, lease: Lease, units: Iterable<readonly ItemWrite[]>, checks: readonly ItemWrite[] = []): Promise<number> => {
  let stored = 0;
  for (const { writes, unitCount } of packed(units, MAX_TRANSACT_WRITES - 1 - checks.length)) {
    const outcome = await items.transact([leaseCheck(lease), ...checks, ...writes]);
    if (!outcome.done) {
      const isOurs = outcome.failed.every((index) => index > 0 && index <= checks.length);
      if (!isOurs) throw new StaleLeaseError(`store alerts: found epoch ${lease.epoch} overtaken`);
      return stored;
    }
    stored += unitCount;
  }
  return stored;
};

/** DynamoDB allows 4 MB in a transaction; attribute names and numbers are not counted here. */
const MAX_BATCH_BYTES = 3_000_000;

interface Batch {
  readonly writes: readonly ItemWrite[];
  readonly unitCount: number;
}

/** Batches that fit a transaction beside the checks, each made when it is asked for; what belongs together stays together. */
function* packed(units: Iterable<readonly ItemWrite[]>, mostWrites: number): Generator<Batch> {
  let writes: ItemWrite[] = [];
  let unitCount = 0;
  let batchBytes = 0;
  for (const unit of units) {
    const bytes = unit.reduce((sum, write) => sum + Buffer.byteLength(JSON.stringify(write)), 0);
    if (writes.length > 0 && (writes.length + unit.length > mostWrites || batchBytes + bytes > MAX_BATCH_BYTES)) {
      yield { writes, unitCount };
      writes = [];
      unitCount = 0;
      batchBytes = 0;
    }
    writes.push(...unit);
    unitCount++;
    batchBytes += bytes;
  }
  if (writes.length > 0) yield { writes, unitCount };
}
