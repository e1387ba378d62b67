/** A growing buffer. Encoders that write many bytes at once `reserve` first and then use the public fields directly. */
export class ByteWriter {
  bytes: Buffer;
  view: DataView;
  position = 0;

  constructor(capacityBytes = 1 << 12) {
    this.bytes = Buffer.allocUnsafeSlow(capacityBytes);
    this.view = viewOf(this.bytes);
  }

  /** Makes room for `moreBytes`; afterwards `bytes` and `view` may be other objects. */
  reserve(moreBytes: number): void {
    const needed = this.position + moreBytes;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, needed));
    this.bytes.copy(grown, 0, 0, this.position);
    this.bytes = grown;
    this.view = viewOf(grown);
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.position++] = value;
  }

  uint32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.position, value, true);
    this.position += 4;
  }

  append(part: Uint8Array): void {
    this.reserve(part.length);
    this.bytes.set(part, this.position);
    this.position += part.length;
  }

  /** LEB128 of an integer from 0 to 2^53. */
  varint(value: number): void {
    this.reserve(10);
    const { bytes } = this;
    let at = this.position;
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
    this.position = at;
  }

  /** A signed integer of at most 2^52 in size: 0, -1, 1, -2 are written as 0, 1, 2, 3. */
  zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** The UTF-8 bytes of a text behind their number as `uint32`: a PLAIN BYTE_ARRAY. */
  plainText(text: string): void {
    // A UTF-16 unit takes at most three bytes.
    this.reserve(4 + text.length * 3);
    const written = this.bytes.write(text, this.position + 4, 'utf8');
    this.view.setUint32(this.position, written, true);
    this.position += 4 + written;
  }

  /** What has been written, over the writer's own memory. */
  written(): Buffer {
    return this.bytes.subarray(0, this.position);
  }

  clear(): void {
    this.position = 0;
  }
}

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
