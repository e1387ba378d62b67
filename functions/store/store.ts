import { createHash } from 'node:crypto';
import { AttemptLog } from '../../shared/catalog/attempts.ts';
import { addGap } from '../../shared/catalog/gaps.ts';
import { addHotFile } from '../../shared/catalog/hot-files.ts';
import type { ItemTable } from '../../shared/catalog/item-table.ts';
import { MetadataCache, saveMetadata } from '../../shared/catalog/metric-metadata.ts';
import { SenderLog } from '../../shared/catalog/senders.ts';
import { raiseWatermark } from '../../shared/catalog/watermarks.ts';
import { messageOf, PermanentError } from '../../shared/errors.ts';
import { addClass } from '../../shared/lakes/class-rows.ts';
import type { CutByClass } from '../../shared/lakes/cut-by-class.ts';
import { classPorts } from '../../shared/lakes/lakes.ts';
import type { RetentionClass } from '../../shared/lakes/retention-class.ts';
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

/** What a process remembers from one delivery to the next. One for its life. */
export class StoreMemory {
  readonly metadata = new MetadataCache();
  readonly attempts = new AttemptLog();
  /** Retention classes that stand in the catalog. */
  readonly classes = new Set<string>();
  readonly senders = new SenderLog();
}

export interface StoreOptions {
  /** Labels that have a column of their own. */
  readonly promotedLabels: readonly string[];
  readonly memory: StoreMemory;
  /** The same that ingest holds samples against, which allows `ARRIVAL_MARGIN_MS` less. */
  readonly limits?: SampleLimits;
  /** Which series belong to which retention class; all to the default one where it is left out. */
  readonly cut?: CutByClass;
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
  await noteSenders(ports, delivery, options, tally);
  return tally.report();
};

/** For people to see. The batch is stored by now, and is not delivered again for this. */
const noteSenders = async ({ catalog }: StorePorts, delivery: Delivery, { memory }: StoreOptions, tally: StoreTally): Promise<void> => {
  try {
    await memory.senders.note(catalog, delivery.shardId, tally.senders(), newestArrivalMs(delivery));
  } catch (error) {
    tally.sendersProblem = messageOf(error);
  }
};

/** A record alone is one that may have ended the process before, so its attempts are counted. */
const storeAlone = async (ports: StorePorts, delivery: Delivery, record: DeliveredRecord, options: StoreOptions, tally: StoreTally): Promise<void> => {
  const { shardId } = delivery;
  const { attempts } = options.memory;
  const attempt = await attempts.begin(ports.catalog, shardId, record.sequence);
  let prepared: readonly Prepared[] | undefined;
  try {
    if (attempt < LAST_ATTEMPT) prepared = [...prepare(delivery, options, tally)];
  } catch (error) {
    attempts.blame(shardId);
    throw error;
  }
  try {
    if (prepared === undefined) await giveUp(ports, shardId, record, tally);
    for (const each of prepared ?? []) await storeSlice(ports, each, options, tally);
    await raiseWatermark(ports.catalog, shardId, record.arrivalMs);
  } catch (error) {
    // An outage has to be waited out: were it counted, it would send good records into quarantine. The caller hears of the
    // refusal itself; that the catalog may refuse this write too is made good by what the process remembers.
    if (error instanceof PermanentError) attempts.blame(shardId);
    else await attempts.spare(ports.catalog, shardId).catch(() => undefined);
    throw error;
  }
};

interface Prepared {
  readonly slice: Slice;
  readonly stored: readonly ClassObjects[];
}

interface ClassObjects {
  /** Undefined for the default class. */
  readonly retentionClass: RetentionClass | undefined;
  readonly hotObjects: readonly HotObject[];
}

/** Everything that has no effect: decoding, limits, Parquet. */
function* prepare(delivery: Delivery, options: StoreOptions, tally: StoreTally): Generator<Prepared> {
  const { promotedLabels, limits = DEFAULT_SAMPLE_LIMITS, cut = uncut } = options;
  for (const slice of slices(delivery, { limits, caps: DEFAULT_FRAME_CAPS }, tally)) {
    const stored = cut(slice.batches).map(({ retentionClass, batches }) => ({ retentionClass, hotObjects: batches.length === 0 ? [] : buildHotObjects(batches, { promotedLabels }) }));
    yield { slice, stored };
  }
}

const uncut: CutByClass = (batches) => [{ retentionClass: undefined, batches }];

const storeSlice = async (ports: StorePorts, { slice, stored }: Prepared, { memory }: StoreOptions, tally: StoreTally): Promise<void> => {
  if (slice.quarantined.length > 0) await quarantine(ports, slice.quarantined);
  for (const { retentionClass, hotObjects } of stored) {
    if (retentionClass !== undefined) await announceClass(ports, retentionClass, memory);
    await storeObjects(retentionClass === undefined ? ports : classPorts(ports, retentionClass.name), slice, hotObjects, tally);
  }
  const described = slice.batches.flatMap((batch) => batch.metadata);
  await saveMetadata(ports.catalog, memory.metadata, described, slice.lastArrivalMs);
};

/** Before its first sample, so that readers who are promised it know where to look. */
const announceClass = async ({ catalog }: StorePorts, retentionClass: RetentionClass, { classes }: StoreMemory): Promise<void> => {
  if (classes.has(retentionClass.name)) return;
  await addClass(catalog, retentionClass);
  classes.add(retentionClass.name);
};

const storeObjects = async ({ objects, catalog }: StorePorts, slice: Slice, hotObjects: readonly HotObject[], tally: StoreTally): Promise<void> => {
  for (const { bytes, ...hotObject } of hotObjects) {
    const key = hotKey(slice, hotObject.hour, bytes);
    // False means that an earlier attempt made it; the name tells that its bytes are these.
    await objects.putIfAbsent(key, bytes);
    await addHotFile(catalog, { ...hotObject, key, bytes: bytes.length });
    tally.objects++;
    tally.rows += hotObject.rows;
    tally.bytes += bytes.length;
  }
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
const giveUp = async (ports: StorePorts, shardId: string, record: DeliveredRecord, tally: StoreTally): Promise<void> => {
  const { sequence, arrivalMs, partitionKey, data } = record;
  const reason = `storing it failed ${LAST_ATTEMPT - 1} times without an answer`;
  const key = await quarantine(ports, [{ shardId, sequence, arrivalMs, partitionKey, sender: '', reasons: [{ reason, samples: 0 }], data }]);
  await addGap(ports.catalog, { shardId, sequence, arrivalMs, reason, key });
  tally.records++;
  tally.quarantined++;
  tally.reject('', reason, 0);
};

const newestArrivalMs = ({ records }: Delivery): number => {
  let newest = Number.NEGATIVE_INFINITY;
  for (const { arrivalMs } of records) newest = Math.max(newest, arrivalMs);
  return newest;
};
