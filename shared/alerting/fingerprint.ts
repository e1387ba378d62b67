import type { Labels } from '../model/labels.ts';

/** FNV-1a's offset and prime for 64 bits, as halves of 32: the prime is 2^40 + 0x1b3. */
const OFFSET_HIGH = 0xcbf29ce4;
const OFFSET_LOW = 0x84222325;
const PRIME_LOW = 0x1b3;
const HALF = 2 ** 32;

const SEPARATOR = 0xff;

/**
 * Alertmanager's fingerprint of a label set: FNV-1a, 64 bits, over names and values with 0xff after each (prometheus/common,
 * model/signature.go). In halves, since BigInt takes ten times as long.
 */
export const fingerprint = (labels: Labels): string => {
  let high = OFFSET_HIGH;
  let low = OFFSET_LOW;
  const add = (byte: number): void => {
    const mixed = (low ^ byte) >>> 0;
    const product = mixed * PRIME_LOW;
    low = product >>> 0;
    // The sum stays below 2^42: exact.
    high = (high * PRIME_LOW + Math.floor(product / HALF) + mixed * 256) % HALF;
  };
  for (const pair of labels) {
    for (const part of pair) {
      for (const byte of Buffer.from(part)) add(byte);
      add(SEPARATOR);
    }
  }
  return hexOf(high) + hexOf(low);
};

const hexOf = (half: number): string => half.toString(16).padStart(8, '0');
