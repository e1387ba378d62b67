import { MAX_TRANSACT_WRITES } from '../catalog/item-table.ts';
import type { ItemTable, ItemWrite } from '../catalog/item-table.ts';
import { StaleLeaseError, leaseCheck } from './lease.ts';
import type { Lease } from './lease.ts';

/**
 * Stores units of writes, each whole or not at all, several to a transaction. One transaction after the other, since all of
 * them check the lease, and DynamoDB refuses transactions that meet on an item.
 * @throws StaleLeaseError when the lease has gone.
 */
export const storeUnits = async (items: ItemTable, lease: Lease, units: readonly (readonly ItemWrite[])[]): Promise<void> => {
  for (const writes of packed(units)) {
    const outcome = await items.transact([leaseCheck(lease), ...writes]);
    if (!outcome.done) throw new StaleLeaseError(`store alerts: found epoch ${lease.epoch} overtaken`);
  }
};

/** DynamoDB allows 4 MB in a transaction; attribute names and numbers are not counted here. */
const MAX_BATCH_BYTES = 3_000_000;

/** Batches that fit a transaction beside the lease check; what belongs together stays together. */
const packed = (units: readonly (readonly ItemWrite[])[]): ItemWrite[][] => {
  const batches: ItemWrite[][] = [];
  let batch: ItemWrite[] = [];
  let batchBytes = 0;
  for (const unit of units) {
    const bytes = unit.reduce((sum, write) => sum + Buffer.byteLength(JSON.stringify(write)), 0);
    if (batch.length > 0 && (batch.length + unit.length > MAX_TRANSACT_WRITES - 1 || batchBytes + bytes > MAX_BATCH_BYTES)) {
      batches.push(batch);
      batch = [];
      batchBytes = 0;
    }
    batch.push(...unit);
    batchBytes += bytes;
  }
  return batch.length === 0 ? batches : [...batches, batch];
};
