import { describe, expect, it } from 'vitest';
import { bitsOf, putStaleAt } from '../../../shared/model/stale.ts';
import type { NumberRuns } from '../../../shared/parquet/column-values.ts';
import { forEachRun, rowsOf } from '../../../shared/parquet/runs.ts';
import { type ScaledColumns, ScaledValuesBuilder } from '../../../shared/parquet/scaled-values.ts';
import { glueColumns, sampleTable } from '../../../shared/parquet/schema.ts';
import { valuesOf } from '../../../shared/storage/hot-values.ts';

const scale = (...series: readonly (readonly number[])[]): ScaledColumns => {
  const values = Float64Array.from(series.flat());
  const builder = new ScaledValuesBuilder(values.length);
  let at = 0;
  for (const { length } of series) {
    builder.series(values, bitsOf(values), at, at + length);
    at += length;
  }
  return builder.build();
};

const constants = ({ dictionary, runs }: NumberRuns): number[] => {
  const values: number[] = [];
  forEachRun(runs, 0, rowsOf(runs), (id) => values.push(dictionary[id] as number));
  return values;
};

describe('scaled values', () => {
  it('take the smallest power of ten that gives every value back', () => {
    expect(constants(scale([1, 2], [0.5, 2], [0.25, 1], [0.000001, 3]).vdiv)).toEqual([1, 10, 100, 1e6]);
  });

  it('take the common factor of all steps', () => {
    expect(constants(scale([4096, 12_288, 4096, 40_960]).vmul)).toEqual([4096]);
    expect(constants(scale([7, 7, 7, 7]).vmul)).toEqual([1]);
  });

  it('go on where the series before ended, one step further', () => {
    const { voff, vbase } = scale([10, 11, 12, 13], [500, 502, 504, 506]);
    expect([...voff.values]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(constants(vbase)).toEqual([9, 490]);
  });

  it('take round bases as far as the steps of a series spread', () => {
    const { vbase } = scale([1000, 1010, 1060, 1055], [5003, 5020, 5031, 5090], [5007, 5011, 5044, 5080]);
    // The next steps are 40 and 15, 6 and 42, 29 and 32 from the first one.
    expect(constants(vbase).map((number) => number % 64)).toEqual([0, 0, 0]);
  });

  it('number every constant once, however many there are', () => {
    const series = Array.from({ length: 3000 }, (_, i) => [(i % 1000) * 1e6, (i % 1000) * 1e6 + 1, 5 + (i % 1000) * 1e6, i % 1000]);
    const { vbase } = scale(...series);
    expect(new Set(vbase.dictionary).size).toBe(vbase.dictionary.length);
    expect(vbase.dictionary.length).toBeGreaterThan(256);
    const values = valuesOf(scale(...series), 0, 12_000);
    expect([...values]).toEqual(series.flat());
  });

  it('leave series of up to three values as they are', () => {
    const { voff, vbase } = scale([10, 11, 12], [500]);
    expect([...voff.values]).toEqual([10, 11, 12, 500]);
    expect(constants(vbase)).toEqual([0]);
  });

  it('keep full mantissas and wide spreads raw', () => {
    const { value, voff } = scale([1 / 3, 2 / 3], [2 ** 50, -1], [2 ** 52, 1]);
    expect([...value.values]).toEqual([1 / 3, 2 / 3, 2 ** 50, -1, 2 ** 52, 1]);
    expect(voff.values.length).toBe(0);
  });

  it('keep only -0, NaN and infinities raw within a series that scales, and stale markers nowhere', () => {
    const values = Float64Array.of(1.5, -0, Number.NaN, Infinity, 0, 2.5);
    putStaleAt(bitsOf(values), 2);
    const builder = new ScaledValuesBuilder(values.length);
    builder.series(values, bitsOf(values), 0, values.length);
    const columns = builder.build();
    expect([...columns.value.values]).toEqual([-0, Infinity]);
    expect([...bitsOf(valuesOf(columns, 0, 6))]).toEqual([...bitsOf(values)]);
    expect([...bitsOf(valuesOf(columns, 2, 5))]).toEqual([...bitsOf(values.slice(2, 5))]);
  });

  it('take the memory of their offsets where each row has one, and memory of their own elsewhere', () => {
    const dense = scale([1.5, 2.5, 3.5, 4.5], [7, 8, 9, 1]);
    const offsets = dense.voff.values;
    const found = valuesOf(dense, 2, 7);
    expect([...found]).toEqual([3.5, 4.5, 7, 8, 9]);
    expect(found.buffer).toBe(offsets.buffer);
    const mixed = scale([1.5, 2.5, 3.5, 4.5], [7, 8, -0, 1]);
    const own = valuesOf(mixed, 0, 8);
    expect([...own]).toEqual([1.5, 2.5, 3.5, 4.5, 7, 8, -0, 1]);
    expect(own.buffer).not.toBe(mixed.voff.values.buffer);
  });

  it('stay exact at the limits', () => {
    const series = [[2 ** 51, 2 ** 51 - 1, 2 ** 51 - 2 ** 50, 2 ** 51], [-(2 ** 51), -(2 ** 51) + 2 ** 50, -(2 ** 51), -(2 ** 51) + 2 ** 49], [0, 2 ** 49, -(2 ** 49), 1]];
    const columns = scale(...series);
    expect(columns.value.values.length).toBe(0);
    expect(columns.voff.values.every((offset) => Math.abs(offset) <= 2 ** 51)).toBe(true);
    expect([...valuesOf(columns, 0, 12)]).toEqual(series.flat());
  });
});

describe('the sample table', () => {
  it('is the same for the writer and for Glue', () => {
    expect(glueColumns(sampleTable(['host', 'env'])).map(({ name, type }) => `${name} ${type}`)).toEqual([
      'metric string', 'labels string', 'host string', 'env string', 'ts bigint', 'value double', 'voff bigint',
      'vbase bigint', 'vmul bigint', 'vdiv double', 'histogram binary',
    ]);
  });

  it.each([['Host'], ['a.b'], ['ts'], ['dt'], ['time'], [''], ['1st'], ['labels']])('refuses to promote "%s"', (label) => {
    expect(() => sampleTable([label])).toThrow(RangeError);
  });

  it('refuses to promote a label twice', () => {
    expect(() => sampleTable(['host', 'host'])).toThrow(/twice/);
  });
});
