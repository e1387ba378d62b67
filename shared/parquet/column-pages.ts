import type { ByteWriter } from './byte-writer.ts';
import type { ColumnValues } from './column-values.ts';
import { writeDeltas, writeRepeatableDeltas } from './delta-binary-packed.ts';
import { ENCODING } from './metadata.ts';
import { writeBlobs, writeDoubles, writeInt64s } from './plain.ts';
import { widthOf, writeHybrid } from './rle.ts';
import { countPresent, levelsOf, type Runs, sliceRuns, withoutNulls } from './runs.ts';
import type { ColumnSpec } from './schema.ts';

/** The rows from `from` to `to` (exclusive) of a column. The slices of one column are taken in order, see `presentBefore`. */
export const sliceColumn = (values: ColumnValues, from: number, to: number, presentBefore: number): ColumnValues => {
  if (values.kind === 'text-runs' || values.kind === 'number-runs') return { ...values, runs: sliceRuns(values.runs, from, to) };
  const count = values.present === undefined ? to - from : countPresent(values.present, from, to);
  const present = values.present === undefined ? undefined : sliceRuns(values.present, from, to);
  return values.kind === 'numbers'
    ? { ...values, present, values: values.values.subarray(presentBefore, presentBefore + count) }
    : { ...values, present, values: values.values.slice(presentBefore, presentBefore + count) };
};

/** Values with a place in `values` of a column without a dictionary; 0 where there is one. */
export const presentCount = (values: ColumnValues): number => (values.kind === 'numbers' || values.kind === 'blobs' ? values.values.length : 0);

export const encodingOf = (values: ColumnValues, spec: ColumnSpec): number => {
  if (values.kind === 'text-runs' || values.kind === 'number-runs') return ENCODING.RLE_DICTIONARY;
  return spec.encoding === 'delta' || spec.encoding === 'repeats' ? ENCODING.DELTA_BINARY_PACKED : ENCODING.PLAIN;
};

export const dictionarySize = (values: ColumnValues): number | undefined =>
  values.kind === 'text-runs' || values.kind === 'number-runs' ? values.dictionary.length : undefined;

/** The body of a dictionary page. */
export const encodeDictionary = (out: ByteWriter, values: ColumnValues, spec: ColumnSpec): void => {
  if (values.kind === 'text-runs') for (const text of values.dictionary) out.plainText(text);
  else if (values.kind === 'number-runs') encodePlain(out, values.dictionary, spec);
};

/** The body of a V1 data page: definition levels of an optional column, then the values. */
export const encodePage = (out: ByteWriter, values: ColumnValues, spec: ColumnSpec, rows: number): void => {
  if (spec.isOptional) encodeLevels(out, values, rows);
  if (values.kind === 'text-runs' || values.kind === 'number-runs') {
    const width = widthOf(values.dictionary.length);
    out.byte(width);
    writeHybrid(out, withoutNulls(values.runs), width);
  } else if (values.kind === 'blobs') writeBlobs(out, values.values);
  else if (spec.encoding === 'delta') writeDeltas(out, values.values, 0, values.values.length);
  else if (spec.encoding === 'repeats') writeRepeatableDeltas(out, values.values);
  else encodePlain(out, values.values, spec);
};

const encodePlain = (out: ByteWriter, values: Float64Array, spec: ColumnSpec): void => {
  if (spec.type === 'double') writeDoubles(out, values);
  else writeInt64s(out, values);
};

const encodeLevels = (out: ByteWriter, values: ColumnValues, rows: number): void => {
  const lengthAt = out.position;
  out.uint32(0);
  writeHybrid(out, levels(values, rows), 1);
  out.view.setUint32(lengthAt, out.position - lengthAt - 4, true);
};

const levels = (values: ColumnValues, rows: number): Runs => {
  if (values.kind === 'text-runs' || values.kind === 'number-runs') return levelsOf(values.runs);
  return values.present ?? { ids: Int32Array.of(1), ends: Uint32Array.of(rows) };
};
