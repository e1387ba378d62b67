import { SqlError } from '../sql/run-sql.ts';

/**
 * Table functions a statement may call. All others are refused by name: they read files (read_parquet, glob), or change the
 * engine from inside a SELECT, which a locked configuration does not stop (enable_logging, enable_profiling; seen with 1.5.4).
 */
const TABLE_FUNCTIONS: ReadonlySet<string> = new Set(['unnest', 'range', 'generate_series']);
const SCALAR_FUNCTIONS_REFUSED: ReadonlySet<string> = new Set(['write_log']);
const SCHEMAS: ReadonlySet<string> = new Set(['', 'main', 'information_schema']);

/** A table name that cannot be a path or an address: DuckDB reads `FROM 'x.parquet'` as a file. */
const PLAIN_NAME = /^[\p{L}_][\p{L}\p{N}_$ ]*$/u;

/**
 * Reads what `json_serialize_sql` made of a statement: DuckDB's own parse, before anything of it runs.
 * Returns the names of the tables that it reads, in lower case.
 * @throws SqlError unless it is exactly one SELECT or WITH over the views.
 */
export const checkStatement = (serialized: string): ReadonlySet<string> => {
  const parsed = JSON.parse(serialized) as { error: boolean; error_message?: string; statements?: readonly unknown[] };
  if (parsed.error) throw refused(parsed.error_message ?? 'it does not parse');
  const statements = parsed.statements ?? [];
  if (statements.length !== 1) throw refused(`found ${statements.length} statements`);
  // An explicit stack: how deep a statement nests is up to its author.
  const pending: unknown[] = [statements[0]];
  const tables = new Set<string>();
  while (pending.length > 0) {
    const node = pending.pop();
    if (node === null || typeof node !== 'object') continue;
    if (!Array.isArray(node)) checkNode(node as Node, tables);
    for (const child of Object.values(node)) pending.push(child);
  }
  return tables;
};

type Node = Readonly<Record<string, unknown>>;

const checkNode = (node: Node, tables: Set<string>): void => {
  if (node['type'] === 'TABLE_FUNCTION') {
    const call = (node['function'] ?? {}) as Node;
    const name = String(call['function_name']).toLowerCase();
    if (!TABLE_FUNCTIONS.has(name)) throw refused(`table function ${name} found, ${[...TABLE_FUNCTIONS].join(', ')} allowed`);
  }
  if (node['type'] === 'SHOW_REF') throw refused('DESCRIBE, SHOW or SUMMARIZE found');
  if (node['type'] === 'BASE_TABLE') tables.add(checkTable(node).toLowerCase());
  if (node['class'] === 'FUNCTION' && SCALAR_FUNCTIONS_REFUSED.has(String(node['function_name']).toLowerCase())) {
    throw refused(`function ${String(node['function_name'])} found`);
  }
};

const checkTable = (node: Node): string => {
  const schema = String(node['schema_name'] ?? '');
  const table = String(node['table_name'] ?? '');
  if (!SCHEMAS.has(schema.toLowerCase()) || !PLAIN_NAME.test(table) || !['', 'memory'].includes(String(node['catalog_name'] ?? ''))) {
    throw refused(`table ${JSON.stringify(schema === '' ? table : `${schema}.${table}`)} found, the views and tables of WITH are allowed`);
  }
  return table;
};

/** What is wrong with a statement before it runs. */
export const refused = (found: string): SqlError =>
  new SqlError('bad_query', `check statement: ${found}; exactly one SELECT or WITH over the views is allowed`);
