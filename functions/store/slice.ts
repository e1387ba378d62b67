import { bytesOfHistograms } from '../../shared/model/histogram-column.ts';
import type { SampleBatch } from '../../shared/model/sample-batch.ts';
import { applyLimits, ARRIVAL_MARGIN_MS, type SampleLimits } from '../../shared/protocols/limits.ts';
import type { QuarantinedRecord, QuarantineReason } from '../../shared/storage/quarantine.ts';
import { decodeFrame, type Frame, type FrameCaps, FrameError, isHeartbeat } from '../../shared/wire/frame.ts';
import type { DeliveredRecord, Delivery } from '../../shared/wire/record-stream.ts';
import type { StoreTally } from './store-report.ts';

/** Consecutive records of a delivery that are stored together, decoded. */
export interface Slice {
  readonly shardId: string;
  readonly firstSequence: string;
  readonly lastSequence: string;
  readonly firstArrivalMs: number;
  readonly lastArrivalMs: number;
  /** The ids of the records in `batches`. */
  readonly recordIds: readonly Uint8Array[];
  readonly batches: readonly SampleBatch[];
  readonly quarantined: readonly QuarantinedRecord[];
}

export interface SliceOptions {
  readonly limits: SampleLimits;
  readonly caps: FrameCaps;
}

/**
 * A slice is closed behind the record that brings it to this, so that the memory of a delivery does not depend on how well
 * its records were compressed: 10,000 records of some hundred bytes may hold a million samples, 16 MB of labels or half a
 * million descriptions each. 64 MiB are four million samples in long series.
 */
const SLICE_BYTES = 64 * 1024 * 1024;

/** Of a decoded batch: time and value of a sample; three references and an offset of a series; a description's object. */
const SAMPLE_BYTES = 16;
const SERIES_BYTES = 28;
const DESCRIPTION_BYTES = 100;

/** The delivery in slices, the same each time. Content that cannot be stored is set aside, never thrown. */
export function* slices(delivery: Delivery, options: SliceOptions, tally: StoreTally): Generator<Slice> {
  const seen = new SeenRecords();
  let slice = new SliceBuilder(delivery.shardId);
  for (const record of delivery.records) {
    tally.records++;
    slice.add(record, options, tally, seen);
    if (slice.heldBytes < SLICE_BYTES) continue;
    yield slice.build();
    slice = new SliceBuilder(delivery.shardId);
  }
  if (slice.records > 0) yield slice.build();
}

/**
 * Tells records that a sender's retry put into the stream twice. The same id with other bytes is another record: a
 * sender that begins its ids anew must not lose samples, and identity makes the rest harmless. A record that lost samples
 * to its arrival is not kept here: the twin arrived later, and is judged by that as it would be in a delivery of its own.
 */
class SeenRecords {
  private readonly byId = new Map<string, Uint8Array>();

  has(recordId: Uint8Array, data: Uint8Array): boolean {
    const before = this.byId.get(idOf(recordId));
    return before !== undefined && Buffer.compare(before, data) === 0;
  }

  add(recordId: Uint8Array, data: Uint8Array): void {
    this.byId.set(idOf(recordId), data);
  }
}

const idOf = (recordId: Uint8Array): string => Buffer.from(recordId).toString('latin1');

class SliceBuilder {
  heldBytes = 0;
  records = 0;
  private readonly shardId: string;
  private readonly recordIds: Uint8Array[] = [];
  private readonly batches: SampleBatch[] = [];
  private readonly quarantined: QuarantinedRecord[] = [];
  private first: DeliveredRecord | undefined;
  private last: DeliveredRecord | undefined;

  constructor(shardId: string) {
    this.shardId = shardId;
  }

  add(record: DeliveredRecord, { limits, caps }: SliceOptions, tally: StoreTally, seen: SeenRecords): void {
    this.records++;
    this.first ??= record;
    this.last = record;
    const frame = decoded(record, caps);
    if (frame instanceof FrameError) {
      this.setAside(record, '', [{ reason: `undecodable: ${frame.part}`, samples: 0 }], tally);
      return;
    }
    const { recordId } = frame.header;
    if (seen.has(recordId, record.data)) tally.duplicates++;
    else if (isHeartbeat(frame)) tally.heartbeat(frame.header, record.arrivalMs);
    else if (this.take(record, frame, limits, tally)) seen.add(recordId, record.data);
  }

  build(): Slice {
    const { shardId, recordIds, batches, quarantined } = this;
    const first = this.first as DeliveredRecord;
    const last = this.last as DeliveredRecord;
    return {
      shardId,
      firstSequence: first.sequence,
      lastSequence: last.sequence,
      firstArrivalMs: first.arrivalMs,
      lastArrivalMs: last.arrivalMs,
      recordIds,
      batches,
      quarantined,
    };
  }

  /** Whether all of its samples are within the limits. */
  private take(record: DeliveredRecord, frame: Frame, limits: SampleLimits, tally: StoreTally): boolean {
    const { sender, recordId } = frame.header;
    const { batch, rejected } = applyLimits(frame.batch, record.arrivalMs, limits, ARRIVAL_MARGIN_MS);
    tally.samples += frame.batch.tMs.length;
    this.heldBytes += heldBytesOf(batch);
    if (rejected.length > 0) this.setAside(record, sender, rejected.map(({ reason, samples }) => ({ reason, samples })), tally);
    tally.seen(frame.header, record.arrivalMs, batch.tMs.length, batch.tMs.length === 0 ? undefined : record.arrivalMs - oldestMs(batch.tMs));
    if (batch.tMs.length > 0 || batch.metadata.length > 0) {
      this.batches.push(batch);
      this.recordIds.push(recordId);
    }
    return rejected.length === 0;
  }

  private setAside(record: DeliveredRecord, sender: string, reasons: readonly QuarantineReason[], tally: StoreTally): void {
    const { sequence, arrivalMs, partitionKey, data } = record;
    this.quarantined.push({ shardId: this.shardId, sequence, arrivalMs, partitionKey, sender, reasons, data });
    tally.quarantined++;
    for (const { reason, samples } of reasons) tally.reject(sender, reason, samples);
  }
}

const decoded = (record: DeliveredRecord, caps: FrameCaps): Frame | FrameError => {
  try {
    return decodeFrame(record.data, caps);
  } catch (error) {
    if (error instanceof FrameError) return error;
    throw error;
  }
};

const heldBytesOf = ({ tMs, labels, histograms, metadata }: SampleBatch): number => {
  const texts = new Set<string>();
  let last: string | undefined;
  let labelBytes = 0;
  for (const json of labels) {
    // Series of one host come in a row and share one string.
    if (json === last || texts.has(json)) continue;
    texts.add((last = json));
    labelBytes += json.length;
  }
  return labelBytes + bytesOfHistograms(histograms) + tMs.length * SAMPLE_BYTES + labels.length * SERIES_BYTES + metadata.length * DESCRIPTION_BYTES;
};

const oldestMs = (tMs: Float64Array): number => {
  let oldest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < tMs.length; i++) oldest = Math.min(oldest, tMs[i] as number);
  return oldest;
};
