import { createRequire } from 'node:module';
import { constants, zstdCompressSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { RowColumns } from './row-columns.ts';

/** With the encodings and the compression that suit it best. */
export const hyparquetBytes = ({ metric, labels, tMs, values }: RowColumns, zstdLevel: number): number =>
  parquetWriteBuffer({
    codec: 'ZSTD',
    compressors: { ZSTD: (bytes) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: zstdLevel } }) },
    rowGroupSize: 1_000_000,
    pageSize: 16 << 20,
    schema: [
      { name: 'root', num_children: 4 },
      { name: 'metric', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
      { name: 'labels', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
      { name: 'ts', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: 'REQUIRED' },
      { name: 'value', type: 'DOUBLE', repetition_type: 'REQUIRED' },
    ],
    columnData: [
      { name: 'metric', data: [...metric] },
      { name: 'labels', data: [...labels] },
      { name: 'ts', data: BigInt64Array.from(tMs, BigInt), encoding: 'DELTA_BINARY_PACKED' },
      { name: 'value', data: values },
    ],
  }).byteLength;

/** The part of parquetjs-lite that is used; it comes without types. */
interface ParquetJs {
  readonly ParquetSchema: new (fields: Readonly<Record<string, { readonly type: string; readonly compression: string }>>) => unknown;
  readonly ParquetWriter: {
    openStream(schema: unknown, sink: Sink, options: Readonly<Record<string, unknown>>): Promise<{
      setRowGroupSize(rows: number): void;
      appendRow(row: Readonly<Record<string, unknown>>): Promise<void>;
      close(): Promise<void>;
    }>;
  };
}

interface Sink {
  write(chunk: Uint8Array, done: (error?: Error) => void): void;
  end(done: (error?: Error) => void): void;
}

const parquetjs = createRequire(import.meta.url)('parquetjs-lite') as ParquetJs;

export const parquetjsBytes = async ({ metric, labels, tMs, values }: RowColumns): Promise<number> => {
  const compression = 'GZIP';
  const schema = new parquetjs.ParquetSchema({
    metric: { type: 'UTF8', compression },
    labels: { type: 'UTF8', compression },
    ts: { type: 'TIMESTAMP_MILLIS', compression },
    value: { type: 'DOUBLE', compression },
  });
  let bytes = 0;
  const sink: Sink = {
    write(chunk, done) {
      bytes += chunk.length;
      done();
    },
    end(done) {
      done();
    },
  };
  const writer = await parquetjs.ParquetWriter.openStream(schema, sink, { useDataPageV2: true, pageSize: 100_000 });
  writer.setRowGroupSize(1_000_000);
  for (let i = 0; i < values.length; i++) {
    await writer.appendRow({ metric: metric[i], labels: labels[i], ts: tMs[i], value: values[i] });
  }
  await writer.close();
  return bytes;
};
