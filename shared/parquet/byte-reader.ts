import { CorruptFileError } from './errors.ts';

/** LEB128 of 64 bits takes at most ten bytes. */
const VARINT_MAX_BYTES = 10;

/** Reads forward between two positions; every read is checked against the end. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number; // exclusive
  position: number;

  constructor(bytes: Uint8Array, position = 0, end = bytes.length) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  byte(): number {
    if (this.position >= this.end) throw new CorruptFileError('found the end in the middle of a value');
    return this.bytes[this.position++] as number;
  }

  /** Values above 2^53 lose their low bits; every caller checks a range far below. */
  varint(): number {
    let value = 0;
    let weight = 1;
    for (let read = 0; read < VARINT_MAX_BYTES; read++) {
      const byte = this.byte();
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
      weight *= 128;
    }
    throw new CorruptFileError(`found a varint of more than ${VARINT_MAX_BYTES} bytes`);
  }

  /** Exact within ±2^53: the sign is the lowest bit, which a double that holds all of a larger varint has lost. */
  zigzag(): number {
    const first = this.byte();
    const low = (first & 0x7f) >> 1;
    const half = first < 0x80 ? low : low + this.varint() * 64;
    return (first & 1) === 0 ? half : -half - 1;
  }

  uint32(): number {
    const { bytes } = this;
    const at = this.position;
    this.skip(4);
    return ((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)) >>> 0;
  }

  /** The next bytes, over the same memory. */
  take(lengthBytes: number): Uint8Array {
    const start = this.position;
    this.skip(lengthBytes);
    return this.bytes.subarray(start, this.position);
  }

  skip(lengthBytes: number): void {
    if (!(lengthBytes >= 0 && lengthBytes <= this.remaining)) {
      throw new CorruptFileError(`found ${lengthBytes} bytes announced, ${this.remaining} are there`);
    }
    this.position += lengthBytes;
  }
}
