import { CorruptFileError } from './errors.ts';

/** Rows `from` to `to` (exclusive), counted from the first of a row group. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** Rows as the series index tells them, counted from the first of the file. */
export interface FileRows {
  readonly firstRow: number;
  readonly rows: number;
}

export const allRows = (rows: number): readonly RowRange[] => (rows === 0 ? [] : [{ from: 0, to: rows }]);

export const countRows = (ranges: readonly RowRange[]): number => ranges.reduce((sum, { from, to }) => sum + to - from, 0);

/** Grows ranges that ascend; those that touch are joined. */
export class RowRangesBuilder {
  private readonly ranges: { readonly from: number; to: number }[] = [];

  add(from: number, to: number): void {
    if (from >= to) return;
    const last = this.ranges.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else this.ranges.push({ from, to });
  }

  build(): readonly RowRange[] {
    return this.ranges;
  }
}

/** The rows that stand in both; each ascends. */
export const intersectRows = (a: readonly RowRange[], b: readonly RowRange[]): readonly RowRange[] => {
  const both = new RowRangesBuilder();
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const left = a[i] as RowRange;
    const right = b[j] as RowRange;
    both.add(Math.max(left.from, right.from), Math.min(left.to, right.to));
    if (left.to < right.to) i++;
    else j++;
  }
  return both.build();
};

/** The first `rows` of the ranges. */
export const firstRows = (ranges: readonly RowRange[], rows: number): readonly RowRange[] => {
  const first = new RowRangesBuilder();
  let missing = rows;
  for (const { from, to } of ranges) {
    if (missing <= 0) break;
    first.add(from, Math.min(to, from + missing));
    missing -= to - from;
  }
  return first.build();
};

/**
 * Rows of a file, in any order, by row group.
 * @throws CorruptFileError for rows that the file does not have: what told of them is no index of this file.
 */
export const rowsByGroup = (rows: readonly FileRows[], groups: readonly { readonly rows: number }[]): readonly (readonly RowRange[])[] => {
  const wanted = joinRows(rows, groups.reduce((sum, group) => sum + group.rows, 0));
  let start = 0;
  let next = 0;
  return groups.map((group) => {
    const end = start + group.rows;
    const ranges = new RowRangesBuilder();
    for (; next < wanted.length; next++) {
      const { from, to } = wanted[next] as RowRange;
      ranges.add(Math.max(from, start) - start, Math.min(to, end) - start);
      // What is left of it lies in the next group.
      if (to > end) break;
    }
    start = end;
    return ranges.build();
  });
};

const joinRows = (rows: readonly FileRows[], total: number): readonly RowRange[] => {
  const joined = new RowRangesBuilder();
  for (const { firstRow, rows: count } of [...rows].sort((a, b) => a.firstRow - b.firstRow)) {
    if (!(Number.isSafeInteger(firstRow) && Number.isSafeInteger(count) && firstRow >= 0 && count >= 0 && firstRow + count <= total)) {
      throw new CorruptFileError(`found ${count} rows wanted from row ${firstRow} on, the file has ${total}`);
    }
    joined.add(firstRow, firstRow + count);
  }
  return joined.build();
};
