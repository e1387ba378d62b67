import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';

const VERSION = '26.0.1';
const VENV = resolve('.cache/pyarrow');
const PYTHON = `${VENV}/bin/python`;

/** A Python with pyarrow in a cache folder, or why it cannot be had on this machine. */
export const pyarrowPython = (): { readonly python: string } | { readonly missing: string } => {
  try {
    const installed = existsSync(PYTHON) && execFileSync(PYTHON, ['-c', 'import pyarrow; print(pyarrow.__version__)'], { encoding: 'utf8' }).trim() === VERSION;
    if (!installed) {
      mkdirSync(VENV, { recursive: true });
      execFileSync('python3', ['-m', 'venv', VENV], { stdio: 'pipe' });
      execFileSync(PYTHON, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `pyarrow==${VERSION}`], { stdio: 'pipe' });
    }
    return { python: PYTHON };
  } catch (error) {
    return { missing: `pyarrow cannot be installed here: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}` };
  }
};

/** Every row of a file as one text: all columns in order, doubles by their bits. */
const DUMP = `
import struct, sys
import pyarrow as pa, pyarrow.parquet as pq
table = pq.read_table(sys.argv[1], page_checksum_verification=True)
def cell(value, kind):
    if value is None: return 'NULL'
    if pa.types.is_floating(kind): return struct.pack('>d', value).hex()
    if pa.types.is_binary(kind): return value.hex()
    return str(value)
columns = []
for field in table.schema:
    column = table.column(field.name)
    kind = field.type
    if pa.types.is_timestamp(kind): column = column.cast(pa.int64()); kind = pa.int64()
    columns.append([cell(value, kind) for value in column.to_pylist()])
sys.stdout.reconfigure(encoding='utf-8', newline='\\n')
for row in zip(*columns): print('\\x1f'.join(row), end='\\x1e')
`;

export const pyarrowRows = (python: string, file: string): string[] =>
  execFileSync(python, ['-c', DUMP, file], { encoding: 'utf8', maxBuffer: 1 << 28 }).split('\x1e').slice(0, -1);
