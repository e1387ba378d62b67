import type { ByteWriter } from './byte-writer.ts';

/** The block of parquet-java and of every writer measured: 128 values in 4 miniblocks of 32. */
const BLOCK = 128;
const MINIBLOCKS = 4;
const MINIBLOCK = BLOCK / MINIBLOCKS;
/** Varint and four widths, then 32 values of at most 8 bytes in each miniblock. */
const BLOCK_MAX_BYTES = 10 + MINIBLOCKS + BLOCK * 8;

/**
 * DELTA_BINARY_PACKED of the integers `from` to `to` (exclusive). They lie within ±2^51, so that a delta less the smallest
 * delta of its block is at most 2^53 and every step here is exact in doubles.
 */
export const writeDeltas = (out: ByteWriter, values: Float64Array, from: number, to: number): void => {
  const count = to - from;
  out.varint(BLOCK);
  out.varint(MINIBLOCKS);
  out.varint(count);
  out.zigzag(count > 0 ? (values[from] as number) : 0);
  const deltas = new Float64Array(BLOCK);
  for (let i = from + 1; i < to; i += BLOCK) writeBlock(out, values, i, Math.min(i + BLOCK, to), deltas);
};

/** Few headers, each of which ends a repetition: 0.16 bytes a time of 1,000 hosts' jittered times, 0.22 with 128 (measured, zstd 3). */
const REPEATS_BLOCK = 1024;
/** What a bit operation takes, and 49 days of milliseconds. */
const REPEATS_MAX_BYTES = 4;

interface Deltas {
  readonly min: number;
  readonly widthBytes: number;
}

const deltasOf = (values: Float64Array): Deltas => {
  let min = Infinity;
  let max = -Infinity;
  for (let i = 1; i < values.length; i++) {
    const delta = (values[i] as number) - (values[i - 1] as number);
    if (delta < min) min = delta;
    if (delta > max) max = delta;
  }
  return { min, widthBytes: min < max ? Math.ceil(bitsOfInteger(max - min) / 8) : 0 };
};

/** Whether {@link writeRepeatableDeltas} takes them. */
export const areRepeatable = (values: Float64Array): boolean => deltasOf(values).widthBytes <= REPEATS_MAX_BYTES;

/**
 * The same encoding with one smallest delta and one width of whole bytes for all, so that equal deltas are equal bytes wherever they
 * stand in a block: what repeats does so in the bytes too.
 * @throws RangeError where deltas differ by more than 32 bits.
 */
export const writeRepeatableDeltas = (out: ByteWriter, values: Float64Array): void => {
  const { min, widthBytes } = deltasOf(values);
  if (widthBytes > REPEATS_MAX_BYTES) throw new RangeError(`write deltas: found some of ${widthBytes} bytes, ${REPEATS_MAX_BYTES} are allowed`);
  out.varint(REPEATS_BLOCK);
  out.varint(1);
  out.varint(values.length);
  out.zigzag(values[0] ?? 0);
  for (let i = 1; i < values.length; i += REPEATS_BLOCK) {
    out.zigzag(min);
    out.byte(widthBytes * 8);
    packBytes(out, values, i, min, widthBytes);
  }
};

/** A block from row `from` on, padded with zeros. */
const packBytes = (out: ByteWriter, values: Float64Array, from: number, min: number, widthBytes: number): void => {
  out.reserve(REPEATS_BLOCK * widthBytes);
  const { bytes } = out;
  const end = Math.min(values.length, from + REPEATS_BLOCK);
  let at = out.position;
  out.position += REPEATS_BLOCK * widthBytes;
  for (let i = from; i < end; i++) {
    const delta = (values[i] as number) - (values[i - 1] as number) - min;
    for (let shift = 0; shift < widthBytes * 8; shift += 8) bytes[at++] = delta >>> shift;
  }
  bytes.fill(0, at, out.position);
};

const writeBlock = (out: ByteWriter, values: Float64Array, from: number, to: number, deltas: Float64Array): void => {
  let previous = values[from - 1] as number;
  let min = Infinity;
  let max = -Infinity;
  for (let i = from; i < to; i++) {
    const value = values[i] as number;
    const delta = value - previous;
    previous = value;
    deltas[i - from] = delta;
    if (delta < min) min = delta;
    if (delta > max) max = delta;
  }
  out.reserve(BLOCK_MAX_BYTES);
  out.zigzag(min);
  const widthsAt = out.position;
  out.bytes.fill(0, widthsAt, widthsAt + MINIBLOCKS);
  out.position += MINIBLOCKS;
  if (min === max) return;
  for (let miniblock = 0, start = 0; start < to - from; miniblock++, start += MINIBLOCK) {
    out.bytes[widthsAt + miniblock] = writeMiniblock(out, deltas, start, Math.min(start + MINIBLOCK, to - from), min);
  }
};

/** Writes the deltas less `min`, padded with zeros to a whole miniblock; returns the bits each takes. */
const writeMiniblock = (out: ByteWriter, deltas: Float64Array, start: number, end: number, min: number): number => {
  let most = 0;
  for (let i = start; i < end; i++) {
    const delta = ((deltas[i] as number) - min);
    deltas[i] = delta;
    if (delta > most) most = delta;
  }
  const width = bitsOfInteger(most);
  if (width === 0) return 0;
  deltas.fill(0, end, start + MINIBLOCK);
  if (width <= 32) packNarrow(out, deltas, start, width);
  else packWide(out, deltas, start, width);
  return width;
};

const bitsOfInteger = (value: number): number =>
  value < 2 ** 32 ? 32 - Math.clz32(value) : 64 - Math.clz32(Math.floor(value / 2 ** 32));

const packNarrow = (out: ByteWriter, deltas: Float64Array, start: number, width: number): void => {
  const { view } = out;
  let at = out.position;
  let buffer = 0;
  let bits = 0;
  for (let i = start; i < start + MINIBLOCK; i++) {
    const delta = (deltas[i] as number) | 0;
    buffer |= delta << bits;
    bits += width;
    if (bits >= 32) {
      view.setInt32(at, buffer, true);
      at += 4;
      bits -= 32;
      buffer = bits > 0 ? delta >>> (width - bits) : 0;
    }
  }
  out.position = at;
};

const packWide = (out: ByteWriter, deltas: Float64Array, start: number, width: number): void => {
  const { view } = out;
  const highWidth = width - 32;
  let at = out.position;
  let buffer = 0;
  let bits = 0;
  for (let i = start; i < start + MINIBLOCK; i++) {
    const delta = deltas[i] as number;
    const high = Math.floor(delta / 2 ** 32);
    const low = (delta - high * 2 ** 32) | 0;
    view.setInt32(at, buffer | (low << bits), true);
    at += 4;
    buffer = (bits > 0 ? low >>> (32 - bits) : 0) | (high << bits);
    bits += highWidth;
    if (bits >= 32) {
      view.setInt32(at, buffer, true);
      at += 4;
      bits -= 32;
      buffer = bits > 0 ? high >>> (highWidth - bits) : 0;
    }
  }
  out.position = at;
};
