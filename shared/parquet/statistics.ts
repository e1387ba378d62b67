import { compareUtf8 } from '../model/utf8.ts';
import { putInt64 } from './plain.ts';
import { countPresent, forEachRun, NULL_ID, type Runs, rowsOf } from './runs.ts';
import type { ColumnValues } from './column-values.ts';
import type { Statistics } from './metadata.ts';

/** Longer bounds are left out: they skip nothing that shorter ones would not, and a footer is read with every query. */
const TEXT_MAX_BYTES = 1024;

/** The least and the greatest of some values; undefined where there is none that can be compared. */
type Bounds<T> = readonly [min: T, max: T] | undefined;

/**
 * Bounds of doubles as parquet.thrift (ColumnOrder) rules them: NaN never enters, a zero minimum is written as -0 and a zero
 * maximum as +0, and where nothing but NaN is there are none.
 */
const doubleBounds = (values: Float64Array): Bounds<number> => {
  let min = Infinity;
  let max = -Infinity;
  let compared = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (Number.isNaN(value)) continue;
    compared++;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return compared === 0 ? undefined : [min === 0 ? -0 : min, max === 0 ? 0 : max];
};

const integerBounds = (values: Float64Array): Bounds<number> => {
  if (values.length === 0) return undefined;
  let min = values[0] as number;
  let max = min;
  for (let i = 1; i < values.length; i++) {
    const value = values[i] as number;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return [min, max];
};

/** Bounds of texts by their UTF-8 bytes. */
const textBounds = (texts: Iterable<string>): Bounds<string> => {
  let min: string | undefined;
  let max: string | undefined;
  for (const text of texts) {
    if (min === undefined || compareUtf8(text, min) < 0) min = text;
    if (max === undefined || compareUtf8(text, max) > 0) max = text;
  }
  return min === undefined || max === undefined ? undefined : [min, max];
};

const encodeDouble = (value: number): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return bytes;
};

const encodeInteger = (value: number): Uint8Array => {
  const bytes = new Uint8Array(8);
  putInt64(new DataView(bytes.buffer), 0, value);
  return bytes;
};

const encodeBounds = <T>(bounds: Bounds<T>, nulls: number, encode: (value: T) => Uint8Array): Statistics => {
  if (bounds === undefined) return { min: undefined, max: undefined, nulls };
  const min = encode(bounds[0]);
  const max = encode(bounds[1]);
  return Math.max(min.length, max.length) > TEXT_MAX_BYTES ? { min: undefined, max: undefined, nulls } : { min, max, nulls };
};

/**
 * Statistics of `rows` rows. `usesAll` says that the rows use every entry of the dictionary, which spares looking for those
 * they use.
 */
export const statisticsOf = (values: ColumnValues, isDouble: boolean, rows: number, usesAll: boolean): Statistics => {
  if (values.kind === 'text-runs') {
    const texts = usesAll ? values.dictionary : usedIds(values.runs).map((id) => values.dictionary[id] as string);
    return encodeBounds(textBounds(texts), nullRows(values.runs), (text) => Buffer.from(text));
  }
  if (values.kind === 'number-runs') {
    const numbers = usesAll ? values.dictionary : Float64Array.from(usedIds(values.runs), (id) => values.dictionary[id] as number);
    return numberStatistics(numbers, isDouble, nullRows(values.runs));
  }
  const nulls = values.present === undefined ? 0 : rows - countPresent(values.present, 0, rows);
  return values.kind === 'numbers' ? numberStatistics(values.values, isDouble, nulls) : { min: undefined, max: undefined, nulls };
};

const numberStatistics = (values: Float64Array, isDouble: boolean, nulls: number): Statistics =>
  isDouble ? encodeBounds(doubleBounds(values), nulls, encodeDouble) : encodeBounds(integerBounds(values), nulls, encodeInteger);

const usedIds = (runs: Runs): number[] => [...new Set(runs.ids)].filter((id) => id !== NULL_ID);

const nullRows = (runs: Runs): number => {
  if (!runs.ids.includes(NULL_ID)) return 0;
  let nulls = 0;
  forEachRun(runs, 0, rowsOf(runs), (id, start, end) => {
    if (id === NULL_ID) nulls += end - start;
  });
  return nulls;
};
