import type { ByteReader } from './byte-reader.ts';
import { CorruptFileError, UnsupportedFileError } from './errors.ts';

/** 2^53 itself takes 54 bits, and nothing above it is exact in a double. */
const MAX_WIDTH = 54;
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
 */
export const readDeltas = (source: ByteReader, announced: number, from: number, to: number, room: Room = (length) => new Float64Array(length)): Float64Array => {
  const shape = readShape(source);
  const count = source.varint();
  if (count !== announced) throw new CorruptFileError(`found ${count} delta-packed values, ${announced} announced`);
  // The value before the next one; in an array, since a number that goes from function to function is an object on the heap.
  const last = Float64Array.of(source.zigzag());
  checkExact(last);
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
      readMiniblock(source, source.bytes[widthAt] as number, shape.miniblockValues, min, last, isSkipped ? skipped : values, start, start + next - at);
      if (isSkipped && next > from) values.set(skipped.subarray(from - at, next - at));
      checkExact(last);
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
const checkExact = (last: Float64Array): void => {
  const value = last[0] as number;
  if (!(value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER)) throw new CorruptFileError(`found the integer ${value}, at most 2^53 in size is allowed`);
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
    const delta =
      highBits > 0 ? low + (word(bytes, at + 4) % 2 ** highBits) * 2 ** (32 - shift) : width === 32 ? low : low & (2 ** width - 1);
    values[i] = value += min + delta;
  }
  last[0] = value;
};

/** Bytes past the end read as 0. They stand for no bits that are used. */
const word = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
