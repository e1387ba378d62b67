import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { ParquetRows } from '../backfill/parquet-rows.ts';
import type { ColumnNames } from '../backfill/csv.ts';
import { messageOf, PermanentError } from '../errors.ts';
import { literal } from '../sql/dialect.ts';

/** DuckDB's own limit: row groups of other writers have 100 MB and more, and are read a part at a time. */
const MEMORY_MB = 512;
/** Label columns of a table that has no column of labels. */
const COLUMNS_MAX = 1000;

/**
 * The samples of a Parquet file of any codec and encoding, a few thousand at a time: files of ours, or columns of metric, time and value
 * beside `labels` (a map, a struct, or JSON text) or beside label columns.
 * @throws PermanentError `file: found …`
 */
export async function* readParquetSamples(file: string, columns: ColumnNames): AsyncGenerator<ParquetRows> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: `${MEMORY_MB}MiB`, temp_directory: '', autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' });
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    const result = await connection.stream(await selectOf(connection, file, columns));
    for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
      const [metrics, labels, times, values, isHistogram] = chunk.getColumns() as [(string | null)[], (string | null)[], (number | null)[], (number | null)[], boolean[]];
      if (isHistogram.includes(true)) throw new PermanentError(`${file}: found histograms, numbers and stale markers allowed`);
      yield { metrics, labels, times, values };
    }
  } catch (cause) {
    throw cause instanceof PermanentError ? cause : new PermanentError(`${file}: found what does not read as Parquet (${messageOf(cause).split('\n')[0]?.slice(0, 300)})`, { cause });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const selectOf = async (connection: DuckDBConnection, file: string, columns: ColumnNames): Promise<string> => {
  const from = `read_parquet(${literal(file)}, hive_partitioning = false)`;
  const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${from}`);
  const types = new Map(described.getRows().map(([name, type]) => [String(name), String(type)]));
  if (types.size > COLUMNS_MAX) throw new PermanentError(`${file}: found ${types.size} columns, ${COLUMNS_MAX} allowed`);
  const typeOf = (name: string): string => {
    const type = types.get(name);
    if (type === undefined) throw new PermanentError(`${file}: found no column ${JSON.stringify(name)}, columns for metric, time and value needed`);
    return type;
  };
  typeOf(columns.metric);
  typeOf(columns.value);
  const time = timeOf(columns.time, typeOf(columns.time), file);
  const isOurs = ['voff', 'vbase', 'vmul', 'vdiv'].every((name) => types.has(name));
  const value = `CAST(${quoted(columns.value)} AS DOUBLE)`;
  const wanted = [
    `CAST(${quoted(columns.metric)} AS VARCHAR)`,
    labelsOf(types, columns),
    time,
    isOurs ? `coalesce(${value}, (vbase + vmul * voff) / vdiv)` : value,
    types.get('histogram') === 'BLOB' ? 'histogram IS NOT NULL' : 'false',
  ];
  return `SELECT ${wanted.join(', ')} FROM ${from}`;
};

const timeOf = (name: string, type: string, file: string): string => {
  if (type === 'TIMESTAMP WITH TIME ZONE') return `CAST(epoch_ms(${quoted(name)}) AS DOUBLE)`;
  if (type.startsWith('TIMESTAMP')) return `CAST(epoch_ms(CAST(${quoted(name)} AS TIMESTAMP)) AS DOUBLE)`;
  if (/^(?:U?(?:BIG|INTE|HUGE|SMALL)|DOUBLE|FLOAT|DECIMAL)/.test(type)) return `CAST(${quoted(name)} AS DOUBLE)`;
  throw new PermanentError(`${file}: found times of type ${type} under ${JSON.stringify(name)}, a timestamp or a number allowed`);
};

/** As JSON text: an object of texts, or of NULLs where a label is not there. */
const labelsOf = (types: ReadonlyMap<string, string>, { metric, time, value }: ColumnNames): string => {
  const type = types.get('labels');
  if (type === 'VARCHAR' || type === 'JSON') return 'CAST(labels AS VARCHAR)';
  if (type !== undefined) return 'CAST(to_json(labels) AS VARCHAR)';
  const names = [...types.keys()].filter((name) => ![metric, time, value].includes(name));
  if (names.length === 0) return "'{}'";
  return `CAST(to_json({${names.map((name) => `${literal(name)}: CAST(${quoted(name)} AS VARCHAR)`).join(', ')}}) AS VARCHAR)`;
};
