import { FAILED_BATCHES, parseFailedBatch } from '../../shared/aws/failed-batch.ts';
import type { FailedBatchPage } from '../../shared/commands/redrive.ts';
import { PermanentError } from '../../shared/errors.ts';
import { MissingObjectError } from '../../shared/storage/object-store.ts';
import { quarantine } from '../../shared/storage/quarantine.ts';
import type { Delivery } from '../../shared/wire/record-stream.ts';
import type { AdminPorts } from './admin-ports.ts';

/** A batch is 6 MB at most, and half as much again as text in text. */
const PAGE_BYTES = 32 * 1024 * 1024;
/** More is none of Lambda's. */
const MAX_BATCH_BYTES = 64 * 1024 * 1024;
const REASON = 'its batch was given up by Lambda';

/**
 * Takes the next batches that Lambda gave up into quarantine, from where a redrive sends their records and remembers which. Twice
 * is the same as once: quarantine objects are named by what they hold.
 */
export const takeFailedBatches = async ({ objects, catalog }: AdminPorts, { after, isDry }: { readonly after?: string; readonly isDry: boolean }): Promise<FailedBatchPage> => {
  const listed = await objects.list(FAILED_BATCHES, after);
  const unread: string[] = [];
  let [batches, records, read, last] = [0, 0, 0, ''];
  for (const { key, bytes } of listed) {
    if (read > 0 && read + bytes > PAGE_BYTES) break;
    read += bytes;
    last = key;
    const batch = bytes > MAX_BATCH_BYTES ? undefined : await readBatch(objects, key);
    if (batch === undefined) unread.push(key);
    else {
      batches++;
      records += batch.records.length;
      if (!isDry) await quarantine({ objects, catalog }, batch.records.map((record) => ({ ...record, shardId: batch.shardId, sender: '', reasons: [{ reason: REASON, samples: 0 }] })));
    }
  }
  return { batches, records, unread, ...(last === '' ? {} : { next: last }) };
};

const readBatch = async (objects: AdminPorts['objects'], key: string): Promise<Delivery | undefined> => {
  try {
    return parseFailedBatch(key, await objects.get(key));
  } catch (error) {
    if (error instanceof PermanentError || error instanceof MissingObjectError) return undefined;
    throw error;
  }
};
