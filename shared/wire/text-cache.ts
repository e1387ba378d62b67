/** Senders name the same metrics and labels in every record; longer texts are not worth a comparison. */
const TEXT_MAX_BYTES = 64;
const SLOTS = 4096; // a power of two; at most 256 KiB of text

/**
 * Decodes texts, and gives back the same string object for what was lately decoded: comparing bytes is cheaper than making a
 * string, and whoever groups by the string later finds its hash computed. What it returns does not depend on what it holds.
 */
export class TextCache {
  private readonly slots: string[] = Array.from({ length: SLOTS }, () => '');

  /** The text of valid UTF-8 from `start` to `end` (exclusive). */
  decode(bytes: Buffer, start: number, end: number): string {
    if (end - start > TEXT_MAX_BYTES) return bytes.toString('utf8', start, end);
    let hash = end - start;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
    const slot = (hash ^ (hash >>> 12)) & (SLOTS - 1);
    const known = this.slots[slot] as string;
    if (isAsciiOf(known, bytes, start, end)) return known;
    const text = bytes.toString('utf8', start, end);
    this.slots[slot] = text;
    return text;
  }
}

/** Whether the bytes are the text's characters, one each. A byte of a longer character is above 127, so none passes for one. */
const isAsciiOf = (text: string, bytes: Buffer, start: number, end: number): boolean => {
  if (text.length !== end - start) return false;
  for (let i = start, at = 0; i < end; i++, at++) {
    const byte = bytes[i] as number;
    if (byte > 0x7f || text.charCodeAt(at) !== byte) return false;
  }
  return true;
};
