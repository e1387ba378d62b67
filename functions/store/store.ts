import { createHash } from 'node:crypto';
import { countAttempt, forgiveAttempt } from '../../shared/catalog/attempts.ts';
import { addGap } from '../../shared/catalog/gaps.ts';
import { addHotFile } from '../../shared/catalog/hot-files.ts';
import type { ItemTable } from '../../shared/catalog/item-table.ts';
import { type MetadataCache, saveMetadata } from '../../shared/catalog/metric-metadata.ts';
import { raiseWatermark } from '../../shared/catalog/watermarks.ts';
import { PermanentError } from '../../shared/errors.ts';
import { DEFAULT_SAMPLE_LIMITS, type SampleLimits } from '../../shared/protocols/limits.ts';
import { buildHotObjects, type HotObject } from '../../shared/storage/hot-object.ts';
import type { ObjectStore } from '../../shared/storage/object-store.ts';
import { quarantine } from '../../shared/storage/quarantine.ts';
import { DEFAULT_FRAME_CAPS } from '../../shared/wire/frame.ts';
import type { DeliveredRecord, Delivery } from '../../shared/wire/record-stream.ts';
import { type Slice, slices } from './slice.ts';
import { type StoreReport, StoreTally } from './store-report.ts';

export interface StorePorts {
  readonly objects: ObjectStore;
  readonly catalog: ItemTable;
}

export interface StoreOptions {
  /** Labels that have a column of their own. */
  readonly promotedLabels: readonly string[];
  /** One for the life of the process. */
  readonly metadata: MetadataCache;
  /** The same that ingest holds samples against. */
  readonly limits?: SampleLimits;
}

/** The attempt at which a record that ended the two before it is no longer decoded (design 4, store 2). */
const LAST_ATTEMPT = 3;

/**
 * Stores one batch of one shard. When it resolves, every sample of the batch is in a hot object that the catalog names
 * or in quarantine, and the shard's watermark has passed the batch. When it rejects, deliver the batch again: every effect
 * is named by what it contains, so the whole of it any number of times is the same as once.
 */
export const storeDelivery = async (ports: StorePorts, delivery: Delivery, options: StoreOptions): Promise<StoreReport> => {
  const [only] = delivery.records;
  const tally = new StoreTally();
  if (only === undefined) return tally.report();
  if (delivery.records.length === 1) {
    await storeAlone(ports, delivery, only, options, tally);
  } else {
    for (const prepared of prepare(delivery, options, tally)) await storeSlice(ports, prepared, options, tally);
    await raiseWatermark(ports.catalog, delivery.shardId, newestArrivalMs(delivery));
  }
  return tally.report();
};

/** A record alone is one that may have ended the process before, so its attempts are counted. */
const storeAlone = async (ports: StorePorts, delivery: Delivery, record: DeliveredRecord, options: StoreOptions, tally: StoreTally): Promise<void> => {
  const { shardId } = delivery;
  const { sequence, arrivalMs } = record;
  const waitOut = <T>(effects: () => Promise<T>): Promise<T> => withForgiveness(ports.catalog, shardId, sequence, effects);
  const attempt = await waitOut(() => countAttempt(ports.catalog, shardId, sequence));
  // Outside of the forgiveness: what fails here fails over the record's content, or ends the process.
  const prepared = attempt < LAST_ATTEMPT ? [...prepare(delivery, options, tally)] : undefined;
  await waitOut(async () => {
    if (prepared === undefined) await giveUp(ports, shardId, record, tally);
    for (const each of prepared ?? []) await storeSlice(ports, each, options, tally);
    await raiseWatermark(ports.catalog, shardId, arrivalMs);
  });
};

/**
 * Takes the attempt back when the outside refuses: only a process that died, or content that none of our code gets
 * through, counts. Otherwise an outage would send good records into quarantine, where it has to be waited out.
 */
const withForgiveness = async <T>(catalog: ItemTable, shardId: string, sequence: string, effects: () => Promise<T>): Promise<T> => {
  try {
    return await effects();
  } catch (error) {
    // The caller has to hear of the refusal itself; an attempt that stays counted is one of three.
    if (!(error instanceof PermanentError)) await forgiveAttempt(catalog, shardId, sequence).catch(() => undefined);
    throw error;
  }
};

interface Prepared {
  readonly slice: Slice;
  readonly hotObjects: readonly HotObject[];
}

/** Everything that has no effect: decoding, limits, Parquet. */
function* prepare(delivery: Delivery, options: StoreOptions, tally: StoreTally): Generator<Prepared> {
  const { promotedLabels, limits = DEFAULT_SAMPLE_LIMITS } = options;
  for (const slice of slices(delivery, { limits, caps: DEFAULT_FRAME_CAPS }, tally)) {
    const hotObjects = slice.batches.length === 0 ? [] : buildHotObjects(slice.batches, { promotedLabels });
    yield { slice, hotObjects };
  }
}

const storeSlice = async ({ objects, catalog }: StorePorts, { slice, hotObjects }: Prepared, options: StoreOptions, tally: StoreTally): Promise<void> => {
  if (slice.quarantined.length > 0) await quarantine(objects, slice.quarantined);
  for (const { bytes, ...hotObject } of hotObjects) {
    const key = hotKey(slice, hotObject.hour, bytes);
    // False means that an earlier attempt made it; the name tells that its bytes are these.
    await objects.putIfAbsent(key, bytes);
    await addHotFile(catalog, { ...hotObject, key, bytes: bytes.length });
    tally.objects++;
    tally.rows += hotObject.rows;
    tally.bytes += bytes.length;
  }
  const described = slice.batches.flatMap((batch) => batch.metadata);
  await saveMetadata(catalog, options.metadata, described, slice.lastArrivalMs);
};

/**
 * Sorts by arrival, and is named by what it contains. The bytes take part in the hash because the catalog row tells their
 * length: after a deployment of another writer a retry must not put its row beside the earlier object.
 */
const hotKey = ({ shardId, firstArrivalMs, firstSequence, lastSequence, recordIds }: Slice, hour: string, bytes: Uint8Array): string => {
  const hash = createHash('sha256');
  for (const recordId of recordIds) hash.update(recordId);
  const contents = hash.update(bytes).digest('hex').slice(0, 16);
  return `hot/dt=${hour}/${firstArrivalMs}-${shardId}-${firstSequence}-${lastSequence}-${contents}.parquet`;
};

/** Keeps the bytes as they are, and says that they are missing below the watermark. */
const giveUp = async ({ objects, catalog }: StorePorts, shardId: string, record: DeliveredRecord, tally: StoreTally): Promise<void> => {
  const { sequence, arrivalMs, partitionKey, data } = record;
  const reason = `storing it failed ${LAST_ATTEMPT - 1} times without an answer`;
  const key = await quarantine(objects, [{ shardId, sequence, arrivalMs, partitionKey, sender: '', reasons: [{ reason, samples: 0 }], data }]);
  await addGap(catalog, { shardId, sequence, arrivalMs, reason, key });
  tally.records++;
  tally.quarantined++;
  tally.reject('', reason, 0);
};

const newestArrivalMs = ({ records }: Delivery): number => {
  let newest = Number.NEGATIVE_INFINITY;
  for (const { arrivalMs } of records) newest = Math.max(newest, arrivalMs);
  return newest;
};
