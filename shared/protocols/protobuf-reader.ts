import { isUtf8 } from 'node:buffer';
import { MalformedBodyError } from './malformed-body-error.ts';

/**
 * Reads a protobuf message forward (protobuf.dev, "Encoding"). Every read is checked against the end of the body, and
 * {@link leave} against the end of a nested message, so hostile bytes end in a {@link MalformedBodyError}.
 */
export class ProtobufReader {
  readonly bytes: Uint8Array;
  private readonly text: Buffer;
  private readonly protocol: string;
  at = 0;
  /** The halves of the last {@link fixed64}. */
  low = 0;
  high = 0;

  constructor(protocol: string, bytes: Uint8Array) {
    this.protocol = protocol;
    this.bytes = bytes;
    this.text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Field number times 8 plus wire type. */
  tag(): number {
    const tag = this.varint();
    if (tag < 8 || tag > 0xffffffff) throw this.error(`field number ${Math.floor(tag / 8)}`);
    return tag;
  }

  /** An unsigned varint; inexact above 2^53, where the caller has a cap far below. */
  varint(): number {
    const byte = this.bytes[this.at];
    if (byte !== undefined && byte < 0x80) {
      this.at++;
      return byte;
    }
    this.read64();
    return this.high * 2 ** 32 + this.low;
  }

  /** A signed 64-bit varint; inexact beyond ±2^53. */
  int64(): number {
    this.read64();
    return (this.high | 0) * 2 ** 32 + this.low;
  }

  /** Eight bytes, left in {@link low} and {@link high}. */
  fixed64(): void {
    const { bytes, at } = this;
    if (at + 8 > bytes.length) throw this.error('ends in the middle of 8 bytes');
    this.low = word(bytes, at);
    this.high = word(bytes, at + 4);
    this.at = at + 8;
  }

  double(): number {
    this.fixed64();
    DOUBLE_WORDS[0] = this.low;
    DOUBLE_WORDS[1] = this.high;
    return DOUBLE[0] as number;
  }

  /** Goes into a nested message, string or packed field and gives its end (exclusive). */
  enter(): number {
    const lengthBytes = this.varint();
    if (lengthBytes > this.bytes.length - this.at) {
      throw this.error(`a field of ${lengthBytes} bytes, ${this.bytes.length - this.at} follow`);
    }
    return this.at + lengthBytes;
  }

  /** Refuses a nested message whose fields did not end where it does. */
  leave(end: number): void {
    if (this.at !== end) throw this.error(`a message that ends at byte ${end} has a field that goes on`);
  }

  string(): string {
    const start = this.at;
    const end = this.enter();
    const from = this.at;
    this.at = end;
    const text = this.text.toString('utf8', from, end);
    // Decoding writes U+FFFD for broken bytes, so only text that holds one needs the second look.
    if (text.includes('\ufffd') && !isUtf8(this.bytes.subarray(from, end))) {
      throw new MalformedBodyError(this.protocol, `byte ${start}`, 'a string that is not UTF-8');
    }
    return text;
  }

  /** The bytes between, one character each: a key for what they decode to. */
  key(start: number, end: number): string {
    return this.text.toString('latin1', start, end);
  }

  /** Passes over a field that is not wanted. */
  skip(tag: number): void {
    const wireType = tag & 7;
    if (wireType === 0) this.read64();
    else if (wireType === 1) this.pass(8);
    else if (wireType === 2) this.at = this.enter();
    else if (wireType === 5) this.pass(4);
    else throw this.error(`wire type ${wireType}, only 0, 1, 2 and 5 are in use`);
  }

  error(reason: string): MalformedBodyError {
    return new MalformedBodyError(this.protocol, `byte ${this.at}`, reason);
  }

  private pass(count: number): void {
    if (this.at + count > this.bytes.length) throw this.error(`ends in the middle of ${count} bytes`);
    this.at += count;
  }

  private read64(): void {
    let low = 0;
    let middle = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.bytes[this.at];
      if (byte === undefined) throw this.error('ends in the middle of a varint');
      this.at++;
      const seven = byte & 0x7f;
      if (i < 4) low |= seven << (7 * i);
      else if (i < 8) middle |= seven << (7 * (i - 4));
      else high |= seven << (7 * (i - 8));
      if (byte < 0x80) {
        // 28 + 28 + 8 bits.
        this.low = (low | (middle << 28)) >>> 0;
        this.high = ((middle >>> 4) | (high << 24)) >>> 0;
        return;
      }
    }
    throw this.error('a varint of more than 10 bytes');
  }
}

const DOUBLE = new Float64Array(1);
const DOUBLE_WORDS = new Uint32Array(DOUBLE.buffer);

const word = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)) >>> 0;
