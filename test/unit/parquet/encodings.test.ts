import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../../shared/parquet/byte-reader.ts';
import { ByteWriter } from '../../../shared/parquet/byte-writer.ts';
import { writeDeltas } from '../../../shared/parquet/delta-binary-packed.ts';
import { readDeltas } from '../../../shared/parquet/delta-reader.ts';
import { CorruptFileError, UnsupportedFileError } from '../../../shared/parquet/errors.ts';
import { readHybrid, widthOf, writeHybrid } from '../../../shared/parquet/rle.ts';
import { NULL_ID, type Runs, RunsBuilder, rowsOf, sliceRuns, withNulls, withoutNulls, levelsOf } from '../../../shared/parquet/runs.ts';
import { ThriftReader } from '../../../shared/parquet/thrift-reader.ts';
import { THRIFT, ThriftWriter } from '../../../shared/parquet/thrift-writer.ts';

const runsOf = (...pairs: readonly (readonly [id: number, rows: number])[]): Runs => {
  const runs = new RunsBuilder(1);
  for (const [id, rows] of pairs) runs.add(id, rows);
  return runs.build();
};

const plain = ({ ids, ends }: Runs): number[][] => [[...ids], [...ends]];

const deltas = (values: readonly number[]): Buffer => {
  const out = new ByteWriter(1);
  writeDeltas(out, Float64Array.from(values), 0, values.length);
  return out.written();
};

describe('DELTA_BINARY_PACKED', () => {
  it('writes the example of the format: 1 to 5 as one block of width 0', () => {
    // Block size 128 (80 01), 4 miniblocks, 5 values, first 1 (zigzag 2), smallest delta 1 (zigzag 2), four widths of 0.
    expect(deltas([1, 2, 3, 4, 5]).toString('hex')).toBe('80010405020200000000');
  });

  it.each([
    ['none', []],
    ['one', [7]],
    ['a block and one', Array.from({ length: 130 }, (_, i) => i * i)],
    ['alternating limits', Array.from({ length: 70 }, (_, i) => (i % 2 === 0 ? 2 ** 51 : -(2 ** 51)))],
    ...[1, 7, 8, 24, 25, 31, 32, 33, 45, 50].map((bits): [string, number[]] => [
      `${bits} bits`,
      Array.from({ length: 100 }, (_, i) => Math.floor(((i * 0.6180339887) % 1) * 2 ** bits)),
    ]),
  ])('gives back %s', (_name, values) => {
    const read = readDeltas(new ByteReader(deltas(values)), values.length, 0, Infinity);
    expect([...read]).toEqual(values);
  });

  it('decodes only those that are wanted', () => {
    expect([...readDeltas(new ByteReader(deltas([5, 6, 9, 1])), 4, 0, 2)]).toEqual([5, 6]);
    const values = Array.from({ length: 400 }, (_, i) => i * i);
    for (const [from, to] of [[0, 0], [1, 2], [31, 34], [33, 33], [32, 129], [129, 300], [399, 400], [400, 500], [130, 131]] as const) {
      expect([...readDeltas(new ByteReader(deltas(values)), 400, from, to)]).toEqual(values.slice(from, to));
    }
  });

  it('sets the room it asks for', () => {
    const values = Array.from({ length: 400 }, (_, i) => i * i);
    const whole = new Float64Array(500).fill(-1);
    const read = readDeltas(new ByteReader(deltas(values)), 400, 100, 350, (count) => whole.subarray(7, 7 + count));
    expect([whole[6], [...whole.subarray(7, 257)], whole[257]]).toEqual([-1, values.slice(100, 350), -1]);
    expect(read.buffer).toBe(whole.buffer);
  });

  it('refuses integers beyond 2^53', () => {
    const out = new ByteWriter();
    for (const field of [128, 4, 2, 2 ** 53, 2 ** 53]) out.varint(field);
    for (const width of [0, 0, 0, 0]) out.varint(width);
    expect(() => readDeltas(new ByteReader(out.written()), 2, 0, Infinity)).toThrow('found the integer 9007199254740992, at most 2^53 in size is allowed');
  });

  it('refuses a count that the bytes cannot hold, before it takes memory', () => {
    const out = new ByteWriter();
    for (const field of [128, 4, 2 ** 31, 0]) out.varint(field);
    const room = (): never => expect.unreachable();
    expect(() => readDeltas(new ByteReader(out.written()), 2 ** 31, 0, Infinity, room)).toThrow(CorruptFileError);
  });

  it.each([
    ['no miniblocks', [128, 0, 5, 0]],
    ['parts of 8 values', [32, 4, 5, 0]],
    ['blocks of a million values', [2 ** 20, 4, 5, 0]],
  ])('refuses %s', (_name, fields) => {
    const out = new ByteWriter();
    for (const field of fields) out.varint(field);
    expect(() => readDeltas(new ByteReader(out.written()), 5, 0, Infinity)).toThrow(UnsupportedFileError);
  });

  it('refuses a stream cut short', () => {
    const bytes = deltas(Array.from({ length: 100 }, (_, i) => i * i));
    expect(() => readDeltas(new ByteReader(bytes.subarray(0, bytes.length - 1)), 100, 0, Infinity)).toThrow(CorruptFileError);
  });
});

