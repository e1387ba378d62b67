import { compressSync } from 'snappy';
import { describe, expect, it } from 'vitest';
import { MalformedBodyError } from '../../../shared/protocols/malformed-body-error.ts';
import { decodeSnappy } from '../../../shared/protocols/snappy.ts';

const CAP_BYTES = 1 << 24;

describe('a snappy block', () => {
  it.each([0, 1, 59, 60, 61, 255, 256, 257, 65_535, 65_536, 70_000])('of %i incompressible bytes comes back', (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 24);
    expect(decodeSnappy(compressSync(Buffer.from(bytes)), CAP_BYTES)).toEqual(bytes);
  });

  it('of repeated text comes back', () => {
    const text = Buffer.from('http_requests_total{method="GET"} '.repeat(5000));
    expect(Buffer.from(decodeSnappy(compressSync(text), CAP_BYTES)).equals(text)).toBe(true);
  });

  it('with a copy that overlaps what it writes repeats it', () => {
    // Literal "a", then 7 bytes from one byte back.
    expect(Buffer.from(decodeSnappy(Uint8Array.of(8, 0, 0x61, (3 << 2) | 1, 1), CAP_BYTES)).toString()).toBe('aaaaaaaa');
  });

  it('with a four-byte offset is read', () => {
    expect(Buffer.from(decodeSnappy(Uint8Array.of(4, 4, 0x61, 0x62, (1 << 2) | 3, 2, 0, 0, 0), CAP_BYTES)).toString()).toBe('abab');
  });
});

describe('a hostile snappy block', () => {
  it.each<[string, number[], string]>([
    ['without a length', [], 'ends in its length'],
    ['with a length of more than 32 bits', [0xff, 0xff, 0xff, 0xff, 0xff, 1], 'more than 32 bits'],
    ['that announces more than allowed', [0xff, 0xff, 0xff, 0xff, 0x0f], 'allowed'],
    ['that announces more than it can hold', [0x80, 0x80, 0x40, 0, 1], 'by a block of 5'],
    ['with a literal that is cut', [4, 0x0c, 1, 2], 'a literal of 4 bytes'],
    ['with a literal beyond its length', [1, 0x04, 1, 2], '1 are left'],
    ['with a copy from nothing', [4, (0 << 2) | 1, 1], 'a copy from 1 bytes back'],
    ['with a copy from zero back', [5, 0, 0x61, 1, 0], 'a copy from 0 bytes back'],
    ['with a tag that is cut', [8, 0, 0x61, 2, 1], 'middle of an element'],
    ['that ends early', [9, 0, 0x61], '1 bytes found, 9 announced'],
  ])('%s is refused', (_, bytes, reason) => {
    const decode = (): Uint8Array => decodeSnappy(Uint8Array.from(bytes), 1 << 20);
    expect(decode).toThrow(MalformedBodyError);
    expect(decode).toThrow(reason);
  });
});
