import { FrameError } from './frame-error.ts';

/**
 * Reads forward through one part of a frame. Everything is checked against the part's end, so a read past it is a
 * {@link FrameError} and never a silent zero.
 */
export class ByteCursor {
  readonly bytes: Uint8Array;
  readonly part: string;
  private readonly end: number; // exclusive
  private at: number;

  constructor(part: string, bytes: Uint8Array, start = 0, end = bytes.length) {
    this.part = part;
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get position(): number {
    return this.at;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  byte(): number {
    if (this.at >= this.end) throw this.cutShort();
    return this.bytes[this.at++] as number;
  }

  /** LEB128 of at most eight bytes. Values above 2^53 lose their low bits; every caller checks a range far below. */
  varint(): number {
    if (this.at >= this.end) throw this.cutShort();
    const first = this.bytes[this.at++] as number;
    return first < 0x80 ? first : this.longVarint(first);
  }

  zigzag(): number {
    const value = this.varint();
    if (value > 0x7fffffff) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    return (value >>> 1) ^ -(value & 1);
  }

  /** A number of things of at least `eachBytes` in this part: refused before memory is spent when they cannot all be there. */
  count(what: string, eachBytes: number): number {
    const count = this.varint();
    if (count * eachBytes > this.remaining) {
      throw this.error(`${count} ${what} announced, ${this.remaining} bytes left for them`);
    }
    return count;
  }

  /** A {@link count} of at most `most`, for things that cost more memory than bytes. */
  cappedCount(what: string, eachBytes: number, most: number): number {
    const count = this.count(what, eachBytes);
    if (count > most) throw this.error(`${count} ${what} announced, ${most} allowed`);
    return count;
  }

  /** An index below `length`. */
  ref(what: string, length: number): number {
    const ref = this.varint();
    if (ref >= length) throw this.error(`${what} ${ref} referred to, there are ${length}`);
    return ref;
  }

  /** The next `lengthBytes`, over the frame's memory. */
  take(lengthBytes: number): Uint8Array {
    if (lengthBytes > this.remaining) throw this.error(`${lengthBytes} bytes announced, ${this.remaining} left`);
    const start = this.at;
    this.at += lengthBytes;
    return this.bytes.subarray(start, this.at);
  }

  /** The length-prefixed part that comes next. */
  section(part: string): ByteCursor {
    const lengthBytes = this.count('bytes', 1);
    const start = this.at;
    this.at += lengthBytes;
    return new ByteCursor(part, this.bytes, start, this.at);
  }

  /** Refuses bytes that no reader asked for. */
  close(): void {
    if (this.at !== this.end) throw this.error(`${this.remaining} bytes left over, none allowed`);
  }

  error(found: string): FrameError {
    return new FrameError(this.part, found);
  }

  private longVarint(first: number): number {
    let value = first & 0x7f;
    let weight = 128;
    for (let read = 1; read < 8; read++) {
      if (this.at >= this.end) throw this.cutShort();
      const byte = this.bytes[this.at++] as number;
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
      weight *= 128;
    }
    throw this.error('a varint of more than 8 bytes');
  }

  private cutShort(): FrameError {
    return this.error('ends in the middle of a value');
  }
}
