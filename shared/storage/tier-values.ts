import { CorruptFileError } from '../parquet/errors.ts';
import type { ColumnValues } from '../parquet/column-values.ts';
import { forEachRun, rowsOf } from '../parquet/runs.ts';
import { type BucketColumns, newBuckets } from '../tiers/bucket.ts';
import { TIER_VALUES, type TierValue } from './tier-scale.ts';

const SCALE: readonly string[] = ['vbase', 'vmul', 'vdiv'];

/** The file's columns that each column of buckets is made of. */
export const FILE_COLUMNS: Readonly<Record<keyof BucketColumns, readonly string[]>> = {
  startMs: ['ts'],
  count: ['count'],
  sum: ['sum', 'sum_off', 'count', 'first_off', ...SCALE],
  min: ['min', 'min_off', 'first_off', 'last_off', ...SCALE],
  max: ['max', 'max_off', 'first_off', 'last_off', ...SCALE],
  firstMs: ['first_ts'],
  first: ['first', 'first_off', ...SCALE],
  lastMs: ['last_ts'],
  last: ['last', 'last_off', ...SCALE],
  corr: ['corr', 'corr_off', 'resets', 'first_off', ...SCALE],
  resets: ['resets'],
  changes: ['changes'],
  staleEnd: ['stale_end'],
};

/** A row group's columns by name; undefined for one that is NULL throughout. */
interface ColumnSource {
  column(name: string, wantedRows: number): ColumnValues | undefined;
}

/**
 * The named columns of the rows `from` to `to` (exclusive), bit for bit as they were written.
 * @throws CorruptFileError for columns that do not fit together.
 */
export const bucketsOf = (source: ColumnSource, names: readonly (keyof BucketColumns)[], from: number, to: number): BucketColumns => {
  const rows = new DenseRows(source, from, to);
  const buckets = { ...newBuckets(0) };
  for (const name of names) {
    if (name === 'staleEnd') buckets[name] = Uint8Array.from(rows.whole('stale_end'));
    else if (isValue(name)) buckets[name] = rows.value(name);
    else if (name === 'firstMs' || name === 'lastMs') buckets[name] = rows.dense(FILE_COLUMNS[name][0] as string);
    else buckets[name] = rows.whole(FILE_COLUMNS[name][0] as string);
  }
  return buckets;
};

const isValue = (name: keyof BucketColumns): name is TierValue => (TIER_VALUES as readonly string[]).includes(name);

/** Columns of some rows with an entry for each of them, NaN for NULL. */
class DenseRows {
  private readonly source: ColumnSource;
  private readonly from: number;
  private readonly to: number;
  private readonly columns = new Map<string, ColumnValues | undefined>();
  private readonly cache = new Map<string, Float64Array>();

  constructor(source: ColumnSource, from: number, to: number) {
    this.source = source;
    this.from = from;
    this.to = to;
  }

  /** Decoded once. */
  private column(name: string): ColumnValues | undefined {
    if (!this.columns.has(name)) this.columns.set(name, this.source.column(name, this.to));
    return this.columns.get(name);
  }

  /** Shared between the columns that need it. */
  dense(name: string): Float64Array {
    let dense = this.cache.get(name);
    if (dense === undefined) {
      dense = expand(this.column(name), name, this.from, this.to);
      this.cache.set(name, dense);
    }
    return dense;
  }

  /** A column without NULLs. */
  whole(name: string): Float64Array {
    const dense = this.dense(name);
    if (dense.includes(Number.NaN)) throw new CorruptFileError(`found a row without "${name}"`);
    return dense;
  }

  value(name: TierValue): Float64Array {
    const values = this.dense(name);
    const offsets = this.dense(`${name}_off`);
    if (name === 'sum' || name === 'corr') this.emptyTotals(name, values);
    this.unscale(name, values, offsets);
    return values;
  }

  /** The sum of no samples is 0; the file has NULL, as SQL has. */
  private emptyTotals(name: 'sum' | 'corr', values: Float64Array): void {
    for (const [start, end] of nullRows(this.column(name), this.from, this.to)) values.fill(0, start - this.from, end - this.from);
  }

  private unscale(name: TierValue, values: Float64Array, offsets: Float64Array): void {
    if (this.column(`${name}_off`) === undefined) return;
    const base = this.whole('vbase');
    const factor = this.whole('vmul');
    const divisor = this.whole('vdiv');
    const origin = this.originOf(name);
    const terms = name === 'sum' ? this.whole('count') : name === 'corr' ? this.whole('resets') : undefined;
    const sign = name === 'min' ? -1 : 1;
    for (let i = 0; i < values.length; i++) {
      const offset = offsets[i] as number;
      if (offset !== offset) continue;
      const n = terms === undefined ? 1 : (terms[i] as number);
      const whole = n * (base[i] as number) + (factor[i] as number) * (n * (origin === undefined ? 0 : origin(i)) + sign * offset);
      values[i] = whole / (divisor[i] as number);
    }
  }

  /** What a row's offset counts from; undefined where that is 0. */
  private originOf(name: TierValue): ((row: number) => number) | undefined {
    if (name === 'first' || name === 'last') return undefined;
    const first = this.dense('first_off');
    if (name === 'sum' || name === 'corr') return (row) => first[row] as number;
    const last = this.dense('last_off');
    return name === 'min' ? (row) => Math.min(first[row] as number, last[row] as number) : (row) => Math.max(first[row] as number, last[row] as number);
  }
}

const expand = (column: ColumnValues | undefined, name: string, from: number, to: number): Float64Array => {
  const dense = new Float64Array(to - from).fill(Number.NaN);
  if (column === undefined) return dense;
  if (column.kind === 'number-runs') {
    if (rowsOf(column.runs) < to) throw new CorruptFileError(`found ${rowsOf(column.runs)} rows of column "${name}", more are announced`);
    forEachRun(column.runs, from, to, (id, start, end) => dense.fill(column.dictionary[id] ?? Number.NaN, start - from, end - from));
    return dense;
  }
  if (column.kind !== 'numbers') throw new CorruptFileError(`found column "${name}" with other than numbers`);
  let position = 0;
  const take = (level: number, start: number, end: number): void => {
    if (level === 0) return;
    if (position + end - start > column.values.length) throw new CorruptFileError(`found ${column.values.length} values of column "${name}", more are announced`);
    const first = Math.max(start, from);
    // Between arrays of one kind bytes are copied, so a NaN keeps its bits.
    if (first < end) dense.set(column.values.subarray(position + first - start, position + end - start), first - from);
    position += end - start;
  };
  if (column.present === undefined) take(1, 0, to);
  else forEachRun(column.present, 0, to, take);
  return dense;
};

/** The parts of [from, to) in which an optional column is NULL. */
const nullRows = (column: ColumnValues | undefined, from: number, to: number): readonly (readonly [from: number, to: number])[] => {
  if (column === undefined) return [[from, to]];
  if (column.kind !== 'numbers' || column.present === undefined) return [];
  const parts: [number, number][] = [];
  forEachRun(column.present, from, to, (level, start, end) => {
    if (level === 0) parts.push([start, end]);
  });
  return parts;
};
