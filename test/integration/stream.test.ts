import { GetRecordsCommand, GetShardIteratorCommand } from '@aws-sdk/client-kinesis';
import { kinesisClient } from '../../shared/aws/clients.ts';
import { realPacing } from '../../shared/aws/pacing.ts';
import { makeKinesisListShards, makeKinesisPut } from '../../shared/aws/stream-kinesis.ts';
import type { DeliveredRecord } from '../../shared/wire/record-stream.ts';
import { defineRecordStreamContract } from '../contract/record-stream.contract.ts';
import { deleteStream, freshStream, onePerFile } from './fresh-resources.ts';

const client = kinesisClient();

/** Everything in a shard, from its beginning to what is newest now. */
const records = async (StreamName: string, ShardId: string): Promise<readonly DeliveredRecord[]> => {
  const found: DeliveredRecord[] = [];
  const start = await client.send(new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }));
  for (let iterator = start.ShardIterator; iterator !== undefined; ) {
    const page = await client.send(new GetRecordsCommand({ ShardIterator: iterator }));
    for (const { SequenceNumber = '', PartitionKey = '', ApproximateArrivalTimestamp, Data = new Uint8Array(0) } of page.Records ?? []) {
      found.push({ sequence: SequenceNumber, arrivalMs: ApproximateArrivalTimestamp?.getTime() ?? 0, partitionKey: PartitionKey, data: Data });
    }
    if (page.Records?.length === 0 && page.MillisBehindLatest === 0) break;
    iterator = page.NextShardIterator;
  }
  return found;
};

const stream = onePerFile(() => freshStream(2), deleteStream);

defineRecordStreamContract('Kinesis', async () => {
  const name = await stream();
  return {
    putRecords: makeKinesisPut(client, name, realPacing),
    listShards: makeKinesisListShards(client, name),
    records: (shardId) => records(name, shardId),
  };
});
