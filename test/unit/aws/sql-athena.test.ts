import {
  AthenaClient,
  AthenaServiceException,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  StartQueryExecutionCommand,
  StopQueryExecutionCommand,
  type QueryExecutionStatus,
} from '@aws-sdk/client-athena';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { literalOf, makeAthenaSql } from '../../../shared/aws/sql-athena.ts';
import { UnavailableError } from '../../../shared/errors.ts';
import { SqlError } from '../../../shared/sql/run-sql.ts';

const athena = mockClient(AthenaClient);

const make = (maxRows = 1000) => {
  const clock = { nowMs: 0 };
  const run = makeAthenaSql(new AthenaClient({}), {
    workGroup: 'w',
    database: 'd',
    timeoutMs: 3000,
    maxRows,
    nowMs: () => clock.nowMs,
    sleep: async (ms) => {
      clock.nowMs += ms;
    },
  });
  return { clock, run };
};

const state = (Status: QueryExecutionStatus) => ({ QueryExecution: { Status, Statistics: { DataScannedInBytes: 12_345 } } });
const row = (...cells: (string | undefined)[]) => ({ Data: cells.map((VarCharValue) => (VarCharValue === undefined ? {} : { VarCharValue })) });
const columns = (...types: string[]) => ({ ColumnInfo: types.map((Type, k) => ({ Name: `c${k}`, Type })) });
const statement = { query: 'SELECT 1', parameters: [] };

beforeEach(() => {
  athena.reset();
  athena.on(StartQueryExecutionCommand).resolves({ QueryExecutionId: 'q1' });
  athena.on(GetQueryExecutionCommand).resolves(state({ State: 'SUCCEEDED' }));
  athena.on(GetQueryResultsCommand).resolves({ ResultSet: { Rows: [row('c0')], ResultSetMetadata: columns('integer') } });
});

