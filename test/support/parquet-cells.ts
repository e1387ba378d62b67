import { zstdDecompressSync } from 'node:zlib';
import type { DuckDBConnection } from '@duckdb/node-api';
import { parquetReadObjects } from 'hyparquet';
import type { ColumnValues } from '../../shared/parquet/column-values.ts';
import { ParquetFileReader } from '../../shared/parquet/file-reader.ts';
import { forEachRun, NULL_ID, rowsOf } from '../../shared/parquet/runs.ts';
import type { ColumnSpec } from '../../shared/parquet/schema.ts';

/**
 * Every cell of a file as it is stored, by column: NULL as '-', doubles by their bits in hex, times in ms, blobs in hex. What
 * the columns stand for is no matter here.
 */
export type Cells = Readonly<Record<string, readonly string[]>>;

const NULL_CELL = '-';

const hexOf = (bits: bigint): string => bits.toString(16).padStart(16, '0');

const hexOfNumber = (value: number): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
};

/** Columns without a row are left out by readers that give rows. */
const byName = (table: readonly ColumnSpec[], cellsOf: (spec: ColumnSpec, i: number) => string[]): Record<string, string[]> =>
  Object.fromEntries(table.map((spec, i) => [spec.name, cellsOf(spec, i)]));

export const ownCells = async (bytes: Uint8Array, table: readonly ColumnSpec[]): Promise<Cells> => {
  const file = await ParquetFileReader.open(async (at, length) => bytes.subarray(at, at + length), bytes.length);
  const cells = byName(table, () => []);
  for (const group of file.metadata.rowGroups) {
    const columns = await file.readColumns(group, table.map(({ name }) => name));
    for (const { name, type } of table) for (const cell of ownColumn(columns.column(name) as ColumnValues, type)) cells[name]?.push(cell);
  }
  return cells;
};

const ownColumn = (column: ColumnValues, type: ColumnSpec['type']): string[] => {
  const isDouble = type === 'double';
  if (column.kind === 'text-runs') return expand(column, [...column.dictionary]);
  if (column.kind === 'number-runs') return expand(column, numberCells(column.dictionary, isDouble));
  const present = column.kind === 'numbers' ? numberCells(column.values, isDouble) : column.values.map((blob) => Buffer.from(blob).toString('hex'));
  if (column.present === undefined) return present;
  const cells: string[] = [];
  let at = 0;
  forEachRun(column.present, 0, rowsOf(column.present), (level, from, to) => {
    for (let i = from; i < to; i++) cells.push(level === 0 ? NULL_CELL : (present[at++] as string));
  });
  return cells;
};

const expand = ({ runs }: Extract<ColumnValues, { readonly runs: unknown }>, entries: readonly string[]): string[] => {
  const cells: string[] = [];
  forEachRun(runs, 0, rowsOf(runs), (id, from, to) => {
    for (let i = from; i < to; i++) cells.push(id === NULL_ID ? NULL_CELL : (entries[id] as string));
  });
  return cells;
};

const numberCells = (values: Float64Array, isDouble: boolean): string[] =>
  isDouble ? Array.from(new BigUint64Array(values.slice().buffer), hexOf) : Array.from(values, (value) => BigInt(value).toString());

export const duckdbCells = async (duckdb: DuckDBConnection, file: string, table: readonly ColumnSpec[]): Promise<Cells> => {
  const columns = table.map(({ name, type }) => (type === 'timestamp' ? `epoch_ms("${name}")` : type === 'blob' ? `hex("${name}")` : `"${name}"`));
  const result = await duckdb.run(`SELECT ${columns.join(', ')} FROM read_parquet('${file}', file_row_number = true) ORDER BY file_row_number`);
  const cells = byName(table, () => []);
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    const rows = chunk.getRows();
    table.forEach(({ name, type }, c) => {
      // The vector's memory is read as bytes: a NaN's payload need not survive as a JavaScript number.
      const raw = type === 'double' ? (chunk.getColumnVector(c) as unknown as { readonly items: Float64Array }).items : new Float64Array(0);
      const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
      rows.forEach((row, i) => cells[name]?.push(row[c] === null ? NULL_CELL : type === 'double' ? hexOf(view.getBigUint64(8 * i, true)) : String(row[c])));
    });
  }
  return cells;
};

type HyparquetCell = string | number | bigint | Date | Uint8Array | null;

/** hyparquet gives doubles as JavaScript numbers: compare {@link withoutPayloads}. */
export const hyparquetCells = async (bytes: Uint8Array, table: readonly ColumnSpec[]): Promise<Cells> => {
  const rows = (await parquetReadObjects({ file: Uint8Array.from(bytes).buffer, compressors: { ZSTD: (packed) => zstdDecompressSync(packed) } })) as Record<string, HyparquetCell>[];
  return byName(table, ({ name }) => rows.map((row) => hyparquetCell(row[name] as HyparquetCell)));
};

const hyparquetCell = (cell: HyparquetCell): string => {
  if (cell === null) return NULL_CELL;
  if (cell instanceof Date) return String(cell.getTime());
  if (cell instanceof Uint8Array) return Buffer.from(cell).toString('hex');
  return typeof cell === 'number' ? hexOfNumber(cell) : String(cell);
};

/** With every NaN of a column of doubles the same. */
export const withoutPayloads = (cells: Cells, table: readonly ColumnSpec[]): Cells =>
  byName(table, ({ name, type }) => (cells[name] ?? []).map((cell) => (type === 'double' ? cell.replace(/^[7f]ff(?!0000000000000$)[0-9a-f]{13}$/, 'nan') : cell)));
