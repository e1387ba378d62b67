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

/** metric, labels, time and the value's bits of every row, as the other readers give them. */
const DUMP = `
import struct, sys
import pyarrow as pa, pyarrow.parquet as pq
t = pq.read_table(sys.argv[1], page_checksum_verification=True)
c = {name: t.column(name) for name in t.column_names}
c['ts'] = c['ts'].cast(pa.int64())
c = {name: column.to_pylist() for name, column in c.items()}
out = []
for i in range(t.num_rows):
    value = c['value'][i]
    if value is None and c['voff'][i] is not None:
        value = (c['vbase'][i] + c['vmul'][i] * c['voff'][i]) / c['vdiv'][i]
    bits = '7ff0000000000002' if value is None else struct.pack('>d', value).hex()
    out.append('|'.join([c['metric'][i], c['labels'][i], str(c['ts'][i]), bits]))
sys.stdout.buffer.write('\\x1e'.join(out).encode())
`;

/** What pyarrow gives for a file, page checksums verified. */
export const pyarrowRows = (python: string, file: string): string[] => {
  const text = execFileSync(python, ['-c', DUMP, file], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return text === '' ? [] : text.split('\x1e');
};
