import type { DeliveredRecord, ListShards } from '../wire/record-stream.ts';

export interface ShardRead {
  readonly records: readonly DeliveredRecord[];
  /** What `records` count towards the payload of a delivery. */
  readonly bytes: number;
  /** Whether the shard holds a record behind these already. */
  readonly more: boolean;
  /** The shard is closed, and these were its last records. */
  readonly ended: boolean;
}

/** A batch that was handed to the consumer and has not come back: the `records` behind `afterSequence`. */
export interface InFlight {
  readonly afterSequence: string;
  readonly records: number;
}

/** What a mapping needs of the stream it reads. Sequence numbers are decimal; "0" stands before the first record. */
export interface MappingSource {
  readonly listShards: ListShards;
  /** The records behind `afterSequence`, or from the oldest one on (TRIM_HORIZON), within both limits. */
  read(shardId: string, afterSequence: string | undefined, maxRecords: number, maxBytes: number): Promise<ShardRead>;
  /** The last sequence number whose record, and everything before it, is delivered. */
  checkpoint(shardId: string): Promise<string | undefined>;
  /** Durable once it resolves. */
  saveCheckpoint(shardId: string, sequence: string): Promise<void>;
  /** Whether the shard holds records behind its checkpoint. */
  behind(shardId: string): Promise<boolean>;
  /** The batch during whose delivery the process before this one died. */
  inFlight(shardId: string): Promise<InFlight | undefined>;
  /** Outlives the process; undefined takes the mark away. */
  markInFlight(shardId: string, batch: InFlight | undefined): Promise<void>;
  /** Gives up the space of what is delivered and old enough. */
  trim(): Promise<void>;
}
