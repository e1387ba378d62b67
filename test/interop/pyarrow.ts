import { execFileSync } from 'node:child_process';
import type { Cells } from '../support/parquet-cells.ts';

/** Every cell of a file by column, as `parquet-cells.ts` writes them. */
const DUMP = `
import json, struct, sys
import pyarrow as pa, pyarrow.parquet as pq
t = pq.read_table(sys.argv[1], page_checksum_verification=True)
def cell(value, kind):
    if value is None: return '-'
    if pa.types.is_floating(kind): return struct.pack('>d', value).hex()
    return value.hex() if pa.types.is_binary(kind) else str(value)
cells = {}
for name in t.column_names:
    column = t.column(name)
    if pa.types.is_timestamp(column.type): column = column.cast(pa.int64())
    cells[name] = [cell(value, column.type) for value in column.to_pylist()]
sys.stdout.buffer.write(json.dumps(cells).encode())
`;

/** What pyarrow gives for a file, page checksums verified. */
export const pyarrowCells = (python: string, file: string): Cells => JSON.parse(execFileSync(python, ['-c', DUMP, file], { encoding: 'utf8', maxBuffer: 1 << 28 })) as Cells;
