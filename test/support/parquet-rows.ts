import { zstdDecompressSync } from 'node:zlib';
import type { DuckDBConnection } from '@duckdb/node-api';
import { parquetReadObjects } from 'hyparquet';
import type { SampleColumns } from '../../shared/storage/hot-read.ts';

const hex = (value: number): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
};

/** metric, labels, time and the value's bits of every row, in order. */
export const rowsOf = ({ metrics, labels, offsets, tMs, values }: SampleColumns): string[] => {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  return metrics.flatMap((metric, k) =>
    Array.from({ length: (offsets[k + 1] as number) - (offsets[k] as number) }, (_, n) => {
      const i = (offsets[k] as number) + n;
      const half = (at: number): string => (bits[at] as number).toString(16).padStart(8, '0');
      return [metric, labels[k], tMs[i], half(2 * i + 1) + half(2 * i)].join('|');
    }),
  );
};

const STALE_HEX = '7ff0000000000002';

/** What DuckDB gives for a file, in the file's order. */
export const duckdbRows = async (duckdb: DuckDBConnection, file: string): Promise<string[]> => {
  const result = await duckdb.run(
    `SELECT metric, labels, epoch_ms(ts) AS t, coalesce(value, (vbase + vmul * voff) / vdiv) AS v,
       value IS NULL AND voff IS NULL AND histogram IS NULL AS stale FROM read_parquet('${file}', file_row_number = true) ORDER BY file_row_number`,
  );
  const rows: string[] = [];
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    // The vector's memory is read as bytes: a NaN's payload need not survive as a JavaScript number.
    const raw = (chunk.getColumnVector(3) as unknown as { readonly items: Float64Array }).items;
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    chunk.getRows().forEach(([metric, labels, t, , isStale], i) => {
      const value = isStale === true ? STALE_HEX : view.getBigUint64(8 * i, true).toString(16).padStart(16, '0');
      rows.push([metric, labels, t, value].join('|'));
    });
  }
  return rows;
};

interface HyparquetRow {
  readonly metric: string;
  readonly labels: string;
  readonly ts: Date;
  readonly value: number | null;
  readonly voff: bigint | null;
  readonly vbase: bigint;
  readonly vmul: bigint;
  readonly vdiv: number;
}

/** What hyparquet gives for a file. */
export const hyparquetRows = async (bytes: Uint8Array): Promise<string[]> => {
  const rows = (await parquetReadObjects({
    file: Uint8Array.from(bytes).buffer,
    compressors: { ZSTD: (packed) => zstdDecompressSync(packed) },
  })) as unknown as HyparquetRow[];
  return rows.map(({ metric, labels, ts, value, voff, vbase, vmul, vdiv }) => {
    const number = value ?? (voff === null ? undefined : Number(vbase + vmul * voff) / vdiv);
    return [metric, labels, ts.getTime(), number === undefined ? STALE_HEX : hex(number)].join('|');
  });
};

/** hyparquet gives doubles as JavaScript numbers, which need not keep a NaN's payload. */
export const withoutPayloads = (row: string): string => row.replace(/\|[7f]ff(?!0000000000000$)[0-9a-f]{13}$/, '|nan');
