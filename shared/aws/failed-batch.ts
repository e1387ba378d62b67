import { PermanentError } from '../errors.ts';
import type { Delivery } from '../wire/record-stream.ts';

/** Where Lambda puts the batches of a mapping that it gave up: `aws/lambda/<mapping>/<shard>/YYYY/MM/DD/<time>-<random>`. */
export const FAILED_BATCHES = 'aws/lambda/';

interface InvocationRecord {
  /** The whole event as text. */
  readonly payload: string;
}

interface KinesisEvent {
  readonly Records: readonly {
    /** `shardId-000000000000:4959…` */
    readonly eventID: string;
    readonly kinesis: { readonly partitionKey: string; readonly sequenceNumber: string; readonly data: string; readonly approximateArrivalTimestamp: number };
  }[];
}

/**
 * The records of a failed batch (Lambda developer guide, "Retain discarded batch records": S3 gets the whole invocation record, whose
 * `payload` is the event). @throws PermanentError for an object of another kind.
 */
export const parseFailedBatch = (key: string, bytes: Uint8Array): Delivery => {
  try {
    const { payload } = JSON.parse(Buffer.from(bytes).toString()) as InvocationRecord;
    const { Records } = JSON.parse(payload) as KinesisEvent;
    const [first] = Records;
    if (first === undefined) throw new Error('no records');
    const records = Records.map(({ kinesis }) => ({
      sequence: sequenceOf(textOf(kinesis.sequenceNumber)),
      arrivalMs: timeOf(kinesis.approximateArrivalTimestamp),
      partitionKey: textOf(kinesis.partitionKey),
      data: new Uint8Array(Buffer.from(textOf(kinesis.data), 'base64')),
    }));
    return { shardId: shardOf(textOf(first.eventID)), records };
  } catch (cause) {
    throw new PermanentError(`read failed batch ${key}: found no invocation record of a Kinesis batch`, { cause });
  }
};

const textOf = (value: unknown): string => {
  if (typeof value !== 'string' || value === '') throw new TypeError('a text is allowed');
  return value;
};

const timeOf = (seconds: unknown): number => {
  if (typeof seconds !== 'number' || !(seconds >= 0) || seconds > 1e11) throw new TypeError('Unix seconds are allowed');
  return Math.round(seconds * 1000);
};

/** Both become a part of a key. */
const sequenceOf = (sequence: string): string => {
  if (!/^\d{1,128}$/.test(sequence)) throw new TypeError('a sequence number is allowed');
  return sequence;
};

const shardOf = (eventId: string): string => {
  const [shardId = ''] = eventId.split(':');
  if (!/^[A-Za-z0-9-]{1,128}$/.test(shardId)) throw new TypeError('a shard id is allowed');
  return shardId;
};