describe('RLE and bit-packed hybrid', () => {
  it('writes the example of the format: 0 to 7 in three bits', () => {
    const out = new ByteWriter();
    writeHybrid(out, runsOf([0, 1], [1, 1], [2, 1], [3, 1], [4, 1], [5, 1], [6, 1], [7, 1]), 3);
    expect(out.written().toString('hex')).toBe('0388c6fa');
  });

  it.each([1, 2, 3, 5, 8, 9, 13, 17, 24, 31])('gives back runs of every length in %d bits', (width) => {
    const top = 2 ** width;
    const runs = runsOf(...Array.from({ length: 700 }, (_, i): [number, number] => [Math.floor(((i * 0.7548776662) % 1) * top), 1 + ((i * i) % 11)]));
    const out = new ByteWriter(1);
    writeHybrid(out, runs, width);
    const read = new RunsBuilder();
    readHybrid(new ByteReader(out.written()), width, rowsOf(runs), read);
    expect(plain(read.build())).toEqual(plain(runs));
  });

  it('takes a billion rows of one run at once', () => {
    const out = new ByteWriter();
    writeHybrid(out, runsOf([1, 1e9]), 1);
    const read = new RunsBuilder();
    readHybrid(new ByteReader(out.written()), 1, 1e9, read);
    expect(plain(read.build())).toEqual([[1], [1e9]]);
  });

  it('refuses bytes that stand for fewer rows', () => {
    const out = new ByteWriter();
    writeHybrid(out, runsOf([1, 20]), 1);
    expect(() => readHybrid(new ByteReader(out.written()), 1, 21, new RunsBuilder())).toThrow(CorruptFileError);
    expect(() => readHybrid(new ByteReader(Uint8Array.of(0x03)), 3, 8, new RunsBuilder())).toThrow(CorruptFileError);
  });

  it('needs no bits for one id and enough for the greatest', () => {
    expect([0, 1, 2, 3, 4, 5, 256, 257].map(widthOf)).toEqual([0, 0, 1, 2, 2, 3, 8, 9]);
  });
});

describe('runs', () => {
  const runs = runsOf([3, 2], [NULL_ID, 4], [0, 1], [NULL_ID, 1]);

  it('joins equal neighbours and drops empty ones', () => {
    expect(plain(runsOf([1, 2], [2, 0], [1, 3]))).toEqual([[1], [5]]);
  });

  it('are split into levels and values and put together again', () => {
    expect(plain(levelsOf(runs))).toEqual([[1, 0, 1, 0], [2, 6, 7, 8]]);
    expect(plain(withNulls(levelsOf(runs), withoutNulls(runs)))).toEqual(plain(runs));
  });

  it('are cut at rows', () => {
    expect(plain(sliceRuns(runs, 1, 7))).toEqual([[3, NULL_ID, 0], [1, 5, 6]]);
    expect(sliceRuns(runs, 0, 8)).toBe(runs);
  });
});

describe("Thrift's compact protocol", () => {
  it('skips what a later version may add', () => {
    const out = new ByteWriter();
    const thrift = new ThriftWriter(out);
    thrift.structElement(() => {
      thrift.list(1, THRIFT.STRUCT, Array.from({ length: 20 }, (_, i) => i), (i) => thrift.structElement(() => thrift.i64(1, i)));
      thrift.list(2, THRIFT.TRUE, [true, false], (bool) => thrift.boolElement(bool));
      thrift.bool(3, true);
      thrift.binary(4, 'text');
      thrift.struct(40, () => thrift.i32(1, -5));
      thrift.i64(41, 2 ** 52);
    });
    const reader = new ThriftReader(new ByteReader(out.written()));
    let last = 0;
    reader.struct((id, type) => {
      if (id === 41) last = reader.int(type);
      else reader.skip(type);
    });
    expect(last).toBe(2 ** 52);
  });

  it.each([
    ['a list longer than the bytes', [0x19, 0xf5, 0xff, 0xff, 0xff, 0x7f]],
    ['binary longer than the bytes', [0x18, 0x7f, 0x00]],
    ['no end', [0x15]],
    ['a varint without end', [0x15, ...Array.from({ length: 12 }, () => 0xff)]],
    ['endless nesting', Array.from({ length: 1000 }, () => 0x1c)],
    ['endless nesting of lists', [0x19, ...Array.from({ length: 1000 }, () => 0x19)]],
    ['an unknown type', [0x1e]],
  ])('refuses %s', (_name, bytes) => {
    const reader = new ThriftReader(new ByteReader(Uint8Array.from(bytes)));
    expect(() => reader.struct((_id, type) => reader.skip(type))).toThrow(CorruptFileError);
  });
});
