import { type DuckDBConnection, DuckDBInstance, type DuckDBPreparedStatement, type DuckDBResult, type Json } from '@duckdb/node-api';
import { messageOf } from '../errors.ts';
import { literal } from '../sql/dialect.ts';
import { type SqlAnswer, type SqlCell, SqlError, type SqlParameter } from '../sql/run-sql.ts';
import { checkStatement, refused } from './duckdb-fence.ts';
import { TRINO_MACROS } from './duckdb-macros.ts';
import { type DuckDbOutcome, type DuckDbTask, NOT_COMPUTED } from './duckdb-messages.ts';

/** StatementType.SELECT of the C API (duckdb.h, DUCKDB_STATEMENT_TYPE_SELECT). */
const SELECT = 1;

/** A child process runs one statement and ends: whatever it does to its engine or memory ends with it. */
const runTask = async (task: DuckDbTask): Promise<DuckDbOutcome> => {
  let connection: DuckDBConnection;
  try {
    connection = await openFenced(task);
  } catch (error) {
    return { broken: messageOf(error) };
  }
  const outcome = await runFenced(connection, task).catch(outcomeOf);
  if (!('fault' in outcome) || !outcome.message.includes(NOT_COMPUTED)) return outcome;
  return runInFull(connection, task).catch(outcomeOf);
};

/** A locked configuration does not lock the views. */
const runInFull = async (connection: DuckDBConnection, task: DuckDbTask): Promise<DuckDbOutcome> => {
  for (const { name, select } of task.views) await connection.run(`CREATE OR REPLACE VIEW ${name} AS ${select}`);
  return runFenced(connection, task);
};

const openFenced = async (task: DuckDbTask): Promise<DuckDBConnection> => {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(task.threads),
    memory_limit: `${task.memoryMb}MiB`,
    temp_directory: '',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    allow_persistent_secrets: 'false',
  });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  for (const macro of TRINO_MACROS) await connection.run(`CREATE MACRO ${macro}`);
  await connection.run(`SET allowed_paths = [${task.paths.map(literal).join(', ')}]`);
  await connection.run('SET enable_external_access = false');
  for (const { name, select, cheapSelect } of task.views) await connection.run(`CREATE VIEW ${name} AS ${cheapSelect ?? select}`);
  await connection.run('SET lock_configuration = true');
  return connection;
};

const runFenced = async (connection: DuckDBConnection, task: DuckDbTask): Promise<DuckDbOutcome> => {
  if (task.query.includes('\0')) throw refused('found a NUL character');
  const parsed = await connection.runAndReadAll(`SELECT json_serialize_sql(${literal(task.query)})`);
  const tables = checkStatement(String(parsed.getRows()[0]?.[0]));
  // A second look, by another way through the same parser: what is about to run is one SELECT.
  const statements = await connection.extractStatements(task.query);
  if (statements.count !== 1) throw new SqlError('bad_query', `check statement: found ${statements.count} statements, one is allowed`);
  const prepared = await statements.prepare(0);
  if (prepared.statementType !== SELECT) throw new SqlError('bad_query', 'check statement: found no SELECT, one is allowed');
  const { parameters } = task;
  if (prepared.parameterCount !== parameters.length) {
    throw new SqlError('bad_query', `bind parameters: ${parameters.length} given, the statement has ${prepared.parameterCount}`);
  }
  bindAll(prepared, parameters);
  return { ...(await collect(await prepared.stream(), task)), tables: [...tables] };
};

/** Whole numbers as BIGINT, the type of `ts` and of what functions count with: of a bigint DuckDB's client would make a HUGEINT. */
const bindAll = (prepared: DuckDBPreparedStatement, parameters: readonly SqlParameter[]): void => {
  parameters.forEach((value, i) => {
    if (Number.isSafeInteger(value)) prepared.bindBigInt(i + 1, BigInt(value as number));
    else prepared.bindValue(i + 1, value, undefined);
  });
};

const collect = async (result: DuckDBResult, task: DuckDbTask): Promise<Pick<SqlAnswer, 'columns' | 'rows'>> => {
  const types = result.columnTypes();
  const columns = result.columnNames().map((name, i) => ({ name, type: String(types[i]) }));
  const rows: SqlCell[][] = [];
  let bytes = 0;
  for await (const chunk of result.yieldRowsJson()) {
    for (const row of chunk) {
      const cells = row.map(cellFrom);
      for (const cell of cells) bytes += typeof cell === 'string' ? cell.length + 3 : 8;
      rows.push(cells);
    }
    if (rows.length > task.maxRows) throw new SqlError('limit', `answer: more than ${task.maxRows} rows, ${task.maxRows} allowed; add a LIMIT or aggregate`);
    if (bytes > task.maxResultBytes) {
      throw new SqlError('limit', `answer: more than ${task.maxResultBytes} bytes, ${task.maxResultBytes} allowed; add a LIMIT or aggregate`);
    }
  }
  return { columns, rows };
};

/** Lists and structs travel as their JSON. */
const cellFrom = (cell: Json): SqlCell => (cell !== null && typeof cell === 'object' ? JSON.stringify(cell) : cell);

const outcomeOf = (error: unknown): DuckDbOutcome => {
  if (error instanceof SqlError) return { fault: error.fault, message: error.message };
  const message = oneLine(messageOf(error));
  return { fault: message.startsWith('Out of Memory') ? 'limit' : 'bad_query', message };
};

const words = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** DuckDB adds the line of the statement, and a mark beneath it that needs a terminal. */
const oneLine = (message: string): string => {
  const [said = '', line] = message.split(/\n+(?=LINE \d+: )/);
  return line === undefined ? words(said) : `${words(said)} (${words(line.replace(/\n\s*\^\s*$/, ''))})`;
};

process.once('message', (task: DuckDbTask) => {
  void runTask(task).then((outcome) => process.send?.(outcome, () => process.disconnect()));
});
