import { PermanentError } from '../errors.ts';
import { crc32c } from '../model/crc32c.ts';
import type { OutgoingRecord } from '../wire/record-stream.ts';

/** Kinesis' limit for key and data of a record together (PutRecords). */
export const MAX_RECORD_BYTES = 1024 * 1024;
/** Kinesis' limit for a partition key, in characters (PutRecordsRequestEntry). */
const MAX_KEY_CHARACTERS = 256;

/** A record with the stamp it got when it came in. */
export interface ArrivedRecord {
  readonly record: OutgoingRecord;
  readonly arrivalMs: number;
}

/** A record as it stands in a segment. */
export interface StoredRecord {
  readonly sequence: number;
  readonly arrivalMs: number;
  readonly partitionKey: string;
  readonly explicitHashKey: string;
  readonly data: Uint8Array;
}

/*
 * A frame, little-endian:
 *   0 u32 length of the checked part   4 u32 CRC-32C of the checked part
 *   checked part: 0 f64 sequence   8 f64 arrival, Unix ms   16 u16 bytes of key   18 u8 bytes of hash key   19 key, hash key, data
 */
const HEAD_BYTES = 8;
const FIXED_BYTES = 19;
const KEY_BYTES_AT = 16;
const HASH_KEY_BYTES_AT = 18;

/** The longest frame: a record of 1 MiB, a hash key of 39 digits, and what stands around them. */
export const MAX_FRAME_BYTES = HEAD_BYTES + FIXED_BYTES + 39 + MAX_RECORD_BYTES;

/** @throws PermanentError for a record that Kinesis would refuse for its size or key. */
export const checkRecord = ({ partitionKey, data }: OutgoingRecord): void => {
  const characters = partitionKey.length;
  if (characters === 0 || characters > MAX_KEY_CHARACTERS) {
    throw new PermanentError(`put record: partition key of ${characters} characters, 1 to ${MAX_KEY_CHARACTERS} allowed`);
  }
  const bytes = Buffer.byteLength(partitionKey) + data.length;
  if (bytes > MAX_RECORD_BYTES) {
    throw new PermanentError(`put record: ${bytes} bytes of key and data, ${MAX_RECORD_BYTES} bytes allowed`);
  }
};

export const frameBytes = ({ partitionKey, explicitHashKey = '', data }: OutgoingRecord): number =>
  HEAD_BYTES + FIXED_BYTES + Buffer.byteLength(partitionKey) + explicitHashKey.length + data.length;

/** The records as frames, one after the other, numbered from `firstSequence`. They have passed {@link checkRecord}. */
export const encodeFrames = (arrived: readonly ArrivedRecord[], firstSequence: number): Uint8Array => {
  const out = Buffer.alloc(arrived.reduce((bytes, { record }) => bytes + frameBytes(record), 0));
  let at = 0;
  arrived.forEach(({ record, arrivalMs }, i) => {
    const { partitionKey, explicitHashKey = '', data } = record;
    const body = at + HEAD_BYTES;
    out.writeDoubleLE(firstSequence + i, body);
    out.writeDoubleLE(arrivalMs, body + 8);
    const keyBytes = out.write(partitionKey, body + FIXED_BYTES, 'utf8');
    out.writeUInt16LE(keyBytes, body + KEY_BYTES_AT);
    out.writeUInt8(explicitHashKey.length, body + HASH_KEY_BYTES_AT);
    out.write(explicitHashKey, body + FIXED_BYTES + keyBytes, 'latin1');
    out.set(data, body + FIXED_BYTES + keyBytes + explicitHashKey.length);
    const end = at + frameBytes(record);
    out.writeUInt32LE(end - body, at);
    out.writeUInt32LE(crc32c(out.subarray(body, end)), at + 4);
    at = end;
  });
  return out;
};

/** The frame that begins at `at`, with the place behind it; undefined when no whole and good one does. `data` is over `bytes`. */
export const frameAt = (bytes: Uint8Array, at: number): { readonly record: StoredRecord; readonly end: number } | undefined => {
  if (at + HEAD_BYTES + FIXED_BYTES > bytes.length) return undefined;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const body = at + HEAD_BYTES;
  const end = body + view.readUInt32LE(at);
  if (end > bytes.length || end - at > MAX_FRAME_BYTES) return undefined;
  if (crc32c(bytes.subarray(body, end)) !== view.readUInt32LE(at + 4)) return undefined;
  const keyAt = body + FIXED_BYTES;
  const hashKeyAt = keyAt + view.readUInt16LE(body + KEY_BYTES_AT);
  const dataAt = hashKeyAt + view.readUInt8(body + HASH_KEY_BYTES_AT);
  // A hole that a power cut left reads as zeros, and the CRC of nothing is zero: such a frame ends before its fixed part does.
  if (dataAt > end) return undefined;
  const record: StoredRecord = {
    sequence: view.readDoubleLE(body),
    arrivalMs: view.readDoubleLE(body + 8),
    partitionKey: view.toString('utf8', keyAt, hashKeyAt),
    explicitHashKey: view.toString('latin1', hashKeyAt, dataAt),
    data: bytes.subarray(dataAt, end),
  };
  return { record, end };
};

/** What a whole segment holds up to its first bad frame. */
export interface SegmentScan {
  /** The place of the first byte that belongs to no good frame: the file's length when all is well. */
  readonly goodBytes: number;
  /** 0 when there is no good frame. */
  readonly lastSequence: number;
  /** -Infinity when there is no good frame. */
  readonly newestArrivalMs: number;
}

export const scanSegment = (bytes: Uint8Array): SegmentScan => {
  let goodBytes = 0;
  let lastSequence = 0;
  let newestArrivalMs = -Infinity;
  for (let frame = frameAt(bytes, 0); frame !== undefined; frame = frameAt(bytes, goodBytes)) {
    goodBytes = frame.end;
    lastSequence = frame.record.sequence;
    newestArrivalMs = Math.max(newestArrivalMs, frame.record.arrivalMs);
  }
  return { goodBytes, lastSequence, newestArrivalMs };
};
