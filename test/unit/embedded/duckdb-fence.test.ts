import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkStatement } from '../../../shared/embedded/duckdb-fence.ts';
import { SqlError } from '../../../shared/sql/run-sql.ts';

let connection: DuckDBConnection;
beforeAll(async () => {
  connection = await (await DuckDBInstance.create(':memory:')).connect();
});
afterAll(() => connection.closeSync());

/** What DuckDB's parser makes of a statement, which is not run. */
const check = async (statement: string): Promise<string> => {
  const rows = await connection.runAndReadAll(`SELECT json_serialize_sql('${statement.replaceAll("'", "''")}')`);
  try {
    checkStatement(String(rows.getRows()[0]?.[0]));
    return 'passes';
  } catch (error) {
    return error instanceof SqlError ? error.fault : String(error);
  }
};

const verdicts = async (statements: readonly string[]): Promise<string[]> => {
  const found = [];
  for (const statement of statements) found.push(`${await check(statement)}: ${statement}`);
  return found;
};

describe('checkStatement', () => {
  it('refuses everything that is not exactly one SELECT', async () => {
    const refused = [
      '', ';', 'SELEC 1', 'SELECT 1; SELECT 2', 'SELECT 1; DROP VIEW samples', "COPY (SELECT 1) TO 'x'", "COPY samples FROM 'x'", "ATTACH 'x.db'", 'DETACH x',
      'INSTALL httpfs', 'LOAD httpfs', "SET memory_limit = '8GB'", 'RESET memory_limit', 'SET VARIABLE a = 1', 'PRAGMA version', 'PRAGMA enable_profiling',
      'CALL pragma_version()', '/* /* */ SELECT 1 */ PRAGMA version', '-- SELECT 1\nPRAGMA version', 'CHECKPOINT', 'CREATE TABLE t (a INT)', 'CREATE MACRO m() AS 1',
      'CREATE TABLE t AS SELECT 1', 'INSERT INTO samples VALUES (1)', 'DELETE FROM samples', 'UPDATE samples SET dt = 1', 'WITH x AS (SELECT 1) INSERT INTO t SELECT 1',
      'WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x', 'EXPLAIN SELECT 1', 'EXPLAIN ANALYZE SELECT 1', 'PREPARE a AS SELECT 1', 'EXECUTE a', "EXPORT DATABASE 'x'",
      "IMPORT DATABASE 'x'", 'DESCRIBE samples', 'SHOW TABLES', 'SUMMARIZE samples', 'SELECT * FROM (DESCRIBE samples)', 'SELECT * FROM (SHOW ALL TABLES)', 'BEGIN', 'VACUUM',
      "CREATE SECRET s (TYPE s3)", "USE x", 'ALTER TABLE samples RENAME TO x',
    ];
    expect(await verdicts(refused)).toEqual(refused.map((statement) => `bad_query: ${statement}`));
  });

  it('refuses table functions and files wherever they stand', async () => {
    const refused = [
      "SELECT * FROM read_text('x')", "SELECT * FROM READ_BLOB('x')", "FROM read_csv('x')", "SELECT * FROM read_parquet('x')", "SELECT * FROM parquet_scan('x')",
      "SELECT * FROM glob('/*')", "SELECT (SELECT content FROM read_text('x'))", "WITH a AS (SELECT * FROM read_text('x')) SELECT * FROM a",
      "WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT * FROM read_text('x')) SELECT * FROM a", "SELECT 1 WHERE EXISTS (FROM glob('/*'))", "SELECT 1 ORDER BY (FROM glob('/*'))",
      "SELECT * FROM samples JOIN LATERAL (SELECT * FROM read_text('x')) ON true", "SELECT 1 UNION ALL SELECT content FROM read_text('x')", "SELECT * FROM sniff_csv('x')",
      "SELECT * FROM query('SELECT 1')", "SELECT * FROM query_table('samples')", "SELECT * FROM json_execute_serialized_sql('x')", 'SELECT * FROM enable_logging()',
      'SELECT * FROM enable_profiling()', 'SELECT * FROM checkpoint()', 'SELECT * FROM duckdb_settings()', 'SELECT * FROM duckdb_secrets()', 'SELECT * FROM pragma_version()',
      "SELECT write_log('x')", "SELECT * FROM 'x.parquet'", 'SELECT * FROM "x.parquet"', "SELECT * FROM 's3://bucket/key'", 'SELECT * FROM "/etc/passwd"',
      'SELECT * FROM main."x.csv"', 'SELECT * FROM other.samples', 'SELECT * FROM system.information_schema.tables', 'SELECT * FROM pg_catalog.pg_tables',
    ];
    expect(await verdicts(refused)).toEqual(refused.map((statement) => `bad_query: ${statement}`));
  });

  it('lets queries over the views pass', async () => {
    const allowed = [
      'SELECT 1', 'select * from samples;', '(SELECT 1)', '-- a comment\nSELECT 1 /* another */', 'WITH a AS (SELECT * FROM samples) SELECT * FROM a, samples b',
      'WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT * FROM t', "SELECT ';' || ? FROM main.samples LIMIT ?",
      'SELECT avg("value") OVER (PARTITION BY metric ORDER BY ts ROWS 5 PRECEDING) FROM samples', 'SELECT * FROM unnest([1, 2])', 'SELECT * FROM range(3) r(i)',
      'SELECT * FROM information_schema.columns', 'SELECT metric, count(*) FILTER (WHERE "value" > 1) FROM samples GROUP BY ALL HAVING count(*) > 1 UNION SELECT $$a$$, 1',
    ];
    expect(await verdicts(allowed)).toEqual(allowed.map((statement) => `passes: ${statement}`));
  });

  it('reads deep statements without running out of stack', async () => {
    const verdict = await check(`SELECT ${'('.repeat(900)}1${')'.repeat(900)}`);
    expect(['passes', 'bad_query']).toContain(verdict);
  });
});
