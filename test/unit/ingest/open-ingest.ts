import type { Hono } from 'hono';
import { DEFAULT_BODY_BYTES, DEFAULT_DECODED_BYTES, DEFAULT_IN_FLIGHT_BYTES, type IngestCount, type IngestPorts, makeIngestApp } from '../../../functions/ingest/ingest.ts';
import { DEFAULT_SAMPLE_LIMITS } from '../../../shared/protocols/limits.ts';
import { decodeFrame, type FrameHeader } from '../../../shared/wire/frame.ts';
import type { OutgoingRecord } from '../../../shared/wire/record-stream.ts';

export const NOW_MS = Date.UTC(2026, 0, 1, 12);

export interface OpenIngest {
  readonly app: Hono<never>;
  readonly records: OutgoingRecord[];
  readonly counts: IngestCount[];
  /** Everything that is in the stream: `metric{labels} t value`. */
  samples(): string[];
  headers(): FrameHeader[];
}

/** The app over a list instead of a stream. */
export const openIngest = (ports: Partial<IngestPorts> = {}, limits: Partial<IngestPorts['limits']> = {}): OpenIngest => {
  const records: OutgoingRecord[] = [];
  const counts: IngestCount[] = [];
  let ids = 0;
  const app = makeIngestApp({
    putRecords: async (more) => void records.push(...more),
    nowMs: () => NOW_MS,
    nextRecordId: () => new Uint8Array(16).fill(++ids),
    count: (count) => void counts.push(count),
    ...ports,
    limits: {
      bodyBytes: DEFAULT_BODY_BYTES,
      decodedBytes: DEFAULT_DECODED_BYTES,
      inFlightBytes: DEFAULT_IN_FLIGHT_BYTES,
      samples: DEFAULT_SAMPLE_LIMITS,
      ...limits,
    },
  });
  return {
    app: app as unknown as Hono<never>,
    records,
    counts,
    samples: () => records.flatMap((record) => samplesOf(record.data)),
    headers: () => records.map((record) => decodeFrame(record.data).header),
  };
};

const samplesOf = (data: Uint8Array): string[] => {
  const { batch } = decodeFrame(data);
  return batch.metrics.flatMap((metric, k) => {
    const range = Array.from({ length: (batch.offsets[k + 1] as number) - (batch.offsets[k] as number) }, (_, i) => (batch.offsets[k] as number) + i);
    return range.map((i) => `${metric}${batch.labels[k] as string} ${batch.tMs[i] as number} ${batch.values[i] as number}`);
  });
};

export const post = (body: Uint8Array | string, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body: typeof body === 'string' ? body : new Uint8Array(body),
  headers,
});
