import { BodyTooLargeError } from './body-too-large-error.ts';
import { MalformedBodyError } from './malformed-body-error.ts';

/**
 * A snappy block (google/snappy, format_description.txt; the block format, not the framed one).
 * @throws BodyTooLargeError before any memory is spent when the block announces more than `maxBytes`, MalformedBodyError when it
 * announces more than it can hold or is damaged.
 */
export const decodeSnappy = (block: Uint8Array, maxBytes: number): Uint8Array => {
  const { length, start } = readLength(block);
  if (length > maxBytes) throw new BodyTooLargeError('snappy', 'byte 0', `${length} bytes announced, ${maxBytes} bytes allowed`);
  // The densest element is a copy of 64 bytes in 3.
  if (length > Math.ceil((block.length * 64) / 3)) throw malformed(0, `${length} bytes announced by a block of ${block.length}`);
  const out = new Uint8Array(length);
  let at = start;
  let outAt = 0;
  while (at < block.length) {
    const tag = block[at] as number;
    const extraBytes = EXTRA_BYTES[tag] as number;
    if (at + 1 + extraBytes > block.length) throw malformed(at, 'ends in the middle of an element');
    const extra = littleEndian(block, at + 1, extraBytes);
    const elementAt = at;
    at += 1 + extraBytes;
    const copied = (tag & 3) === 0 ? 0 : copyLength(tag);
    const lengthBytes = copied || ((tag >>> 2) < 60 ? (tag >>> 2) + 1 : extra + 1);
    if (lengthBytes > length - outAt) throw malformed(elementAt, `an element of ${lengthBytes} bytes, ${length - outAt} are left`);
    if (copied === 0) {
      if (lengthBytes > block.length - at) throw malformed(elementAt, `a literal of ${lengthBytes} bytes, ${block.length - at} follow`);
      copyLiteral(out, outAt, block, at, lengthBytes);
      at += lengthBytes;
    } else {
      const back = (tag & 3) === 1 ? ((tag >>> 5) << 8) | extra : extra;
      if (back === 0 || back > outAt) throw malformed(elementAt, `a copy from ${back} bytes back, ${outAt} are there`);
      // Byte by byte: a copy may overlap what it writes.
      for (const end = outAt + lengthBytes; outAt < end; outAt++) out[outAt] = out[outAt - back] as number;
      continue;
    }
    outAt += lengthBytes;
  }
  if (outAt !== length) throw malformed(at, `${outAt} bytes found, ${length} announced`);
  return out;
};

/** Bytes behind a tag: a literal of 61 to 64 in its upper bits has 1 to 4 length bytes; copies have 1, 2 or 4 offset bytes. */
const EXTRA_BYTES = Uint8Array.from({ length: 256 }, (_, tag) => {
  const kind = tag & 3;
  if (kind === 0) return Math.max(0, (tag >>> 2) - 59);
  return kind === 3 ? 4 : kind;
});

const copyLength = (tag: number): number => ((tag & 3) === 1 ? 4 + ((tag >>> 2) & 7) : (tag >>> 2) + 1);

const littleEndian = (bytes: Uint8Array, at: number, count: number): number => {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] as number);
  return value;
};

const copyLiteral = (out: Uint8Array, outAt: number, block: Uint8Array, at: number, lengthBytes: number): void => {
  // Below some tens of bytes a loop is faster than a view and a native copy.
  if (lengthBytes > 48) out.set(block.subarray(at, at + lengthBytes), outAt);
  else for (let i = 0; i < lengthBytes; i++) out[outAt + i] = block[at + i] as number;
};

const readLength = (block: Uint8Array): { length: number; start: number } => {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = block[i];
    if (byte === undefined) throw malformed(i, 'ends in its length');
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { length, start: i + 1 };
  }
  throw malformed(0, 'a length of more than 32 bits');
};

const malformed = (at: number, reason: string): MalformedBodyError => new MalformedBodyError('snappy', `byte ${at}`, reason);
