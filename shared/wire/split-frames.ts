import { PermanentError } from '../errors.ts';
import { cutHistograms } from '../model/histogram-column.ts';
import type { MetricMetadata, SampleBatch } from '../model/sample-batch.ts';
import { writeBody } from './body.ts';
import type { FrameCodec } from './compression.ts';
import { type FrameHeader, packBody, seal } from './envelope.ts';

export interface EncodedFrame {
  readonly recordId: Uint8Array;
  readonly bytes: Uint8Array;
  readonly samples: number;
}

/** A record is at most 1 MiB with its partition key (Kinesis PutRecords); the rest is head room for key and envelope. */
const RECORD_MAX_BYTES = 900_000;

/**
 * A batch as frames of at most `maxBytes`, in the order of its series, each with a record id of its own. An empty batch
 * gives none. Splits by series, then by the samples of one series; metadata rides with the first frames.
 * @throws PermanentError when a single sample or description does not fit, or where {@link encodeFrame} does.
 */
export const encodeFrames = (
  nextRecordId: () => Uint8Array,
  header: Omit<FrameHeader, 'recordId'>,
  batch: SampleBatch,
  maxBytes = RECORD_MAX_BYTES,
  codec: FrameCodec = 'zstd',
): EncodedFrame[] => {
  const frames: EncodedFrame[] = [];
  const pending = batch.metrics.length === 0 && batch.metadata.length === 0 ? [] : [batch];
  // The envelope is the fixed 26 bytes, two varints and the sender, which seal caps at 1 KiB.
  const bodyMaxBytes = maxBytes - 48 - Buffer.byteLength(header.sender);
  for (let piece = pending.pop(); piece !== undefined; piece = pending.pop()) {
    const { bytes, version, tooLarge } = writeBody(piece);
    const body = tooLarge === undefined ? packBody(bytes, version, codec) : undefined;
    if (body === undefined || body.packed.length > bodyMaxBytes) {
      const parts = cut(piece, body === undefined ? 2 : Math.ceil((1.1 * body.packed.length) / bodyMaxBytes));
      if (parts.length < 2) {
        throw new PermanentError(`encode frames: one sample or description takes ${body?.packed.length} bytes, ${bodyMaxBytes} allowed`);
      }
      pending.push(...parts.toReversed());
      continue;
    }
    const recordId = nextRecordId();
    frames.push({ recordId, bytes: seal({ ...header, recordId }, body), samples: piece.tMs.length });
  }
  return frames;
};

/** About `parts` parts of equal weight; a single one when the batch cannot be cut. */
const cut = (batch: SampleBatch, parts: number): SampleBatch[] => {
  const { metadata } = batch;
  const series = batch.metrics.length;
  if (metadata.length > 0 && (series > 0 || metadata.length > 1)) {
    // Metadata goes by itself, so that its weight does not follow every cut.
    const half = series > 0 ? metadata.length : Math.ceil(metadata.length / 2);
    const described = [only(batch, metadata.slice(0, half)), only(batch, metadata.slice(half))];
    return [...described.filter((part) => part.metadata.length > 0), ...(series > 0 ? [{ ...batch, metadata: [] }] : [])];
  }
  if (series > 1) return cutSeries(batch, Math.min(parts, series));
  return cutSamples(batch, Math.min(parts, batch.tMs.length));
};

const only = (batch: SampleBatch, metadata: readonly MetricMetadata[]): SampleBatch => ({
  metrics: [],
  labels: [],
  offsets: new Uint32Array(1),
  tMs: batch.tMs.subarray(0, 0),
  values: batch.values.subarray(0, 0),
  metadata,
});

const cutSeries = (batch: SampleBatch, parts: number): SampleBatch[] => {
  const pieces: SampleBatch[] = [];
  const { metrics, labels, offsets, tMs, values, histograms } = batch;
  for (let part = 0; part < parts; part++) {
    const from = Math.floor((metrics.length * part) / parts);
    const to = Math.floor((metrics.length * (part + 1)) / parts);
    const start = offsets[from] as number;
    const end = offsets[to] as number;
    pieces.push({
      metrics: metrics.slice(from, to),
      labels: labels.slice(from, to),
      offsets: offsets.slice(from, to + 1).map((offset) => offset - start),
      tMs: tMs.subarray(start, end),
      values: values.subarray(start, end),
      histograms: cutHistograms(histograms, start, end),
      metadata: [],
    });
  }
  return pieces;
};

const cutSamples = (batch: SampleBatch, parts: number): SampleBatch[] => {
  const pieces: SampleBatch[] = [];
  for (let part = 0; part < parts; part++) {
    const start = Math.floor((batch.tMs.length * part) / parts);
    const end = Math.floor((batch.tMs.length * (part + 1)) / parts);
    pieces.push({
      ...batch,
      offsets: Uint32Array.of(0, end - start),
      tMs: batch.tMs.subarray(start, end),
      values: batch.values.subarray(start, end),
      histograms: cutHistograms(batch.histograms, start, end),
    });
  }
  return pieces;
};