describe('SQL through Athena', () => {
  it('runs in the workgroup and database, with parameters as literals', async () => {
    await make().run({ query: 'SELECT ?', parameters: ["it's", 2] });
    expect(athena.commandCalls(StartQueryExecutionCommand)[0]?.args[0].input).toEqual({
      QueryString: 'SELECT ?',
      WorkGroup: 'w',
      QueryExecutionContext: { Database: 'd' },
      ExecutionParameters: ["'it''s'", '2'],
    });
  });

  it.each(['INSERT INTO hot SELECT 1', "UNLOAD (SELECT 1) TO 's3://b/'", '/* SELECT */ DROP TABLE hot', '-- SELECT', 'selection', '', '/* SELECT 1'])(
    'does not start %j',
    async (query) => {
      await expect(make().run({ query, parameters: [] })).rejects.toMatchObject({ fault: 'bad_query' });
      expect(athena.calls()).toHaveLength(0);
    },
  );

  it.each(['select 1', 'WITH a AS (SELECT 1) SELECT * FROM a', '-- why\n /* what */ SELECT 1', '(SELECT 1)'])('starts %j', async (query) => {
    await make().run({ query, parameters: [] });
    expect(athena.commandCalls(StartQueryExecutionCommand)).toHaveLength(1);
  });

  it('reads a megabyte of comments in linear time', async () => {
    const startMs = performance.now();
    await expect(make().run({ query: '/**/'.repeat(250_000), parameters: [] })).rejects.toMatchObject({ fault: 'bad_query' });
    expect(performance.now() - startMs).toBeLessThan(1000);
  });

  it.each([
    ["a'; DROP TABLE x --", "'a''; DROP TABLE x --'"],
    ['', "''"],
    [1.5, '1.5'],
    [-3, '-3'],
    [Number.NaN, 'nan()'],
    [Number.NEGATIVE_INFINITY, '-infinity()'],
    [true, 'true'],
    [null, 'NULL'],
  ])('writes the parameter %j as %s', (value, literal) => {
    expect(literalOf(value)).toBe(literal);
  });

  it('refuses a parameter that Athena does not take', () => {
    expect(() => literalOf('x'.repeat(1023))).toThrow(SqlError);
  });

  it('reads types: exact numbers stay text, null is no empty text', async () => {
    athena.on(GetQueryResultsCommand).resolves({
      ResultSet: {
        Rows: [row('c0', 'c1', 'c2', 'c3', 'c4'), row('9007199254740993', '1.5', 'true', '', undefined), row('1', 'NaN', 'false', 'x', '1.10')],
        ResultSetMetadata: columns('bigint', 'double', 'boolean', 'varchar', 'decimal'),
      },
    });
    const answer = await make().run(statement);
    expect(answer.rows).toEqual([
      ['9007199254740993', 1.5, true, '', null],
      ['1', Number.NaN, false, 'x', '1.10'],
    ]);
    expect(answer.columns[0]).toEqual({ name: 'c0', type: 'bigint' });
    expect(answer.bytesScanned).toBe(12_345);
  });

  it('follows the pages, of which the first alone has a header', async () => {
    athena
      .on(GetQueryResultsCommand)
      .resolvesOnce({ ResultSet: { Rows: [row('c0'), row('1')], ResultSetMetadata: columns('integer') }, NextToken: 'more' })
      .resolvesOnce({ ResultSet: { Rows: [row('2'), row('3')], ResultSetMetadata: columns('integer') } });
    expect((await make().run(statement)).rows).toEqual([[1], [2], [3]]);
  });

  it('stops reading past the most rows', async () => {
    athena.on(GetQueryResultsCommand).resolves({ ResultSet: { Rows: [row('c0'), row('1'), row('2')], ResultSetMetadata: columns('integer') }, NextToken: 'more' });
    await expect(make(3).run(statement)).rejects.toMatchObject({ fault: 'limit' });
  });

  it('asks until the statement has ended', async () => {
    athena.on(GetQueryExecutionCommand).resolvesOnce(state({ State: 'QUEUED' })).resolvesOnce(state({ State: 'RUNNING' })).resolves(state({ State: 'SUCCEEDED' }));
    const { run, clock } = make();
    await run(statement);
    expect(clock.nowMs).toBe(300);
  });

  it('stops a statement that takes too long', async () => {
    athena.on(GetQueryExecutionCommand).resolves(state({ State: 'RUNNING' }));
    await expect(make().run(statement)).rejects.toMatchObject({ fault: 'timeout' });
    expect(athena.commandCalls(StopQueryExecutionCommand)[0]?.args[0].input).toEqual({ QueryExecutionId: 'q1' });
  });

  it.each<[QueryExecutionStatus, string]>([
    [{ State: 'FAILED', StateChangeReason: 'COLUMN_NOT_FOUND', AthenaError: { ErrorCategory: 2 } }, 'bad_query'],
    [{ State: 'CANCELLED', StateChangeReason: 'Bytes scanned limit was exceeded' }, 'limit'],
  ])('calls %j the caller\'s fault "%s"', async (status, fault) => {
    athena.on(GetQueryExecutionCommand).resolves(state(status));
    await expect(make().run(statement)).rejects.toMatchObject({ name: 'SqlError', fault });
  });

  it("calls a failure of Athena's own unavailable", async () => {
    athena.on(GetQueryExecutionCommand).resolves(state({ State: 'FAILED', StateChangeReason: 'INTERNAL', AthenaError: { ErrorCategory: 1 } }));
    await expect(make().run(statement)).rejects.toBeInstanceOf(UnavailableError);
  });

  it.each([
    ['InvalidRequestException', SqlError],
    ['TooManyRequestsException', UnavailableError],
  ])('maps a start refused with %s', async (name, error) => {
    athena.on(StartQueryExecutionCommand).rejects(new AthenaServiceException({ name, $fault: 'client', message: name, $metadata: {} }));
    await expect(make().run(statement)).rejects.toBeInstanceOf(error);
  });
});
