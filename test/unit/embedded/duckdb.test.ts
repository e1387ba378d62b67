import { mkdtemp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDuckDb, type SqlFile } from '../../../shared/embedded/duckdb.ts';
import type { RunSql, SqlError } from '../../../shared/sql/run-sql.ts';

let dir = '';
let files: SqlFile[] = [];
let runSql: RunSql;

/** A file with the columns of the schema, written by DuckDB itself. */
const writeHour = async (hour: string, rows: string): Promise<SqlFile> => {
  const folder = join(dir, 'hot', `dt=${hour}`);
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${(await readdir(folder)).length}.parquet`);
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(
    `COPY (SELECT metric, labels, make_timestamp_ms(ts) AS ts, v::DOUBLE AS "value", voff::BIGINT AS voff, 100::BIGINT AS vbase, 1::BIGINT AS vmul, 10::DOUBLE AS vdiv
     FROM (VALUES ${rows}) AS t(metric, labels, ts, v, voff)) TO '${path}' (FORMAT parquet)`,
  );
  connection.closeSync();
  return { path, bytes: (await stat(path)).size };
};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidemark-sql-'));
  files = [
    await writeHour('2026-01-01-00', `('cpu', '{"a.b":"x","host":"h1"}', 1767225600000, 1.5, NULL), ('cpu', '{"host":"h2"}', 1767225600000, NULL, 23), ('gone', '{}', 1767225600000, NULL, NULL)`),
    await writeHour('2026-01-01-00', `('cpu', '{"a.b":"x","host":"h1"}', 1767225600000, 'NaN', NULL), ('nan', '{}', 1767225600000, 'NaN', NULL)`),
    await writeHour('2026-01-01-01', `('cpu', '{"host":"h1"}', 1767229200000, 7, NULL)`),
  ];
  runSql = openDuckDb({ plan: async () => ({ sealed: [], open: files, indexes: [], '1m': [], '1h': [] }), promotedLabels: ['host', 'region'], memoryMb: 256, timeoutMs: 20_000 });
});

afterAll(() => rm(dir, { recursive: true }));

const rowsOf = async (query: string, ...parameters: (string | number | boolean | null)[]): Promise<readonly (readonly unknown[])[]> =>
  (await runSql({ query, parameters })).rows;

const faultOf = (run: Promise<unknown>): Promise<SqlError> =>
  run.then(
    () => expect.fail('was answered'),
    (error: unknown) => error as SqlError,
  );

describe('the view samples', () => {
  it('gives one row per sample: scaled values decoded, numbers before NaN, no stale markers', async () => {
    const rows = await rowsOf('SELECT metric, labels, host, region, ts, "time", "value", dt FROM samples ORDER BY metric, ts, labels');
    expect(rows).toEqual([
      ['cpu', '{"a.b":"x","host":"h1"}', 'h1', null, '1767225600000', '2026-01-01 00:00:00', 1.5, '2026-01-01-00'],
      ['cpu', '{"host":"h2"}', 'h2', null, '1767225600000', '2026-01-01 00:00:00', 12.3, '2026-01-01-00'],
      ['cpu', '{"host":"h1"}', 'h1', null, '1767229200000', '2026-01-01 01:00:00', 7, '2026-01-01-01'],
      ['nan', '{}', null, null, '1767225600000', '2026-01-01 00:00:00', 'NaN', '2026-01-01-00'],
    ]);
  });

  it('compares time with the clock in UTC', async () => {
    const query = "SELECT count(*) FROM samples WHERE time > now() - INTERVAL 20 YEAR AND time = TIMESTAMP '2026-01-01 01:00:00'";
    expect(await rowsOf(query)).toEqual([['1']]);
  });

  it('names columns and types, and counts the bytes of the plan', async () => {
    const answer = await runSql({ query: 'SELECT ts, "time", "value", dt FROM samples LIMIT 1', parameters: [] });
    expect(answer.columns).toEqual([
      { name: 'ts', type: 'BIGINT' },
      { name: 'time', type: 'TIMESTAMP' },
      { name: 'value', type: 'DOUBLE' },
      { name: 'dt', type: 'VARCHAR' },
    ]);
    expect(answer.bytesScanned).toBe(files.reduce((sum, file) => sum + file.bytes, 0));
  });

  it('binds whole numbers as the type of ts and of counts', async () => {
    expect(await rowsOf('SELECT typeof(?), typeof(?)', 5, 1.5)).toEqual([['BIGINT', 'DOUBLE']]);
    expect(await rowsOf('SELECT count(*) FROM range(?)', 3)).toEqual([['3']]);
    expect(await rowsOf("SELECT date_add('minute', ?, TIMESTAMP '2026-01-01 00:00:00')", 5)).toEqual([['2026-01-01 00:05:00']]);
  });

  it('says an error in one line, with the line it is in', async () => {
    expect((await faultOf(runSql({ query: 'SELECT 1,\n nope FROM samples', parameters: [] }))).message).toMatch(
      /^Binder Error: Referenced column "nope" not found in FROM clause! Candidate bindings: [^\n]* \(LINE 2: nope FROM samples\)$/,
    );
    expect((await faultOf(runSql({ query: "SELECT '\0'", parameters: [] }))).message).toBe('check statement: found a NUL character; exactly one SELECT or WITH over the views is allowed');
  });

  it('binds parameters as values', async () => {
    expect(await rowsOf('SELECT count(*) FROM samples WHERE host = ? AND ts >= ?', 'h1', 1767229200000)).toEqual([['1']]);
    expect(await rowsOf('SELECT count(*) FROM samples WHERE host = ?', "' OR true --")).toEqual([['0']]);
    expect((await faultOf(runSql({ query: 'SELECT ?', parameters: [] }))).message).toContain('0 given, the statement has 1');
  });

  it('reads Trino functions', async () => {
    const query = `SELECT json_extract_scalar(labels, '$["a.b"]'), to_unixtime(from_unixtime(ts / 1000)), date_trunc('hour', "time"), is_nan("value"), approx_percentile("value", 0.5)
      FROM samples WHERE metric = 'cpu' AND labels LIKE '%a.b%' GROUP BY 1, 2, 3, 4`;
    expect(await rowsOf(query)).toEqual([['x', 1767225600, '2026-01-01 00:00:00', false, 1.5]]);
    expect(await rowsOf(`SELECT date_add('minute', 5, TIMESTAMP '2026-01-01 00:00:00')`)).toEqual([['2026-01-01 00:05:00']]);
  });

  it('does not open the files of other hours when dt is given', async () => {
    const folder = join(dir, 'hot', 'dt=2026-01-01-02');
    await mkdir(folder, { recursive: true });
    const broken = { path: join(folder, 'broken.parquet'), bytes: 3 };
    await writeFile(broken.path, 'no Parquet');
    const run = openDuckDb({ plan: async () => ({ sealed: [], open: [...files, broken], indexes: [], '1m': [], '1h': [] }), promotedLabels: ['host'], memoryMb: 256, timeoutMs: 20_000 });
    expect((await run({ query: "SELECT count(*) FROM samples WHERE dt = '2026-01-01-01'", parameters: [] })).rows).toEqual([['1']]);
    expect((await faultOf(run({ query: 'SELECT count(*) FROM samples', parameters: [] }))).message).toContain('broken.parquet');
  });

  it('is empty with the same columns before the first file', async () => {
    const run = openDuckDb({ plan: async () => ({ sealed: [], open: [], indexes: [], '1m': [], '1h': [] }), promotedLabels: ['host'], memoryMb: 256, timeoutMs: 20_000 });
    const answer = await run({ query: 'SELECT * FROM samples', parameters: [] });
    expect(answer.rows).toEqual([]);
    expect(answer.columns.map((column) => `${column.name} ${column.type}`)).toEqual([
      'metric VARCHAR', 'labels VARCHAR', 'host VARCHAR', 'ts BIGINT', 'time TIMESTAMP', 'value DOUBLE', 'dt VARCHAR',
    ]);
  });
});

describe('the fence', () => {
  it('lets no statement write or read a file but through the views', async () => {
    const outside = join(dir, 'outside.txt');
    await writeFile(outside, 'secret');
    const inside = (files[0] as SqlFile).path;
    const before = await readFile(inside);
    const hostile = [
      `COPY (SELECT 1) TO '${join(dir, 'new.parquet')}'`, `COPY (SELECT 1) TO '${inside}' (USE_TMP_FILE false)`, `ATTACH '${join(dir, 'new.db')}'`,
      `SELECT * FROM read_text('${outside}')`, `SELECT * FROM '${outside}'`, `EXPORT DATABASE '${dir}'`, 'SELECT 1; DROP VIEW samples',
      `SELECT * FROM enable_logging(storage = 'file', storage_path = '${dir}/log')`,
    ];
    const run = openDuckDb({ plan: async () => ({ sealed: [], open: files.slice(0, 1), indexes: [], '1m': [], '1h': [] }), promotedLabels: [], memoryMb: 256, timeoutMs: 20_000 });
    const faults = await Promise.all(hostile.map((query) => run({ query, parameters: [] }).then(() => `answered: ${query}`, (error: unknown) => (error as SqlError).fault)));
    expect(faults).toEqual(hostile.map(() => 'bad_query'));
    expect(await readFile(inside)).toEqual(before);
    expect((await readdir(dir)).toSorted()).toEqual(['hot', 'outside.txt']);
  });

  it('keeps files outside of the plan shut even where a function could reach them', async () => {
    const other = files[2] as SqlFile;
    const run = openDuckDb({ plan: async () => ({ sealed: [], open: files.slice(0, 1), indexes: [], '1m': [], '1h': [] }), promotedLabels: [], memoryMb: 256, timeoutMs: 20_000 });
    expect((await run({ query: 'SELECT count(*) FROM samples', parameters: [] })).rows).toEqual([['2']]);
    expect((await faultOf(run({ query: `SELECT * FROM "${other.path}"`, parameters: [] }))).fault).toBe('bad_query');
  });

  it('lets subqueries, WITH, set operations, windows and ranges pass', async () => {
    const query = `WITH a AS (SELECT metric, avg("value") OVER (PARTITION BY metric ORDER BY ts) AS ema FROM samples), r AS (SELECT * FROM range(2))
      SELECT count(*) FROM (SELECT metric FROM a UNION ALL SELECT 'x' FROM r) WHERE metric IN (SELECT metric FROM a) OR metric = 'x';`;
    expect(await rowsOf(query)).toEqual([['6']]);
  });
});

describe('limits', () => {
  it('kills a statement that takes too long', async () => {
    const run = openDuckDb({ plan: async () => ({ sealed: [], open: files, indexes: [], '1m': [], '1h': [] }), promotedLabels: [], memoryMb: 256, timeoutMs: 1500 });
    const fault = await faultOf(run({ query: 'SELECT sum(sin(range)) FROM range(100000000000)', parameters: [] }));
    expect(fault).toMatchObject({ fault: 'timeout', message: expect.stringContaining('1500 ms') });
  });

  it('turns statements away when too many wait', async () => {
    const run = openDuckDb({ plan: async () => ({ sealed: [], open: [], indexes: [], '1m': [], '1h': [] }), promotedLabels: [], memoryMb: 256, timeoutMs: 20_000 });
    const outcomes = await Promise.allSettled(Array.from({ length: 18 }, () => run({ query: 'SELECT 1', parameters: [] })));
    expect(outcomes.map((outcome) => outcome.status)).toEqual([...Array.from({ length: 16 }, () => 'fulfilled'), 'rejected', 'rejected']);
    expect((await run({ query: 'SELECT 1', parameters: [] })).rows).toEqual([[1]]);
  });

  it('refuses answers over the row, byte and memory caps', async () => {
    const run = openDuckDb({ plan: async () => ({ sealed: [], open: files, indexes: [], '1m': [], '1h': [] }), promotedLabels: [], memoryMb: 64, timeoutMs: 20_000, maxRows: 10_000, maxResultBytes: 100_000 });
    expect(await faultOf(run({ query: 'SELECT 1 FROM range(10001)', parameters: [] }))).toMatchObject({ fault: 'limit', message: expect.stringContaining('rows') });
    expect(await faultOf(run({ query: "SELECT repeat('x', 1000) FROM range(101)", parameters: [] }))).toMatchObject({ fault: 'limit', message: expect.stringContaining('bytes') });
    expect(await faultOf(run({ query: 'SELECT count(DISTINCT md5(range::VARCHAR)) FROM range(5000000)', parameters: [] }))).toMatchObject({ fault: 'limit' });
  });
});
