import { ListShardsCommand, PutRecordsCommand, type KinesisClient, type PutRecordsResultEntry } from '@aws-sdk/client-kinesis';
import { messageOf, PermanentError, ThrottledError, UnavailableError } from '../errors.ts';
import type { ListShards, OutgoingRecord, PutRecords, Shard } from '../wire/record-stream.ts';
import { awsErrorOf } from './aws-error.ts';
import { backOff, type Pacing } from './pacing.ts';

/** Limits of one PutRecords request (Kinesis quotas): records, bytes of keys and data in all, bytes of one record. */
const MAX_REQUEST_RECORDS = 500;
const MAX_REQUEST_BYTES = 5 * 1024 * 1024;
const MAX_RECORD_BYTES = 1024 * 1024;

/** With the back-off about three seconds: less than a sender waits for an answer. */
const MAX_ATTEMPTS = 6;

const RETRY_AFTER_S = 5;

const THROTTLES: ReadonlySet<string> = new Set(['ProvisionedThroughputExceededException', 'KMSThrottlingException', 'LimitExceededException']);

export const makeKinesisPut =
  (client: KinesisClient, streamName: string, pacing: Pacing): PutRecords =>
  async (records) => {
    for (const request of requestsOf(records)) await putAll(client, streamName, request, pacing);
  };

const bytesOf = ({ partitionKey, data }: OutgoingRecord): number => Buffer.byteLength(partitionKey) + data.length;

/** Cuts records into requests, in order. */
const requestsOf = (records: readonly OutgoingRecord[]): readonly (readonly OutgoingRecord[])[] => {
  const requests: OutgoingRecord[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const record of records) {
    const size = bytesOf(record);
    if (size > MAX_RECORD_BYTES) throw new PermanentError(`put records: found one of ${size} bytes, at most ${MAX_RECORD_BYTES} bytes with its key`);
    const last = requests.at(-1);
    if (last === undefined || last.length === MAX_REQUEST_RECORDS || bytes + size > MAX_REQUEST_BYTES) {
      requests.push([record]);
      bytes = size;
    } else {
      last.push(record);
      bytes += size;
    }
  }
  return requests;
};

const putAll = async (client: KinesisClient, streamName: string, records: readonly OutgoingRecord[], pacing: Pacing): Promise<void> => {
  let left = records;
  let code = '';
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    if (attempt > 1) await backOff(pacing, attempt - 1);
    const results = await putOnce(client, streamName, left);
    // The answer has one entry per record, in the request's order.
    const refused = left.filter((_, k) => results[k]?.SequenceNumber === undefined);
    if (refused.length === 0) return;
    code = results.find((result) => result.ErrorCode !== undefined)?.ErrorCode ?? '';
    left = refused;
  }
  const message = `put records: ${left.length} of ${records.length} were refused ${MAX_ATTEMPTS} times with ${code || 'no reason'}`;
  throw THROTTLES.has(code) ? new ThrottledError(message, RETRY_AFTER_S) : new UnavailableError(message, RETRY_AFTER_S);
};

const putOnce = async (client: KinesisClient, streamName: string, records: readonly OutgoingRecord[]): Promise<readonly PutRecordsResultEntry[]> => {
  const entries = records.map(({ partitionKey, explicitHashKey, data }) => ({
    PartitionKey: partitionKey,
    Data: data,
    ...(explicitHashKey === undefined ? {} : { ExplicitHashKey: explicitHashKey }),
  }));
  try {
    return (await client.send(new PutRecordsCommand({ StreamName: streamName, Records: entries }))).Records ?? [];
  } catch (cause) {
    const message = `put records: ${messageOf(cause)}`;
    throw THROTTLES.has(awsErrorOf(cause).name) ? new ThrottledError(message, RETRY_AFTER_S, { cause }) : new UnavailableError(message, RETRY_AFTER_S, { cause });
  }
};

/** Every shard that Kinesis still keeps, closed ones too. */
export const makeKinesisListShards =
  (client: KinesisClient, streamName: string): ListShards =>
  async () => {
    const shards: Shard[] = [];
    let token: string | undefined;
    do {
      // A token stands for the stream as well: both together are refused.
      const page = await client.send(new ListShardsCommand(token === undefined ? { StreamName: streamName } : { NextToken: token }));
      for (const { ShardId, ParentShardId, AdjacentParentShardId, HashKeyRange, SequenceNumberRange } of page.Shards ?? []) {
        shards.push({
          shardId: ShardId ?? '',
          parentIds: [ParentShardId, AdjacentParentShardId].filter((id) => id !== undefined),
          startingHashKey: HashKeyRange?.StartingHashKey ?? '0',
          open: SequenceNumberRange?.EndingSequenceNumber === undefined,
        });
      }
      token = page.NextToken;
    } while (token !== undefined);
    return shards;
  };
