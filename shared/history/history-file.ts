import type { ColumnValues } from '../parquet/column-values.ts';
import { ParquetFileWriter } from '../parquet/file-writer.ts';
import { RunsBuilder } from '../parquet/runs.ts';
import type { ColumnSpec } from '../parquet/schema.ts';
import { FILE_KEYS, FORMAT_VERSION } from '../storage/hot-object.ts';
import { HISTORY_SORTED_BY, HISTORY_TABLES } from '../sql/history-tables.ts';
import type { HistoryKind } from '../sql/history-tables.ts';
import type { ShelfRow } from './shelf.ts';

/** Files stay as they are (design 3). */
const ZSTD_LEVEL = 3;

/** The rows as a Parquet file, by time; there must be one. The bytes are a function of the rows. */
export const buildHistoryFile = (kind: HistoryKind, rows: readonly ShelfRow[]): Uint8Array => {
  const columns = HISTORY_TABLES[kind];
  const sorted = [...rows].sort((a, b) => a.tMs - b.tMs || (a.name < b.name ? -1 : 1));
  const writer = new ParquetFileWriter({ columns, sortedBy: HISTORY_SORTED_BY, zstdLevel: ZSTD_LEVEL });
  writer.writeRowGroup(sorted.length, columns.map((spec) => valuesOf(spec, sorted)));
  const [first, last] = [sorted[0]?.tMs, sorted.at(-1)?.tMs];
  return writer.finish({ [FILE_KEYS.formatVersion]: FORMAT_VERSION, [FILE_KEYS.minTMs]: String(first), [FILE_KEYS.maxTMs]: String(last) });
};

const valuesOf = ({ name, type }: ColumnSpec, rows: readonly ShelfRow[]): ColumnValues => {
  const cells = rows.map(({ tMs, attributes }) => (name === 'ts' ? tMs : attributes[name]));
  // A row that an earlier version has shelved may lack a column.
  if (type === 'text') return textRuns(cells.map((cell) => String(cell ?? '')));
  return { kind: 'numbers', values: Float64Array.from(cells, (cell) => Number(cell ?? 0)), present: undefined };
};

const textRuns = (cells: readonly string[]): ColumnValues => {
  const ids = new Map<string, number>();
  const runs = new RunsBuilder();
  for (const cell of cells) {
    const id = ids.get(cell) ?? ids.size;
    ids.set(cell, id);
    runs.add(id, 1);
  }
  return { kind: 'text-runs', dictionary: [...ids.keys()], runs: runs.build() };
};
