/** A growing buffer with the three shapes a frame is made of: varints, zigzag varints and plain bytes. */
export class ByteWriter {
  private bytes: Uint8Array;
  private at = 0;

  constructor(capacityBytes = 256) {
    this.bytes = new Uint8Array(capacityBytes);
  }

  get length(): number {
    return this.at;
  }

  byte(value: number): void {
    if (this.at === this.bytes.length) this.grow(1);
    this.bytes[this.at++] = value;
  }

  /** LEB128 of an integer from 0 to 2^53. */
  varint(value: number): void {
    if (this.at + 8 > this.bytes.length) this.grow(8);
    const { bytes } = this;
    let { at } = this;
    let rest = value;
    // Bit operations work on 32 bits; above that the low seven bits are taken by arithmetic.
    while (rest > 0x7fffffff) {
      bytes[at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.at = at;
  }

  /** A signed integer within ±2^52: 0, -1, 1, -2 are written as 0, 1, 2, 3. */
  zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  append(part: Uint8Array): void {
    if (this.at + part.length > this.bytes.length) this.grow(part.length);
    this.bytes.set(part, this.at);
    this.at += part.length;
  }

  /** A part with its length in front. */
  section(part: Uint8Array): void {
    this.varint(part.length);
    this.append(part);
  }

  /** What has been written, over the writer's own memory: take it when nothing more is to be written. */
  take(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }

  private grow(moreBytes: number): void {
    const bytes = new Uint8Array(Math.max(this.bytes.length * 2, this.at + moreBytes));
    bytes.set(this.bytes.subarray(0, this.at));
    this.bytes = bytes;
  }
}
