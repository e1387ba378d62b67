import type { CheckKey } from '../../shared/keys/key-check.ts';
import type { SampleLimits } from '../../shared/protocols/limits.ts';
import type { PutRecords } from '../../shared/wire/record-stream.ts';

export interface IngestLimits {
  /** A body as it comes over the wire. */
  readonly bodyBytes: number;
  /** A body after its content encoding is undone. */
  readonly decodedBytes: number;
  /** Bodies of all requests under way, before and after decoding. */
  readonly inFlightBytes: number;
  /** What every sample is held against; the store judges again by the same. */
  readonly samples: SampleLimits;
}

/** 6 MB is what a function URL takes in one request; ten times that is what the usual encodings make of it at most. */
export const DEFAULT_BODY_BYTES = 6 * 1024 * 1024;
export const DEFAULT_DECODED_BYTES = 32 * 1024 * 1024;
export const DEFAULT_IN_FLIGHT_BYTES = 128 * 1024 * 1024;

/** One thing that happened, for the product's own metrics. */
export type IngestCount =
  | { readonly accepted: number; readonly protocol: string; readonly sender: string }
  | { readonly rejected: number; readonly protocol: string; readonly sender: string; readonly reason: string }
  | { readonly refused: number; readonly protocol: string; readonly status: number };

export interface IngestPorts {
  readonly putRecords: PutRecords;
  /** Absent: an open installation, which must then listen on the loopback interface alone (`http/local-only.ts`). */
  readonly keys?: CheckKey;
  readonly nowMs: () => number;
  /** 16 bytes, never the same twice. */
  readonly nextRecordId: () => Uint8Array;
  readonly limits: IngestLimits;
  readonly count?: (count: IngestCount) => void;
}
