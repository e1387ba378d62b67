import { type KinesisClient, ListShardsCommand, type PutRecordsResultEntry, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { PermanentError, ThrottledError } from '../../shared/errors.ts';
import type { OutgoingRecord } from '../../shared/wire/record-stream.ts';
import type { Faults } from './faults.ts';
import type { SimProcess } from './process.ts';
import type { SimStream } from './sim-stream.ts';

const PAGE_SHARDS = 3;

/** A throttled request as the SDK tells it (Kinesis API reference, PutRecords). */
class ThroughputExceeded extends Error {
  override readonly name = 'ProvisionedThroughputExceededException';
  readonly $metadata = { httpStatusCode: 400, attempts: 3 };
}

export interface SimKinesisOptions {
  readonly faults: Faults;
  readonly process: SimProcess;
  /** The probability that one record of a request is refused while the request goes through. */
  readonly partialPut: number;
}

/** The requests that the product's own Kinesis adapter makes, answered out of memory. */
export const simKinesis = (stream: SimStream, { faults, process, partialPut }: SimKinesisOptions): KinesisClient => {
  const send = async (command: unknown): Promise<unknown> => {
    if (command instanceof PutRecordsCommand) {
      const records = (command.input.Records ?? []).map(({ PartitionKey, ExplicitHashKey, Data }): OutgoingRecord => ({
        partitionKey: PartitionKey ?? '',
        data: Data ?? new Uint8Array(0),
        ...(ExplicitHashKey === undefined ? {} : { explicitHashKey: ExplicitHashKey }),
      }));
      return throttlesAsKinesis(() => faults.call(process, 'stream', `put ${records.length} records`, () => ({ Records: putAll(stream, records, faults, partialPut) })));
    }
    if (command instanceof ListShardsCommand) return faults.call(process, 'stream', 'list shards', () => page(stream, command.input.NextToken));
    throw new PermanentError('simulated stream: found an unknown request, PutRecords and ListShards are allowed');
  };
  // The adapter calls nothing else of the client.
  return { send } as unknown as KinesisClient;
};

const throttlesAsKinesis = async <T>(request: () => Promise<T>): Promise<T> => {
  try {
    return await request();
  } catch (error) {
    throw error instanceof ThrottledError ? new ThroughputExceeded(error.message) : error;
  }
};

const putAll = (stream: SimStream, records: readonly OutgoingRecord[], faults: Faults, partialPut: number): PutRecordsResultEntry[] =>
  records.map((record) => {
    if (faults.chance(partialPut)) return { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'slow down' };
    return { SequenceNumber: stream.append(record).sequence };
  });

const page = (stream: SimStream, token: string | undefined) => {
  const from = Number(token ?? 0);
  const shards = stream.listShards().slice(from, from + PAGE_SHARDS);
  const next = from + shards.length;
  return {
    Shards: shards.map(({ shardId, parentIds: [parent, adjacent], startingHashKey, open }) => ({
      ShardId: shardId,
      ParentShardId: parent,
      AdjacentParentShardId: adjacent,
      HashKeyRange: { StartingHashKey: startingHashKey },
      SequenceNumberRange: open ? { StartingSequenceNumber: '0' } : { StartingSequenceNumber: '0', EndingSequenceNumber: '1' },
    })),
    ...(next < stream.listShards().length ? { NextToken: String(next) } : {}),
  };
};
