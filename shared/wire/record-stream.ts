/** A record on its way into the stream. Kinesis takes at most 1 MiB of key and data together. */
export interface OutgoingRecord {
  readonly partitionKey: string;
  /** A decimal 128-bit number that picks the shard instead of the partition key's hash. */
  readonly explicitHashKey?: string;
  readonly data: Uint8Array;
}

/**
 * Resolves when *every* record is durably accepted by the stream. Rejects with `ThrottledError` or `UnavailableError` (errors.ts)
 * otherwise; some of the records may have been accepted even so, which their identity makes harmless. Retries only what failed.
 */
export type PutRecords = (records: readonly OutgoingRecord[]) => Promise<void>;

/** One shard: an ordered log. */
export interface Shard {
  readonly shardId: string;
  /** The shards it came from by a split or merge; empty for first ones. Parents that have expired may be named still. */
  readonly parentIds: readonly string[];
  /** Decimal start of its hash key range: a record with this explicit hash key lands here while the shard is open. */
  readonly startingHashKey: string;
  /** A closed shard takes no records any more. */
  readonly open: boolean;
}

export type ListShards = () => Promise<readonly Shard[]>;

/** A record as the stream hands it to a consumer. */
export interface DeliveredRecord {
  /** Grows within a shard: a decimal number, compared by value. */
  readonly sequence: string;
  /** The stream's own arrival stamp, Unix ms. Not monotonic (Kinesis: "approximate"). */
  readonly arrivalMs: number;
  readonly partitionKey: string;
  readonly data: Uint8Array;
}

/** A batch of one shard, in order. */
export interface Delivery {
  readonly shardId: string;
  readonly records: readonly DeliveredRecord[];
}

/** The consumer of a mapping. Resolving acknowledges the whole batch; rejecting has it delivered again (bisected). */
export type Deliver = (delivery: Delivery) => Promise<void>;
