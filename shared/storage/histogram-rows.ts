import { type HistogramColumn, HistogramList } from '../model/histogram-column.ts';
import type { ColumnValues } from '../parquet/column-values.ts';
import { CorruptFileError } from '../parquet/errors.ts';
import { countPresent, forEachRun } from '../parquet/runs.ts';

/**
 * The histograms of the rows `from` to `to` (exclusive), their places counted from `from`; copies, so that the file's memory can be let
 * go. Undefined where the column is left out or has none there.
 * @throws CorruptFileError
 */
export const histogramsOf = (column: ColumnValues | undefined, from: number, to: number): HistogramColumn | undefined => {
  if (column === undefined) return undefined;
  if (column.kind !== 'blobs') throw new CorruptFileError('found column "histogram" with other than bytes');
  const { present, values } = column;
  const list = new HistogramList();
  let position = present === undefined ? from : countPresent(present, 0, from);
  const take = (level: number, start: number, end: number): void => {
    if (level === 0) return;
    for (let row = start; row < end; row++) {
      const bytes = values[position++];
      if (bytes === undefined) throw new CorruptFileError(`found ${values.length} histograms, more are announced`);
      list.add(row - from, new Uint8Array(bytes));
    }
  };
  if (present === undefined) take(1, from, to);
  else forEachRun(present, from, to, take);
  return list.build();
};
