import type { Labels } from '../model/labels.ts';

// The primes of xxHash64 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md).
const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;

const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotate = (value: bigint, bits: bigint): bigint => wrap(value << bits) | (value >> (64n - bits));
const round = (lane: bigint, word: bigint): bigint => wrap(rotate(wrap(lane + word * P2), 31n) * P1);
const mergeLane = (hash: bigint, lane: bigint): bigint => wrap((hash ^ round(0n, lane)) * P1 + P4);

/** The four lanes over whole stripes of 32 bytes. */
const hashStripes = (bytes: Buffer): bigint => {
  const lanes = [wrap(P1 + P2), P2, 0n, wrap(-P1)];
  for (let at = 0; at + 32 <= bytes.length; at += 32) {
    lanes.forEach((lane, i) => (lanes[i] = round(lane, bytes.readBigUInt64LE(at + 8 * i))));
  }
  const [a, b, c, d] = lanes as [bigint, bigint, bigint, bigint];
  const folded = wrap(rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n));
  return lanes.reduce(mergeLane, folded);
};

/** xxHash64 with seed 0. */
export const xxHash64 = (bytes: Buffer): bigint => {
  let hash = wrap((bytes.length >= 32 ? hashStripes(bytes) : P5) + BigInt(bytes.length));
  let at = bytes.length - (bytes.length % 32);
  for (; at + 8 <= bytes.length; at += 8) hash = wrap(rotate(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n) * P1 + P4);
  if (at + 4 <= bytes.length) {
    hash = wrap(rotate(hash ^ wrap(BigInt(bytes.readUInt32LE(at)) * P1), 23n) * P2 + P3);
    at += 4;
  }
  for (; at < bytes.length; at++) hash = wrap(rotate(hash ^ wrap(BigInt(bytes[at] as number) * P5), 11n) * P1);
  hash = wrap((hash ^ (hash >> 33n)) * P2);
  hash = wrap((hash ^ (hash >> 29n)) * P3);
  return hash ^ (hash >> 32n);
};

/** A text with its length before it: one byte, or 255 and three bytes from the lowest (Prometheus' labels_stringlabels.go). */
const sized = (text: string): Buffer[] => {
  const bytes = Buffer.from(text, 'utf8');
  const { length } = bytes;
  return [length < 255 ? Buffer.of(length) : Buffer.of(255, length & 255, (length >> 8) & 255, (length >> 16) & 255), bytes];
};

/** Where a label set stands in [0, 1), the same in Prometheus: its hash over the greatest one. */
export const hashFraction = (labels: Labels): number =>
  Number(xxHash64(Buffer.concat(labels.flatMap(([name, value]) => [...sized(name), ...sized(value)])))) / 2 ** 64;
