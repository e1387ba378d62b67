import { describe, expect, it } from 'vitest';
import { CorruptFileError } from '../../../shared/parquet/errors.ts';
import { cutPages } from '../../../shared/parquet/page-cuts.ts';
import { countRows, firstRows, intersectRows, type RowRange, rowsByGroup } from '../../../shared/parquet/row-ranges.ts';

const ranges = (...pairs: readonly (readonly [from: number, to: number])[]): RowRange[] => pairs.map(([from, to]) => ({ from, to }));

describe('row ranges', () => {
  it('meet in the rows that stand in both', () => {
    expect(intersectRows(ranges([0, 10], [20, 30]), ranges([5, 22], [25, 26], [29, 40]))).toEqual(ranges([5, 10], [20, 22], [25, 26], [29, 30]));
    expect(intersectRows(ranges([0, 10]), ranges([10, 20]))).toEqual([]);
    expect(intersectRows([], ranges([0, 1]))).toEqual([]);
  });

  it('are cut to their first rows', () => {
    expect(firstRows(ranges([2, 5], [8, 12]), 4)).toEqual(ranges([2, 5], [8, 9]));
    expect(firstRows(ranges([2, 5], [8, 12]), 3)).toEqual(ranges([2, 5]));
    expect(firstRows(ranges([2, 5]), 0)).toEqual([]);
    expect(countRows(ranges([2, 5], [8, 12]))).toBe(7);
  });

  it('of a file are told by row group, joined where they touch', () => {
    const groups = [{ rows: 10 }, { rows: 5 }, { rows: 5 }];
    const told = [
      { firstRow: 8, rows: 9 },
      { firstRow: 2, rows: 1 },
      { firstRow: 3, rows: 2 },
      { firstRow: 19, rows: 1 },
    ];
    expect(rowsByGroup(told, groups)).toEqual([ranges([2, 5], [8, 10]), ranges([0, 5]), ranges([0, 2], [4, 5])]);
    expect(rowsByGroup([], groups)).toEqual([[], [], []]);
  });

  it.each([
    [21, 0],
    [19, 2],
    [-1, 2],
    [0, Number.NaN],
    [0.5, 1],
  ])('that the file does not have are refused: %d, %d', (firstRow, rows) => {
    expect(() => rowsByGroup([{ firstRow, rows }], [{ rows: 20 }])).toThrow(CorruptFileError);
  });
});

describe('cutPages', () => {
  /** The ends of pages of series with so many rows each: of one metric what stands in one list. */
  const cut = (pageRows: number, ...metrics: readonly (readonly number[])[]): number[] => {
    const offsets = [0];
    for (const rows of metrics.flat()) offsets.push((offsets.at(-1) as number) + rows);
    return cutPages({ metricOf: metrics.flatMap((series, m) => series.map(() => m)), offsets: Uint32Array.from(offsets) }, pageRows);
  };

  it('ends pages where metrics end', () => {
    expect(cut(100, [50], [40], [70])).toEqual([50, 90, 160]);
  });

  it('puts small metrics into one page, and none before a metric that fills its own', () => {
    expect(cut(100, [10], [10], [10], [10])).toEqual([30, 40]);
    expect(cut(100, [10], [95])).toEqual([10, 105]);
  });

  it('ends pages where series end in a metric of more rows', () => {
    expect(cut(100, [40, 40, 40, 40, 40])).toEqual([80, 160, 200]);
  });

  it('cuts a series of more rows', () => {
    expect(cut(100, [250], [10])).toEqual([100, 200, 250, 260]);
    expect(cut(100, [30, 250])).toEqual([30, 130, 230, 280]);
    expect(cut(100, [200])).toEqual([100, 200]);
  });

  it('counts from the first row of the series', () => {
    expect(cutPages({ metricOf: ['a', 'b'], offsets: [500, 540, 600] }, 100)).toEqual([40, 100]);
    expect(cutPages({ metricOf: [], offsets: [500] }, 100)).toEqual([]);
  });
});
