import { bitsOf, STALE_HIGH, STALE_LOW } from '../model/stale.ts';
import type { ColumnValues, NumberRuns } from '../parquet/column-values.ts';
import { CorruptFileError } from '../parquet/errors.ts';
import { countPresent, forEachRun, type Runs, runAt } from '../parquet/runs.ts';

/** The columns a value is made of; those that are NULL throughout may be left out. */
export interface ValueColumns {
  readonly value: ColumnValues | undefined;
  readonly voff: ColumnValues | undefined;
  readonly vbase: ColumnValues | undefined;
  readonly vmul: ColumnValues | undefined;
  readonly vdiv: ColumnValues | undefined;
}

/**
 * `coalesce(value, (vbase + vmul * voff) / vdiv)` of the rows `from` to `to` (exclusive), bit for bit as it was written; the
 * stale marker where all are NULL. They may take the place of `voff` in its memory.
 * @throws CorruptFileError for columns that do not fit together.
 */
export const valuesOf = (columns: ValueColumns, from: number, to: number): Float64Array => {
  const values = offsetsOfAll(columns.voff, from, to) ?? new Float64Array(to - from);
  fillStale(columns, values, from, to);
  putScaled(columns, values, from, to);
  putRaw(columns.value, values, from, to);
  return values;
};

/** The numbers of `voff`, where each of the rows has one: a value is made of its own alone, and mostly there are only such. */
const offsetsOfAll = (voff: ColumnValues | undefined, from: number, to: number): Float64Array | undefined => {
  if (voff?.kind !== 'numbers') return undefined;
  const { present, values } = voff;
  if (present !== undefined && countPresent(present, from, to) < to - from) return undefined;
  const first = present === undefined ? from : countPresent(present, 0, from);
  return first + to - from > values.length ? undefined : values.subarray(first, first + to - from);
};

/** Stale markers first, where rows may be without a value: the others overwrite them. */
const fillStale = ({ value, voff }: ValueColumns, values: Float64Array, from: number, to: number): void => {
  const rows = to - from;
  const present = (column: ColumnValues | undefined): number => {
    if (column?.kind !== 'numbers') return 0;
    return column.present === undefined ? rows : countPresent(column.present, from, to);
  };
  if (present(value) + present(voff) >= rows) return;
  const bits = bitsOf(values);
  for (let i = 0; i < bits.length; i += 2) {
    bits[i] = STALE_LOW;
    bits[i + 1] = STALE_HIGH;
  }
};

const putRaw = (column: ColumnValues | undefined, values: Float64Array, from: number, to: number): void => {
  if (column === undefined) return;
  forEachPresent(column, 'value', from, to, (raw, position, start, end) => {
    // Between arrays of one kind bytes are copied, so a NaN keeps its payload.
    values.set(raw.subarray(position, position + end - start), start - from);
  });
};

const putScaled = ({ voff, vbase, vmul, vdiv }: ValueColumns, values: Float64Array, from: number, to: number): void => {
  if (voff === undefined) return;
  const bases = new Constants(vbase, 'vbase');
  const factors = new Constants(vmul, 'vmul');
  const divisors = new Constants(vdiv, 'vdiv');
  forEachPresent(voff, 'voff', from, to, (offsets, position, start, end) => {
    for (let row = start; row < end; ) {
      const base = bases.at(row);
      const factor = factors.at(row);
      const divisor = divisors.at(row);
      const until = Math.min(end, bases.end, factors.end, divisors.end);
      const shift = position - start;
      if (divisor === 1) for (let i = row; i < until; i++) values[i - from] = base + factor * (offsets[i + shift] as number);
      else for (let i = row; i < until; i++) values[i - from] = (base + factor * (offsets[i + shift] as number)) / divisor;
      row = until;
    }
  });
};

/** Visits the stretches of rows that have a value, with the place of the first in the column's present values. */
const forEachPresent = (
  column: ColumnValues,
  name: string,
  from: number,
  to: number,
  visit: (values: Float64Array, position: number, start: number, end: number) => void,
): void => {
  if (column.kind !== 'numbers') throw new CorruptFileError(`found column "${name}" with other than numbers`);
  const { present, values } = column;
  let position = present === undefined ? from : countPresent(present, 0, from);
  const visitPresent = (level: number, start: number, end: number): void => {
    if (level === 0) return;
    if (position + end - start > values.length) throw new CorruptFileError(`found ${values.length} values of column "${name}", more are announced`);
    visit(values, position, start, end);
    position += end - start;
  };
  if (present === undefined) visitPresent(1, from, to);
  else forEachRun(present, from, to, visitPresent);
};

/** A column that is constant over runs of rows, walked forward. */
class Constants {
  /** The end (exclusive) of the run of the row last asked for. */
  end = 0;
  private readonly column: NumberRuns;
  private readonly runs: Runs;
  private readonly name: string;
  private run = -1;

  constructor(column: ColumnValues | undefined, name: string) {
    if (column?.kind !== 'number-runs') throw new CorruptFileError(`found no column "${name}" as runs of numbers`);
    this.column = column;
    this.runs = column.runs;
    this.name = name;
  }

  /** The value of a row, not before the row of the last call. */
  at(row: number): number {
    if (row >= this.end) {
      this.run = this.run === -1 ? runAt(this.runs, row) : this.run + 1;
      while ((this.runs.ends[this.run] ?? Infinity) <= row) this.run++;
      this.end = this.runs.ends[this.run] ?? 0;
      if (this.end <= row) throw new CorruptFileError(`found ${row} rows of column "${this.name}", more are announced`);
    }
    const value = this.column.dictionary[this.runs.ids[this.run] as number];
    if (value === undefined) throw new CorruptFileError(`found a row without "${this.name}"`);
    return value;
  }
}
