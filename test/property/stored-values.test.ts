import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitsOf } from '../../shared/model/stale.ts';
import type { ColumnValues, NumberRuns } from '../../shared/parquet/column-values.ts';
import { RunsBuilder } from '../../shared/parquet/runs.ts';
import { valuesOf } from '../../shared/storage/hot-values.ts';

/** A row as it stands in the columns: a raw double by its bits, a scaled one, or neither, which is the stale marker. */
type Row = { readonly kind: 'raw'; readonly bits: bigint } | { readonly kind: 'scaled'; readonly voff: number } | { readonly kind: 'stale' };

interface Constant {
  readonly base: number;
  readonly factor: number;
  readonly divisor: number;
}

const STALE_BITS = 0x7ff0000000000002n;

const raw: fc.Arbitrary<Row> = fc.record({ kind: fc.constant('raw' as const), bits: fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.constantFrom(STALE_BITS, 0x7ff0000000000001n, 0xfff8000000000007n, 0x8000000000000000n)) });
const scaled: fc.Arbitrary<Row> = fc.record({ kind: fc.constant('scaled' as const), voff: fc.integer({ min: -(2 ** 50), max: 2 ** 50 }) });
const stretch = fc.oneof(
  { weight: 3, arbitrary: fc.array(scaled, { maxLength: 30 }) },
  { weight: 1, arbitrary: fc.array(raw, { maxLength: 10 }) },
  { weight: 1, arbitrary: fc.array(fc.oneof(raw, scaled, fc.constant<Row>({ kind: 'stale' })), { maxLength: 20 }) },
);
const constant: fc.Arbitrary<Constant> = fc.record({ base: fc.integer({ min: -(2 ** 51), max: 2 ** 51 }), factor: fc.constantFrom(1, 1, 3, 1000, -1), divisor: fc.constantFrom(1, 1, 10, 1e6) });

const series = fc.array(fc.tuple(stretch, constant), { minLength: 1, maxLength: 5 });

const bitsOfNumber = (value: number): bigint => new BigUint64Array(Float64Array.of(value).buffer)[0] as bigint;

const rowBits = (row: Row, { base, factor, divisor }: Constant): bigint => {
  if (row.kind === 'stale') return STALE_BITS;
  return row.kind === 'raw' ? row.bits : bitsOfNumber((base + factor * row.voff) / divisor);
};

/** `gap` is what stands in the column's memory before and behind its numbers. */
const numbers = (bits: readonly (bigint | undefined)[], gap: number): ColumnValues => {
  const present = new RunsBuilder();
  for (const each of bits) present.add(each === undefined ? 0 : 1, 1);
  const given = bits.filter((each) => each !== undefined);
  const memory = new Float64Array(given.length + 2 * gap).fill(-7);
  const halves = new BigUint64Array(memory.buffer);
  given.forEach((each, i) => (halves[gap + i] = each));
  const isRequired = given.length === bits.length && gap % 2 === 1;
  return { kind: 'numbers', values: memory.subarray(gap, gap + given.length), present: isRequired ? undefined : present.build() };
};

const runsOf = (values: readonly number[]): NumberRuns => {
  const dictionary = [...new Set(values)];
  const runs = new RunsBuilder();
  for (const value of values) runs.add(dictionary.indexOf(value), 1);
  return { kind: 'number-runs', dictionary: Float64Array.from(dictionary), runs: runs.build() };
};

const hexOf = (values: Float64Array): readonly string[] => {
  const halves = bitsOf(values);
  return Array.from(values, (_, i) => `${(halves[2 * i + 1] as number).toString(16)} ${(halves[2 * i] as number).toString(16)}`);
};

const hex = (bits: bigint): string => `${(bits >> 32n).toString(16)} ${(bits & 0xffffffffn).toString(16)}`;

describe('values out of their columns', () => {
  it('are those of each row, bit for bit, and write over no memory but that of their own rows', () => {
    fc.assert(
      fc.property(series, fc.nat(100), fc.nat(100), fc.nat(3), (given, a, b, gap) => {
        const rows = given.flatMap(([all, one]) => all.map((row) => ({ row, one })));
        const [from, to] = [Math.min(a, b, rows.length), Math.min(Math.max(a, b), rows.length)];
        const voff = numbers(rows.map(({ row }) => (row.kind === 'scaled' ? bitsOfNumber(row.voff) : undefined)), gap);
        const value = numbers(rows.map(({ row }) => (row.kind === 'raw' ? row.bits : undefined)), gap);
        const memory = new Float64Array((voff as { readonly values: Float64Array }).values.buffer);
        const before = hexOf(memory);
        const columns = { value, voff, vbase: runsOf(rows.map(({ one }) => one.base)), vmul: runsOf(rows.map(({ one }) => one.factor)), vdiv: runsOf(rows.map(({ one }) => one.divisor)) };
        const values = valuesOf(columns, from, to);
        expect(hexOf(values)).toEqual(rows.slice(from, to).map(({ row, one }) => hex(rowBits(row, one))));
        const own = values.buffer === memory.buffer ? values.byteOffset / 8 : Infinity;
        expect(hexOf(memory).filter((_, i) => i < own || i >= own + values.length)).toEqual(before.filter((_, i) => i < own || i >= own + values.length));
      }),
      { numRuns: 1000 },
    );
  });
});
