import type { ByteReader } from './byte-reader.ts';
import { CorruptFileError, UnsupportedFileError } from './errors.ts';

/** 2^53 itself takes 54 bits, and nothing above it is exact in a double. */
const MAX_WIDTH = 54;
/** From one integer to the next; no writer of integers within ±2^51 needs more, and up to here every sum below is exact. */
const MAX_STEP = 2 ** 52;
const POWERS = Float64Array.from({ length: MAX_WIDTH + 1 }, (_, width) => 2 ** width);
/** No writer known uses larger blocks; parquet-java and arrow-rs use 128 or 256. */
const MAX_BLOCK = 1 << 16;

interface Shape {
  readonly miniblocks: number;
  readonly miniblockValues: number;
}

/** Memory for so many numbers, all of which are set. */
export type Room = (count: number) => Float64Array;

/**
 * Decodes the DELTA_BINARY_PACKED integers `from` to `to` (exclusive, or beyond the end) of exactly `announced`, into `room`.
 * @throws CorruptFileError for a stream that is cut short, or an integer beyond ±2^53.
 * @throws UnsupportedFileError for integers further apart than writers of ours put them.
 */
export const readDeltas = (source: ByteReader, announced: number, from: number, to: number, room: Room = (length) => new Float64Array(length)): Float64Array => {
  const shape = readShape(source);
  const count = source.varint();
  if (count !== announced) throw new CorruptFileError(`found ${count} delta-packed values, ${announced} announced`);
  // The value before the next one; in an array, since a number that goes from function to function is an object on the heap.
  const last = Float64Array.of(source.zigzag());
  checkExact(last[0] as number);
  // Each block takes at least a byte and its widths: checked before the memory for the values is taken.
  const blocks = Math.ceil(Math.max(0, count - 1) / (shape.miniblocks * shape.miniblockValues));
  if (blocks * (1 + shape.miniblocks) > source.remaining) {
    throw new CorruptFileError(`found ${count} delta-packed values announced in ${source.remaining} bytes`);
  }
  const end = Math.min(count, to);
  const values = room(Math.max(0, end - from));
  // Of what stands before them the last value is needed alone.
  const skipped = new Float64Array(from > 0 ? shape.miniblockValues : 0);
  if (from === 0 && end > 0) values[0] = last[0] as number;
  for (let at = 1; at < end; ) {
    const min = source.zigzag();
    let widthAt = source.position;
    source.skip(shape.miniblocks);
    for (const widthsEnd = source.position; widthAt < widthsEnd && at < end; widthAt++) {
      const next = Math.min(end, at + shape.miniblockValues);
      const isSkipped = at < from;
      const start = isSkipped ? 0 : at - from;
      const into = isSkipped ? skipped : values;
      const width = source.bytes[widthAt] as number;
      const before = last[0] as number;
      readMiniblock(source, width, shape.miniblockValues, min, last, into, start, start + next - at);
      if (!staysExact(before, min, width, next - at)) checkSteps(before, into, start, start + next - at);
      if (isSkipped && next > from) values.set(skipped.subarray(from - at, next - at));
      at = next;
    }
  }
  return values;
};

const readShape = (source: ByteReader): Shape => {
  const block = source.varint();
  const miniblocks = source.varint();
  const miniblockValues = block / miniblocks;
  if (block > MAX_BLOCK || miniblocks < 1 || miniblockValues % 32 !== 0 || miniblockValues === 0) {
    throw new UnsupportedFileError(`found delta blocks of ${block} values in ${miniblocks} parts, parts of a multiple of 32 are allowed`);
  }
  return { miniblocks, miniblockValues };
};

/** An integer, unless it was too large to be one. */
const checkExact = (value: number): void => {
  if (!Number.isSafeInteger(value)) throw new CorruptFileError(`found the integer ${value}, at most 2^53 in size is allowed`);
};

/** Whether so many deltas of so many bits cannot lead to anything that has to be checked; mostly they cannot. */
const staysExact = (before: number, min: number, width: number, count: number): boolean =>
  Math.abs(before) + count * (Math.abs(min) + (POWERS[width] as number)) <= MAX_STEP;

const checkSteps = (before: number, values: Float64Array, from: number, to: number): void => {
  let previous = before;
  for (let i = from; i < to; i++) {
    const value = values[i] as number;
    checkExact(value);
    const step = Math.abs(value - previous);
    if (step > MAX_STEP) throw new UnsupportedFileError(`found integers that are ${step} apart, at most 2^52 is allowed`);
    previous = value;
  }
};

/** Sets the values `from` to `to` (exclusive), which follow on `last`, and makes it the last one of them. The miniblock's bytes are consumed as a whole. */
const readMiniblock = (
  source: ByteReader,
  width: number,
  miniblockValues: number,
  min: number,
  last: Float64Array,
  values: Float64Array,
  from: number,
  to: number,
): void => {
  if (width > MAX_WIDTH) throw new UnsupportedFileError(`found deltas of ${width} bits, at most ${MAX_WIDTH} are allowed`);
  const start = source.position;
  source.skip((width * miniblockValues) / 8);
  if (width === 0) {
    let value = last[0] as number;
    for (let i = from; i < to; i++) values[i] = value += min;
    last[0] = value;
  } else if (width <= 24) unpackNarrow(source.bytes, start, width, min, last, values, from, to);
  else unpackWide(source.bytes, start, width, min, last, values, from, to);
};

type Unpack = (
  bytes: Uint8Array,
  start: number,
  width: number,
  min: number,
  last: Float64Array,
  values: Float64Array,
  from: number,
  to: number,
) => void;

const unpackNarrow: Unpack = (bytes, start, width, min, last, values, from, to) => {
  const mask = (1 << width) - 1;
  let value = last[0] as number;
  let at = start;
  let buffer = 0;
  let bits = 0;
  for (let i = from; i < to; i++) {
    while (bits < width) {
      buffer |= (bytes[at++] as number) << bits;
      bits += 8;
    }
    values[i] = value += min + (buffer & mask);
    buffer >>>= width;
    bits -= width;
  }
  last[0] = value;
};

const unpackWide: Unpack = (bytes, start, width, min, last, values, from, to) => {
  let value = last[0] as number;
  for (let i = from, bit = 0; i < to; i++, bit += width) {
    const at = start + (bit >> 3);
    const shift = bit & 7;
    // shift + width is at most 61 bits: two words, of which the upper gives what the lower lacks.
    const highBits = shift + width - 32;
    const low = word(bytes, at) >>> shift;
    // The upper bits first: of a delta of 54 bits these and `min` have a sum that is exact where the whole delta is not.
    if (highBits > 0) values[i] = value += min + (word(bytes, at + 4) % 2 ** highBits) * 2 ** (32 - shift) + low;
    else values[i] = value += min + (width === 32 ? low : low & (2 ** width - 1));
  }
  last[0] = value;
};

/** Bytes past the end read as 0. They stand for no bits that are used. */
const word = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
