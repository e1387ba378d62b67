import { isUtf8 } from 'node:buffer';
import { PermanentError } from '../errors.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { ByteWriter } from './byte-writer.ts';
import { DEFAULT_FRAME_CAPS, type FrameCaps } from './frame-caps.ts';
import { FrameError } from './frame-error.ts';
import { TextCache } from './text-cache.ts';

const STRING_BYTES_MAX = DEFAULT_FRAME_CAPS.stringBytes;

/** Numbers strings in order of their first use. */
export class StringTableWriter {
  private readonly refs = new Map<string, number>();
  private readonly strings: string[] = [];

  ref(text: string): number {
    const known = this.refs.get(text);
    if (known !== undefined) return known;
    if (!text.isWellFormed()) throw new PermanentError(`encode frame: ${JSON.stringify(text)} holds a lone surrogate, UTF-8 has none`);
    if (text.length * 3 > STRING_BYTES_MAX && Buffer.byteLength(text) > STRING_BYTES_MAX) {
      throw new PermanentError(`encode frame: a string of ${Buffer.byteLength(text)} bytes, ${STRING_BYTES_MAX} allowed`);
    }
    const ref = this.strings.length;
    this.refs.set(text, ref);
    this.strings.push(text);
    return ref;
  }

  get count(): number {
    return this.strings.length;
  }

  /** The number of strings, their lengths in bytes, and then all their bytes in a row. */
  take(): Uint8Array {
    const text = Buffer.from(this.strings.join(''));
    const out = new ByteWriter(text.length + 2 * this.strings.length + 16);
    out.varint(this.strings.length);
    // As many bytes as units means that all of it is ASCII.
    const ascii = text.length === this.strings.reduce((units, string) => units + string.length, 0);
    for (const string of this.strings) out.varint(ascii ? string.length : Buffer.byteLength(string));
    out.append(text);
    return out.take();
  }
}

/** @throws FrameError for too many or too long strings and for bytes that are not UTF-8. */
export const readStringTable = (cursor: ByteCursor, caps: FrameCaps): string[] => {
  const count = cursor.cappedCount('strings', 1, caps.strings);
  const lengths = new Uint32Array(count);
  let totalBytes = 0;
  for (let i = 0; i < count; i++) {
    const lengthBytes = cursor.varint();
    if (lengthBytes > caps.stringBytes) throw cursor.error(`string ${i} of ${lengthBytes} bytes, ${caps.stringBytes} allowed`);
    lengths[i] = lengthBytes;
    totalBytes += lengthBytes;
  }
  const text = cursor.take(totalBytes);
  cursor.close();
  if (!isUtf8(text)) throw new FrameError(cursor.part, 'text that is not UTF-8');
  return cutText(text, lengths, cursor);
};

const lately = new TextCache();

const cutText = (bytes: Uint8Array, lengths: Uint32Array, cursor: ByteCursor): string[] => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const strings: string[] = [];
  let at = 0;
  for (const lengthBytes of lengths) {
    // The whole is UTF-8, so a part is too unless it begins in the middle of a character (a byte 10xxxxxx).
    if (((text[at] ?? 0) & 0xc0) === 0x80) throw cursor.error(`string ${strings.length} begins in the middle of a character`);
    strings.push(lately.decode(text, at, at + lengthBytes));
    at += lengthBytes;
  }
  return strings;
};
