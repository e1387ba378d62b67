import { isCanonicalHistogram } from '../histograms/histogram-bytes.ts';
import { type HistogramColumn, HistogramList, histogramsBefore } from '../model/histogram-column.ts';
import { bitsOf, putStaleAt } from '../model/stale.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { ByteWriter } from './byte-writer.ts';
import type { FrameVersion } from './envelope.ts';
import type { FrameCaps } from './frame-caps.ts';

/** Tags 0 to 6: that many decimals, first value and then deltas. CONSTANT + 0 to 6: one value for all samples. */
const SCALE_MAX = 6;
const CONSTANT = 8;
const RAW = 15;
/** Of version 2: some samples are histograms. */
const HISTOGRAM = 16;

const POWERS = Float64Array.from({ length: SCALE_MAX + 1 }, (_, scale) => 10 ** scale);

/** Scaled values lie within ±2^51, so that the zigzag form of their delta stays within 2^53. */
const SCALED_MAX = 2 ** 51;

/** Writes the values of one series after the other into streams: a tag per series, varints, histograms where there are some, and raw doubles. */
export class ValueWriter {
  private readonly tags = new ByteWriter(1024);
  private readonly varints = new ByteWriter(4096);
  private readonly doubles = new ByteWriter(1024);
  private readonly sections = new ByteWriter(1024);
  private readonly values: Float64Array;
  private readonly bytes: Uint8Array;
  private readonly histograms: HistogramColumn | undefined;
  private scaled = new Float64Array(64);

  constructor(values: Float64Array, histograms: HistogramColumn | undefined) {
    this.histograms = histograms;
    this.values = values;
    this.bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }

  /** The samples from `start` to `end` (exclusive). */
  series(start: number, end: number): void {
    if (this.histograms !== undefined && this.mixed(this.histograms, start, end)) return;
    if (end - start > this.scaled.length) this.scaled = new Float64Array(2 * (end - start));
    const scale = start === end ? -1 : this.scale(start, end);
    if (scale < 0) {
      this.tags.byte(RAW);
      // The bits as they are: a stale marker is a NaN that arithmetic would not keep.
      this.doubles.append(this.bytes.subarray(8 * start, 8 * end));
      return;
    }
    const { scaled, varints } = this;
    const count = end - start;
    const first = scaled[0] as number;
    varints.zigzag(first);
    if (isConstant(scaled, count)) {
      this.tags.byte(CONSTANT + scale);
      return;
    }
    this.tags.byte(scale);
    let before = first;
    for (let i = 1; i < count; i++) {
      const now = scaled[i] as number;
      varints.zigzag(now - before);
      before = now;
    }
  }

  /** Tags, varints and histograms as sections, and the doubles up to the end. */
  takeInto(out: ByteWriter): void {
    out.section(this.tags.take());
    out.section(this.varints.take());
    if (this.histograms !== undefined) out.section(this.sections.take());
    out.append(this.doubles.take());
  }

  /** Whether the series has histograms: then it is written, its other values raw. */
  private mixed({ places, bytes }: HistogramColumn, start: number, end: number): boolean {
    let next = histogramsBefore({ places, bytes }, start);
    if (next === places.length || (places[next] as number) >= end) return false;
    this.tags.byte(HISTOGRAM);
    for (let i = start; i < end; i++) {
      if (places[next] === i) this.sections.section(bytes[next++] as Uint8Array);
      else {
        this.sections.varint(0);
        this.doubles.append(this.bytes.subarray(8 * i, 8 * i + 8));
      }
    }
    return true;
  }

  /** Fills `scaled` for the smallest number of decimals at which division gives every value back bit for bit; -1 when none does. */
  private scale(start: number, end: number): number {
    const { values, scaled } = this;
    let scale = 0;
    let power = 1;
    for (let i = start; i < end; i++) {
      const value = values[i] as number;
      const integer = Math.round(value * power);
      const inRange = integer <= SCALED_MAX && integer >= -SCALED_MAX;
      if (inRange && integer / power === value && (integer !== 0 || !Object.is(value, -0))) {
        scaled[i - start] = integer;
        continue;
      }
      if (++scale > SCALE_MAX) return -1;
      power = POWERS[scale] as number;
      i = start - 1;
    }
    return scale;
  }
}

const isConstant = (scaled: Float64Array, count: number): boolean => {
  const first = scaled[0];
  for (let i = 1; i < count; i++) if (scaled[i] !== first) return false;
  return true;
};

/** What the value streams of a body hold. */
export interface ReadValues {
  readonly values: Float64Array;
  readonly histograms?: HistogramColumn;
}

/** Reads the rest of a body, the value streams, into one column; series k gets `offsets[k]` to `offsets[k + 1]`. @throws FrameError */
export const readValues = (body: ByteCursor, offsets: Uint32Array, version: FrameVersion, caps: FrameCaps): ReadValues => {
  const tags = body.section('value tags');
  const varints = body.section('values');
  const sections = version === 1 ? undefined : body.section('histograms');
  const values = new Float64Array(offsets.at(-1) as number);
  const bits = bitsOf(values);
  const list = new HistogramList();
  for (let k = 0; k + 1 < offsets.length; k++) {
    const start = offsets[k] as number;
    const end = offsets[k + 1] as number;
    const tag = tags.byte();
    if (tag <= SCALE_MAX) readDeltas(varints, values, start, end, POWERS[tag] as number);
    else if (tag === RAW) readRaw(body, bits, start, end);
    else if (tag >= CONSTANT && tag <= CONSTANT + SCALE_MAX) {
      values.fill(varints.zigzag() / (POWERS[tag - CONSTANT] as number), start, end);
    } else if (tag === HISTOGRAM && sections !== undefined) {
      for (let i = start; i < end; i++) readMixed(body, sections, bits, i, list, caps);
    } else throw tags.error(`tag ${tag}, which has no meaning in version ${version}`);
  }
  for (const part of [tags, varints, sections, body]) part?.close();
  const histograms = list.build();
  return histograms === undefined ? { values } : { values, histograms };
};

/** A histogram, or a raw double where the histogram's section is empty. */
const readMixed = (body: ByteCursor, sections: ByteCursor, bits: Uint32Array, place: number, list: HistogramList, caps: FrameCaps): void => {
  const bytes = sections.take(sections.count('bytes', 1));
  if (bytes.length === 0) return readRaw(body, bits, place, place + 1);
  if (list.count === caps.histograms) throw sections.error(`more than ${caps.histograms} histograms`);
  if (!isCanonicalHistogram(bytes)) throw sections.error('a histogram in another form than its one');
  list.add(place, bytes);
  putStaleAt(bits, place);
};

const readDeltas = (cursor: ByteCursor, values: Float64Array, start: number, end: number, power: number): void => {
  let scaled = 0;
  for (let i = start; i < end; i++) {
    scaled += cursor.zigzag();
    values[i] = scaled / power;
  }
};

const readRaw = (cursor: ByteCursor, bits: Uint32Array, start: number, end: number): void => {
  const raw = cursor.take(8 * (end - start));
  for (let i = 2 * start, at = 0; i < 2 * end; i++, at += 4) {
    bits[i] =
      (raw[at] as number) | ((raw[at + 1] as number) << 8) | ((raw[at + 2] as number) << 16) | ((raw[at + 3] as number) << 24);
  }
};
