import { createRequire } from 'node:module';
import { labelsFromJson } from '../../shared/model/labels.ts';
import type { SampleBatch } from '../../shared/model/sample-batch.ts';

/** The part of snappy that is used. */
const { compressSync } = createRequire(import.meta.url)('snappy') as { readonly compressSync: (bytes: Uint8Array) => Buffer };

/** A WriteRequest of Prometheus remote write 1.0, snappy block: every series of the batches, at times from 2004 to 2109. */
export const remoteWriteBody = (batches: readonly SampleBatch[]): Buffer => compressSync(Buffer.concat(batches.flatMap(writeBatch)));

const writeBatch = ({ metrics, labels, offsets, tMs, values }: SampleBatch): readonly Buffer[] =>
  metrics.map((metric, k) => {
    const from = offsets[k] as number;
    const to = offsets[k + 1] as number;
    return field(TIMESERIES, Buffer.concat([...writeLabels(metric, labels[k] as string), writeSamples(tMs.subarray(from, to), values.subarray(from, to))]));
  });

/** These times have varints of one length, so that every sample has the same place and size. */
const writeSamples = (tMs: Float64Array, values: Float64Array): Buffer => {
  const times = Array.from(tMs, varint);
  const timeBytes = times[0]?.length ?? 0;
  const bytes = Buffer.alloc(tMs.length * (SAMPLE_HEAD + timeBytes));
  // Bytes, not numbers: a stale marker is told by its bits. Both this machine and protobuf are little-endian.
  const valueBytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  times.forEach((time, i) => {
    const at = i * (SAMPLE_HEAD + timeBytes);
    bytes[at] = SAMPLES;
    bytes[at + 1] = SAMPLE_HEAD - 2 + timeBytes;
    bytes[at + 2] = DOUBLE_VALUE;
    bytes.set(valueBytes.subarray(i * 8, i * 8 + 8), at + 3);
    bytes[at + 11] = TIMESTAMP;
    bytes.set(time, at + SAMPLE_HEAD);
  });
  return bytes;
};

const writeLabels = (metric: string, json: string): readonly Buffer[] =>
  labelsFromJson(metric, json).map(([name, value]) => field(LABELS, Buffer.concat([field(NAME, Buffer.from(name)), field(VALUE, Buffer.from(value))])));

/** Tags: field number << 3 | wire type. All three messages name their parts in the order of these numbers. */
const LENGTH_DELIMITED = 2;
const TIMESERIES = (1 << 3) | LENGTH_DELIMITED;
const LABELS = (1 << 3) | LENGTH_DELIMITED;
const SAMPLES = (2 << 3) | LENGTH_DELIMITED;
const NAME = (1 << 3) | LENGTH_DELIMITED;
const VALUE = (2 << 3) | LENGTH_DELIMITED;
const DOUBLE_VALUE = (1 << 3) | 1;
const TIMESTAMP = 2 << 3;
/** Bytes of a sample before its time: tag and length of the message, tag and value, tag. */
const SAMPLE_HEAD = 12;

const field = (tag: number, bytes: Uint8Array): Buffer => Buffer.concat([Buffer.of(tag), varint(bytes.length), bytes]);

/** A whole number from 0 to 2 ** 53. */
const varint = (number: number): Buffer => {
  const bytes: number[] = [];
  let rest = number;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
};
