import { describe, expect, it } from 'vitest';
import { ParquetFileReader } from '../../../shared/parquet/file-reader.ts';
import type { FileHead } from '../../../shared/parquet/file-head.ts';
import { ParquetFileWriter } from '../../../shared/parquet/file-writer.ts';
import { type KeptBytes, KeptSpans } from '../../../shared/parquet/kept-spans.ts';
import type { ColumnSpec } from '../../../shared/parquet/schema.ts';

const TS: ColumnSpec = { name: 'ts', type: 'timestamp', isOptional: false, encoding: 'delta', paging: 'one' };
const VALUE: ColumnSpec = { name: 'value', type: 'double', isOptional: false, encoding: 'plain' };
const ROWS = 400;
const STEP = 80;

const file = (): Uint8Array => {
  const writer = new ParquetFileWriter({ columns: [TS, VALUE], sortedBy: ['ts'], zstdLevel: 1, hasPageIndex: true });
  const numbers = (of: (i: number) => number) => ({ kind: 'numbers' as const, values: Float64Array.from({ length: ROWS }, (_, i) => of(i)), present: undefined });
  for (const group of [0, 1]) writer.writeRowGroup(ROWS, [numbers((i) => i + group), numbers((i) => Math.sqrt(i + group * ROWS))], [100, 200, 300, 400]);
  return writer.finish({});
};

/** Reads every value, some rows at a time, each time by another reader. */
const readInSteps = async (kept: KeptSpans) => {
  const bytes = file();
  let head: FileHead | undefined;
  const values: number[] = [];
  let readBytes = 0;
  const read = async (offset: number, length: number): Promise<Uint8Array> => {
    readBytes += length;
    return bytes.subarray(offset, offset + length);
  };
  for (const g of [0, 1]) {
    for (let from = 0; from < ROWS; from += STEP) {
      const reader = await ParquetFileReader.open(read, bytes.length, 16, async (load) => (head ??= await load()), kept);
      const [rowGroup] = reader.metadata.rowGroups.slice(g);
      if (rowGroup === undefined) throw new Error('found no such row group');
      const columns = await reader.readColumns(rowGroup, ['ts', 'value'], [{ from, to: from + STEP }]);
      const [ts, value] = [columns.column('ts'), columns.column('value')];
      if (ts?.kind !== 'numbers' || value?.kind !== 'numbers') throw new Error('found other columns');
      expect([...ts.values]).toEqual(Array.from({ length: STEP }, (_, i) => from + i + g));
      values.push(...value.values);
    }
  }
  return { values, readBytes, fileBytes: bytes.length };
};

const EXPECTED = Array.from({ length: 2 * ROWS }, (_, i) => Math.sqrt(i));

describe('the pages of a file that is read some rows after others', () => {
  it('are read once, and nothing is kept behind the last row', async () => {
    const all: KeptBytes = { maxBytes: 1 << 20, heldBytes: 0 };
    const { values, readBytes, fileBytes } = await readInSteps(new KeptSpans(all));
    expect(values).toEqual(EXPECTED);
    expect(readBytes).toBeLessThan(fileBytes + 16);
    expect(all.heldBytes).toBe(0);
  });

  it('are read again beyond the bound, with the same values', async () => {
    const all: KeptBytes = { maxBytes: 0, heldBytes: 0 };
    const { values, readBytes, fileBytes } = await readInSteps(new KeptSpans(all));
    expect(values).toEqual(EXPECTED);
    expect(readBytes).toBeGreaterThan(fileBytes);
    expect(all.heldBytes).toBe(0);
  });
});
