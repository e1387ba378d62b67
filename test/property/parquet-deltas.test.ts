import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../shared/parquet/byte-reader.ts';
import { ByteWriter } from '../../shared/parquet/byte-writer.ts';
import { readColumn } from '../../shared/parquet/column-reader.ts';
import { writeDeltas } from '../../shared/parquet/delta-binary-packed.ts';
import { readDeltas } from '../../shared/parquet/delta-reader.ts';
import { CorruptFileError, UnsupportedFileError } from '../../shared/parquet/errors.ts';
import { type ColumnChunk, ENCODING, PAGE, PHYSICAL } from '../../shared/parquet/metadata.ts';
import { writePage } from '../../shared/parquet/page.ts';
import { type RowRange, RowRangesBuilder } from '../../shared/parquet/row-ranges.ts';

/** A stream as any writer may lay it out: blocks of miniblocks, each of a width of its own. */
interface Stream {
  readonly miniblocks: number;
  readonly miniblockValues: number;
  readonly count: number;
  readonly first: bigint;
  readonly mins: readonly bigint[];
  readonly widths: readonly number[];
  readonly bits: Uint8Array;
}

const MOST = 2n ** 53n;

const stream: fc.Arbitrary<Stream> = fc.record({
  miniblocks: fc.integer({ min: 1, max: 4 }),
  miniblockValues: fc.constantFrom(32, 64),
  count: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 400 })),
  first: fc.oneof(fc.bigInt(-1000n, 1000n), fc.bigInt(-MOST, MOST), fc.constantFrom(1n - MOST, MOST - 1n)),
  mins: fc.array(fc.oneof(fc.bigInt(-1000n, 1000n), fc.bigInt(-MOST, MOST), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)), { minLength: 13, maxLength: 13 }),
  widths: fc.array(fc.oneof(fc.integer({ min: 0, max: 33 }), fc.integer({ min: 24, max: 56 })), { minLength: 13, maxLength: 13 }),
  bits: fc.uint8Array({ minLength: 64, maxLength: 64 }),
});

const zigzag = (value: bigint): bigint => (value >= 0n ? 2n * value : -2n * value - 1n);

const varint = (bytes: number[], value: bigint): void => {
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
};

/** The bytes, and the integers they stand for. */
const encoded = ({ miniblocks, miniblockValues, count, first, mins, widths, bits }: Stream): { readonly bytes: Uint8Array; readonly values: readonly bigint[] } => {
  const bytes: number[] = [];
  for (const field of [BigInt(miniblocks * miniblockValues), BigInt(miniblocks), BigInt(count), zigzag(first)]) varint(bytes, field);
  const values = [first];
  for (let block = 0, m = 0; values.length < count; block++) {
    const min = mins[block % mins.length] as bigint;
    varint(bytes, zigzag(min));
    const used = Array.from({ length: miniblocks }, () => widths[m++ % widths.length] as number);
    bytes.push(...used);
    for (const width of used) {
      if (values.length >= count) break;
      const packed = Uint8Array.from({ length: (width * miniblockValues) / 8 }, (_, i) => bits[i % bits.length] as number);
      bytes.push(...packed);
      let all = 0n;
      for (let i = packed.length - 1; i >= 0; i--) all = (all << 8n) | BigInt(packed[i] as number);
      for (let i = 0; i < miniblockValues && values.length < count; i++) {
        const delta = (all >> BigInt(i * width)) & ((1n << BigInt(width)) - 1n);
        values.push((values.at(-1) as bigint) + min + delta);
      }
    }
  }
  return { bytes: Uint8Array.from(bytes), values };
};

const orRefused = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CorruptFileError || error instanceof UnsupportedFileError)) throw error;
    return undefined;
  }
};

