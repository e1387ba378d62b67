import { GetQueryResultsCommand, type AthenaClient, type ColumnInfo, type QueryExecution, type Row } from '@aws-sdk/client-athena';
import { SqlError, type SqlAnswer, type SqlCell } from '../sql/run-sql.ts';

/** Athena gives at most this many rows per page. */
const PAGE_ROWS = 1000;

/** Types whose text a JavaScript number holds without loss; bigint and decimal stay text. */
const NUMBERS: ReadonlySet<string> = new Set(['double', 'float', 'real', 'integer', 'int', 'smallint', 'tinyint']);

const cellOf = (type: string, text: string | undefined): SqlCell => {
  if (text === undefined) return null;
  if (type === 'boolean') return text === 'true';
  return NUMBERS.has(type) ? Number(text) : text;
};

const cellsOf = (columns: readonly ColumnInfo[], row: Row): readonly SqlCell[] =>
  columns.map((column, k) => cellOf(column.Type ?? 'varchar', row.Data?.[k]?.VarCharValue));

/** All rows of a statement that succeeded. Rejects with a SqlError past `maxRows`. */
export const readAnswer = async (client: AthenaClient, id: string, execution: QueryExecution, maxRows: number): Promise<SqlAnswer> => {
  const rows: (readonly SqlCell[])[] = [];
  let columns: readonly ColumnInfo[] = [];
  let token: string | undefined;
  // The first row of the first page repeats the column names (SELECT and WITH, which are all that is run here).
  let header = 1;
  do {
    const page = await client.send(
      new GetQueryResultsCommand({ QueryExecutionId: id, MaxResults: PAGE_ROWS, ...(token === undefined ? {} : { NextToken: token }) }),
    );
    columns = page.ResultSet?.ResultSetMetadata?.ColumnInfo ?? [];
    for (const row of (page.ResultSet?.Rows ?? []).slice(header)) rows.push(cellsOf(columns, row));
    if (rows.length > maxRows) throw new SqlError('limit', `run statement: found more than ${maxRows} rows, which is the most`);
    header = 0;
    token = page.NextToken;
  } while (token !== undefined);
  return {
    columns: columns.map(({ Name, Type }) => ({ name: Name ?? '', type: Type ?? 'varchar' })),
    rows,
    bytesScanned: execution.Statistics?.DataScannedInBytes ?? 0,
  };
};
