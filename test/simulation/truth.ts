import { labelsFromJson } from '../../shared/model/labels.ts';
import { bitsOf } from '../../shared/model/stale.ts';
import { ARRIVAL_MARGIN_MS, DEFAULT_SAMPLE_LIMITS } from '../../shared/protocols/limits.ts';
import { decodeFrame, FrameError } from '../../shared/wire/frame.ts';
import type { DeliveredRecord } from '../../shared/wire/record-stream.ts';
import { identityOfSample, type SimSample, type ValueBits } from './sample.ts';

export type RecordKind = 'samples' | 'heartbeat' | 'poison' | 'killer';

/** A record of the stream as it really is, whatever the product makes of it. */
export interface ArrivedRecord {
  readonly shardId: string;
  readonly sequence: string;
  readonly arrivalMs: number;
  readonly kind: RecordKind;
  readonly data: Uint8Array;
  /** Its samples that lie within the limits, by identity. */
  readonly within: readonly (readonly [identity: string, bits: ValueBits])[];
  /** How many lie outside. */
  readonly outside: number;
}

interface Declared {
  readonly kind: RecordKind;
  readonly samples: readonly SimSample[];
}

/** Wrong, and why. Ends the run. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: string;

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}

/** What really happened, as an all-knowing observer outside of the product keeps it. */
export class Truth {
  readonly arrived: ArrivedRecord[] = [];
  /** Every value that a record brought within the limits, by identity. */
  readonly possible = new Map<string, ValueBits[]>();
  /** By `<shard>/<sequence>`: deliveries of the record alone, but for those that ended in an error that they could clear up after. */
  readonly attempts = new Map<string, { readonly now: number; readonly most: number }>();
  acknowledged = 0;
  violation: Violation | undefined;
  private readonly declared = new Map<string, Declared>();

  /** Keeps the first violation: what comes after it may follow from it. */
  violate(violation: Violation): void {
    this.violation ??= violation;
  }

  /** Names what these bytes hold, before they are sent. Bytes that nobody named are decoded when they arrive. */
  declare(data: Uint8Array, kind: RecordKind, samples: readonly SimSample[]): void {
    this.declared.set(textOf(data), { kind, samples });
  }

  isDeclared(data: Uint8Array): boolean {
    return this.declared.has(textOf(data));
  }

  isKiller(data: Uint8Array): boolean {
    return this.declared.get(textOf(data))?.kind === 'killer';
  }

  arrive(shardId: string, { sequence, arrivalMs, data }: DeliveredRecord): void {
    const key = textOf(data);
    const { kind, samples } = this.declared.get(key) ?? decoded(data);
    const within: [string, ValueBits][] = [];
    for (const sample of samples) {
      if (!isWithin(sample.tMs, arrivalMs)) continue;
      const identity = identityOfSample(sample);
      within.push([identity, sample]);
      const values = this.possible.get(identity);
      if (values === undefined) this.possible.set(identity, [sample]);
      else values.push(sample);
    }
    this.arrived.push({ shardId, sequence, arrivalMs, kind, data, within, outside: samples.length - within.length });
  }

  /** The sender was told that these samples are taken: a record of the stream must hold each by then, within the limits. */
  acknowledge(samples: readonly SimSample[]): void {
    for (const sample of samples) {
      const identity = identityOfSample(sample);
      const there = this.possible.get(identity)?.some(({ low, high }) => low === sample.low && high === sample.high) === true;
      if (!there) this.violate(new Violation('acknowledged is in the stream', `${identity} was acknowledged, no record of the stream holds it for the store`));
    }
    this.acknowledged += samples.length;
  }
}

/** Judged by the arrival of the record, with what the store allows beyond the limits of the ingest function. */
const isWithin = (tMs: number, arrivalMs: number): boolean =>
  tMs >= arrivalMs - DEFAULT_SAMPLE_LIMITS.ageMs - ARRIVAL_MARGIN_MS && tMs <= arrivalMs + DEFAULT_SAMPLE_LIMITS.futureMs + ARRIVAL_MARGIN_MS;

const textOf = (data: Uint8Array): string => Buffer.from(data.buffer, data.byteOffset, data.length).toString('latin1');

const decoded = (data: Uint8Array): Declared => {
  try {
    const { batch } = decodeFrame(data);
    const bits = bitsOf(Float64Array.from(batch.values));
    const samples = batch.metrics.flatMap((metric, k) => {
      const labels = Object.fromEntries(labelsFromJson('', batch.labels[k] as string));
      const [from, to] = [batch.offsets[k] as number, batch.offsets[k + 1] as number];
      return Array.from({ length: to - from }, (_, n): SimSample => {
        const i = from + n;
        return { metric, labels, tMs: batch.tMs[i] as number, low: bits[2 * i] as number, high: bits[2 * i + 1] as number };
      });
    });
    return { kind: batch.metrics.length === 0 ? 'heartbeat' : 'samples', samples };
  } catch (error) {
    if (error instanceof FrameError) return { kind: 'poison', samples: [] };
    throw error;
  }
};
