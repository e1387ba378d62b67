import { PermanentError } from '../errors.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { ByteWriter } from './byte-writer.ts';
import type { FrameCaps } from './frame-caps.ts';

/**
 * Timestamps lie within ±2^50 ms (the year 37,648), so that the zigzag form of a delta of deltas stays within 2^53 and
 * every language can compute it in doubles.
 */
export const TIMESTAMP_MAX_MS = 2 ** 50;

/**
 * Numbers the timestamp vectors of a batch. Series scraped together have equal vectors, which are written once: this is
 * most of what makes a frame small.
 */
export class TimeVectorWriter {
  private readonly out = new ByteWriter(1024);
  private readonly tMs: Float64Array;
  private readonly starts: number[] = [];
  private readonly counts: number[] = [];
  private readonly byShape = new Map<number, number>();
  private lastRef = -1;

  constructor(tMs: Float64Array) {
    this.tMs = tMs;
  }

  /** The vector of the samples from `start` to `end` (exclusive). */
  ref(start: number, end: number): number {
    if (this.lastRef >= 0 && this.equals(this.lastRef, start, end)) return this.lastRef;
    // A hint only: what it finds is compared.
    const shape = start === end ? -1 : (this.tMs[start] as number) * 64 + ((end - start) & 63);
    const known = this.byShape.get(shape);
    if (known !== undefined && this.equals(known, start, end)) return (this.lastRef = known);
    const ref = this.starts.length;
    this.write(start, end);
    this.starts.push(start);
    this.counts.push(end - start);
    this.byShape.set(shape, ref);
    return (this.lastRef = ref);
  }

  /** The number of vectors; each as its length, the first time less the vector before's first, the first step, and then the changes of the step. */
  take(): Uint8Array {
    const all = new ByteWriter(this.out.length + 8);
    all.varint(this.starts.length);
    all.append(this.out.take());
    return all.take();
  }

  private equals(ref: number, start: number, end: number): boolean {
    if (this.counts[ref] !== end - start) return false;
    const { tMs } = this;
    const otherStart = this.starts[ref] as number;
    for (let i = start, j = otherStart; i < end; i++, j++) if (tMs[i] !== tMs[j]) return false;
    return true;
  }

  private write(start: number, end: number): void {
    const { tMs, out } = this;
    out.varint(end - start);
    let before = this.firstBefore();
    let stepBefore = 0;
    for (let i = start; i < end; i++) {
      const t = tMs[i] as number;
      if (!Number.isInteger(t) || t > TIMESTAMP_MAX_MS || t < -TIMESTAMP_MAX_MS) {
        throw new PermanentError(`encode frame: timestamp ${t}, whole milliseconds within ±2^50 allowed`);
      }
      const step = t - before;
      out.zigzag(step - stepBefore);
      stepBefore = i === start ? 0 : step;
      before = t;
    }
  }

  private firstBefore(): number {
    const last = this.starts.length - 1;
    return last < 0 || this.counts[last] === 0 ? 0 : (this.tMs[this.starts[last] as number] as number);
  }
}

/** Vector r is `tMs` from `offsets[r]` to `offsets[r + 1]` (exclusive). */
export interface TimeVectors {
  readonly tMs: Float64Array;
  readonly offsets: Uint32Array;
}

/** @throws FrameError */
export const readTimeVectors = (cursor: ByteCursor, caps: FrameCaps): TimeVectors => {
  const count = cursor.cappedCount('timestamp vectors', 1, caps.series);
  const offsets = new Uint32Array(count + 1);
  // Every timestamp takes a byte at least.
  const tMs = new Float64Array(Math.min(cursor.remaining, caps.samples));
  let at = 0;
  let firstBefore = 0;
  for (let r = 0; r < count; r++) {
    const length = cursor.cappedCount('timestamps', 1, tMs.length - at);
    readVector(cursor, tMs.subarray(at, at + length), firstBefore);
    firstBefore = length === 0 ? 0 : (tMs[at] as number);
    at += length;
    offsets[r + 1] = at;
  }
  cursor.close();
  return { tMs: tMs.subarray(0, at), offsets };
};

const readVector = (cursor: ByteCursor, into: Float64Array, firstBefore: number): void => {
  let before = firstBefore;
  let step = 0;
  for (let i = 0; i < into.length; i++) {
    step += cursor.zigzag();
    const t = before + step;
    if (t > TIMESTAMP_MAX_MS || t < -TIMESTAMP_MAX_MS) throw cursor.error(`timestamp ${t}, ±2^50 ms allowed`);
    into[i] = t;
    before = t;
    if (i === 0) step = 0;
  }
};
