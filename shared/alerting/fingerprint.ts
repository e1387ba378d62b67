import type { Labels } from '../model/labels.ts';

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;
const MASK = 0xffffffffffffffffn;
const SEPARATOR = Buffer.from([0xff]);

/** Alertmanager's fingerprint of a label set: FNV-1a, 64 bits, over names and values with 0xff after each (prometheus/common, model/signature.go). */
export const fingerprint = (labels: Labels): string => {
  let hash = FNV_OFFSET;
  for (const [name, value] of labels) {
    for (const part of [Buffer.from(name), SEPARATOR, Buffer.from(value), SEPARATOR]) {
      for (const byte of part) hash = ((hash ^ BigInt(byte)) * FNV_PRIME) & MASK;
    }
  }
  return hash.toString(16).padStart(16, '0');
};
