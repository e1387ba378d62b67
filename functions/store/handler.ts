import type { KinesisStreamEvent, KinesisStreamRecord } from 'aws-lambda';
import { dynamoClient, s3Client } from '../../shared/aws/clients.ts';
import { makeDynamoItems } from '../../shared/aws/item-dynamo.ts';
import { logLine } from '../../shared/aws/log-line.ts';
import { makeS3Objects } from '../../shared/aws/object-s3.ts';
import { realPacing } from '../../shared/aws/pacing.ts';
import { loadConfig, parseRetentionClasses, STORE_ENV } from '../../shared/config.ts';
import { makeCutByClass } from '../../shared/lakes/cut-by-class.ts';
import { limitsFor } from '../../shared/protocols/limits.ts';
import type { DeliveredRecord, Delivery } from '../../shared/wire/record-stream.ts';
import { storeDelivery, StoreMemory } from './store.ts';

const config = loadConfig(STORE_ENV, process.env);
const ports = {
  objects: makeS3Objects(s3Client(process.env), config.bucketName, realPacing),
  catalog: makeDynamoItems(dynamoClient(), config.catalogTable, realPacing),
};
const options = { promotedLabels: config.promotedLabels, memory: new StoreMemory(), limits: limitsFor(config.retention), cut: makeCutByClass(parseRetentionClasses(JSON.parse(config.retentionClasses))) };

/** Throwing has Lambda deliver the batch again, then its halves: `storeDelivery` may be called any number of times. */
export const handler = async (event: KinesisStreamEvent): Promise<void> => {
  const report = await storeDelivery(ports, deliveryOf(event.Records), options);
  logLine({ stored: report });
};

/** A mapping hands out records of one shard, in order; the shard stands in front of each event's id: `shardId-000000000000:4959…`. */
const deliveryOf = (records: readonly KinesisStreamRecord[]): Delivery => ({
  shardId: records[0]?.eventID.split(':')[0] ?? '',
  records: records.map(recordOf),
});

const recordOf = ({ kinesis }: KinesisStreamRecord): DeliveredRecord => ({
  sequence: kinesis.sequenceNumber,
  arrivalMs: Math.round(kinesis.approximateArrivalTimestamp * 1000),
  partitionKey: kinesis.partitionKey,
  data: Buffer.from(kinesis.data, 'base64'),
});