describe('delta-packed integers', () => {
  it('are exact or refused, however a stream is laid out', () => {
    fc.assert(
      fc.property(stream, fc.nat(400), fc.nat(400), (given, from, rows) => {
        const { bytes, values } = encoded(given);
        const got = orRefused(() => readDeltas(new ByteReader(bytes), given.count, from, from + rows));
        if (got !== undefined) expect([...got]).toEqual(values.slice(from, from + rows).map(Number));
      }),
      { numRuns: 3000 },
    );
  });

  it('of small deltas are read', () => {
    fc.assert(
      fc.property(stream, (given) => {
        const { bytes, values } = encoded({ ...given, first: given.first % MOST, mins: given.mins.map((min) => min % 1000n), widths: given.widths.map((width) => width % 34) });
        if (values.some((value) => value >= MOST || value <= -MOST)) return;
        expect([...readDeltas(new ByteReader(bytes), given.count, 0, Infinity)]).toEqual(values.map(Number));
      }),
      { numRuns: 500 },
    );
  });

  it('within ±2^51 are read as they were written', () => {
    const integer = fc.oneof(fc.integer({ min: -(2 ** 51), max: 2 ** 51 }), fc.constantFrom(2 ** 51, -(2 ** 51), 0, 2 ** 51 - 1));
    fc.assert(
      fc.property(fc.array(integer, { maxLength: 300 }), (values) => {
        const out = new ByteWriter(1);
        writeDeltas(out, Float64Array.from(values), 0, values.length);
        expect([...readDeltas(new ByteReader(out.written()), values.length, 0, Infinity)]).toEqual(values);
      }),
    );
  });
});

describe('pages of integers with checksums that fit', () => {
  const rows = 200;
  const body = ((): Uint8Array => {
    const out = new ByteWriter();
    // Definition levels as runs: 150 rows with a value, then 50 without.
    const levels = [0xac, 0x02, 1, 0x64, 0];
    out.uint32(levels.length);
    out.append(Uint8Array.from(levels));
    writeDeltas(out, new Float64Array(150).map((_, i) => 1.79e12 + 15_000 * i + (i % 7)), 0, 150);
    return Uint8Array.from(out.written());
  })();
  const chunk = { values: rows, codec: 0 } as ColumnChunk;
  const column = { name: 'n', physical: PHYSICAL.INT64, isOptional: true, isText: false };

  const read = (bodies: readonly Uint8Array[], announced: readonly number[], encoding: number, ranges: readonly RowRange[]): unknown => {
    const out = new ByteWriter();
    bodies.forEach((each, i) => writePage(out, PAGE.DATA, announced[i] as number, encoding, each.length, each));
    return readColumn(out.written(), { ...chunk, values: announced.reduce((sum, each) => sum + each, 0) }, column, ranges);
  };

  const ranges = fc.array(fc.tuple(fc.nat(2 * rows), fc.nat(rows)), { maxLength: 4 }).map((pairs) => {
    const builder = new RowRangesBuilder();
    for (const [from, length] of pairs.toSorted(([a], [b]) => a - b)) builder.add(from, Math.min(2 * rows, from + length));
    return builder.build();
  });

  it('give the rows of the ranges out of two pages', () => {
    fc.assert(
      fc.property(ranges, (wanted) => {
        const places = wanted.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => (from + i) % rows)).filter((row) => row < 150);
        expect(read([body, body], [rows, rows], ENCODING.DELTA_BINARY_PACKED, wanted)).toMatchObject(wanted.length === 0 ? {} : { values: Float64Array.from(places, (i) => 1.79e12 + 15_000 * i + (i % 7)) });
      }),
    );
  });

  const damage = fc.array(fc.tuple(fc.nat(body.length - 1), fc.oneof(fc.nat(255), fc.constantFrom(0, 0x7f, 0x80, 0xff)), fc.constantFrom('set', 'cut', 'more')), { minLength: 1, maxLength: 5 });

  it('are refused or read soundly, whatever their levels, counts, widths and lengths', () => {
    fc.assert(
      fc.property(damage, fc.oneof(fc.constant(rows), fc.nat(rows), fc.constantFrom(0, 1, 2 ** 25)), fc.constantFrom(ENCODING.DELTA_BINARY_PACKED, ENCODING.PLAIN), ranges, (damages, announced, encoding, wanted) => {
        let bytes = Array.from(body);
        for (const [at, byte, kind] of damages) {
          if (kind === 'set') bytes[at % bytes.length] = byte;
          else if (kind === 'more') bytes.splice(at, 0, byte, byte, byte);
          else if (at > 4) bytes = bytes.slice(0, at);
        }
        const got = orRefused(() => read([Uint8Array.from(bytes), body], [announced, rows], encoding, wanted)) as { readonly values: Float64Array } | undefined;
        if (got !== undefined) expect(got.values.length).toBeLessThanOrEqual(wanted.reduce((sum, { from, to }) => sum + to - from, 0));
      }),
      { numRuns: 3000 },
    );
  });
});
