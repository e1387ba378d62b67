import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { CorruptFileError } from './errors.ts';
import { isUtf8 } from 'node:buffer';

/** PLAIN doubles are their little-endian bits, which is the memory of a Float64Array on every platform Node 24 runs on. */
export const writeDoubles = (out: ByteWriter, values: Float64Array): void => {
  out.append(new Uint8Array(values.buffer, values.byteOffset, values.length * 8));
};

/** Bits survive: the values are copied as bytes. */
export const readDoubles = (source: ByteReader, count: number): Float64Array => {
  const bytes = source.take(count * 8);
  const values = new Float64Array(count);
  new Uint8Array(values.buffer).set(bytes);
  return values;
};

/** Integers within ±2^53. */
export const writeInt64s = (out: ByteWriter, values: Float64Array): void => {
  out.reserve(values.length * 8);
  const { view } = out;
  let at = out.position;
  for (const value of values) {
    putInt64(view, at, value);
    at += 8;
  }
  out.position = at;
};

export const putInt64 = (view: DataView, at: number, value: number): void => {
  const high = Math.floor(value / 2 ** 32);
  view.setInt32(at, (value - high * 2 ** 32) | 0, true);
  view.setInt32(at + 4, high, true);
};

/** @throws CorruptFileError beyond ±2^53: our writer never writes them, and a double could not hold them. */
export const getInt64 = (view: DataView, at: number): number => {
  const value = view.getInt32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
  if (!Number.isSafeInteger(value)) throw new CorruptFileError(`found the integer ${value}, at most 2^53 in size is allowed`);
  return value;
};

export const readInt64s = (source: ByteReader, count: number): Float64Array => {
  const bytes = source.take(count * 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = getInt64(view, i * 8);
  return values;
};

export const writeBlobs = (out: ByteWriter, values: readonly Uint8Array[]): void => {
  for (const value of values) {
    out.uint32(value.length);
    out.append(value);
  }
};

export const readBlobs = (source: ByteReader, count: number): Uint8Array[] => {
  checkCount(source, count);
  const values: Uint8Array[] = [];
  for (let i = 0; i < count; i++) values.push(source.take(source.uint32()));
  return values;
};

export const readTexts = (source: ByteReader, count: number): string[] => {
  checkCount(source, count);
  const { bytes } = source;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const texts: string[] = [];
  for (let i = 0; i < count; i++) {
    const lengthBytes = source.uint32();
    const start = source.position;
    source.skip(lengthBytes);
    const text = buffer.toString('utf8', start, source.position);
    // U+FFFD is how invalid bytes come out; it may also have been written as such.
    if (text.includes('\ufffd') && !isUtf8(bytes.subarray(start, source.position))) {
      throw new CorruptFileError('found text that is not UTF-8');
    }
    texts.push(text);
  }
  return texts;
};

/** Every byte array takes at least the four bytes of its length. */
const checkCount = (source: ByteReader, count: number): void => {
  if (count * 4 > source.remaining) {
    throw new CorruptFileError(`found ${count} byte arrays announced in ${source.remaining} bytes`);
  }
};
