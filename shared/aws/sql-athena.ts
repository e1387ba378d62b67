import {
  GetQueryExecutionCommand,
  StartQueryExecutionCommand,
  StopQueryExecutionCommand,
  type AthenaClient,
  type QueryExecution,
} from '@aws-sdk/client-athena';
import { messageOf, UnavailableError } from '../errors.ts';
import { SqlError, type RunSql, type SqlParameter } from '../sql/run-sql.ts';
import { readAnswer } from './athena-answer.ts';
import { awsErrorOf } from './aws-error.ts';

export interface AthenaOptions {
  readonly workGroup: string;
  readonly database: string;
  /** A statement that runs longer is stopped; what it has scanned until then is billed. */
  readonly timeoutMs: number;
  readonly maxRows: number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly nowMs: () => number;
}

/** Athena takes no longer ExecutionParameter (StartQueryExecution reference). */
const MAX_LITERAL_CHARACTERS = 1024;

/** A short statement is done within a second; a long one is asked for once a second. */
const FIRST_POLL_MS = 100;
const LONGEST_POLL_MS = 1000;

/** Runs statements in a workgroup, whose settings decide the place of results and the most bytes. */
export const makeAthenaSql =
  (client: AthenaClient, options: AthenaOptions): RunSql =>
  async ({ query, parameters }) => {
    assertReads(query);
    const id = await start(client, options, query, parameters.map(literalOf));
    const execution = await finish(client, options, id);
    assertSucceeded(execution);
    return readAnswer(client, id, execution, options.maxRows);
  };

/**
 * Athena runs one statement per call, and in Trino's grammar the first word decides what it does: INSERT stands before its WITH. The
 * role that runs it can write nothing but results; this is for a clear answer, and for UNLOAD, which writes there too.
 */
const assertReads = (query: string): void => {
  if (!/^(?:select|with)\b|^\(/i.test(withoutLeadingComments(query))) {
    throw new SqlError('bad_query', 'run statement: found another beginning than SELECT or WITH, which are allowed');
  }
};

/** In one pass: a pattern over nested repeats would take quadratic time on hostile text. */
const withoutLeadingComments = (query: string): string => {
  let at = 0;
  for (;;) {
    while (/\s/.test(query.charAt(at))) at++;
    const end = query.startsWith('--', at) ? query.indexOf('\n', at) : query.startsWith('/*', at) ? query.indexOf('*/', at + 2) : undefined;
    if (end === undefined) return query.slice(at);
    if (end === -1) return '';
    at = end + (query.charAt(end) === '*' ? 2 : 1);
  }
};

/** Athena puts parameters into the statement as SQL expressions, so they must be literals, quoted. */
export const literalOf = (value: SqlParameter): string => {
  const literal = typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : value === null ? 'NULL' : numberOrBoolean(value);
  if (literal.length > MAX_LITERAL_CHARACTERS) {
    throw new SqlError('bad_query', `run statement: found a parameter of ${literal.length} characters, at most ${MAX_LITERAL_CHARACTERS}`);
  }
  return literal;
};

const numberOrBoolean = (value: number | boolean): string => {
  if (typeof value === 'boolean' || Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'nan()' : value > 0 ? 'infinity()' : '-infinity()';
};

const start = async (client: AthenaClient, { workGroup, database }: AthenaOptions, query: string, literals: readonly string[]): Promise<string> => {
  try {
    const started = await client.send(
      new StartQueryExecutionCommand({
        QueryString: query,
        WorkGroup: workGroup,
        QueryExecutionContext: { Database: database },
        ...(literals.length === 0 ? {} : { ExecutionParameters: [...literals] }),
      }),
    );
    return started.QueryExecutionId ?? '';
  } catch (cause) {
    const { name } = awsErrorOf(cause);
    if (name === 'InvalidRequestException') throw new SqlError('bad_query', messageOf(cause));
    throw new UnavailableError(`run statement: ${messageOf(cause)}`, 5, { cause });
  }
};

const finish = async (client: AthenaClient, { timeoutMs, sleep, nowMs }: AthenaOptions, id: string): Promise<QueryExecution> => {
  const untilMs = nowMs() + timeoutMs;
  for (let stepMs = FIRST_POLL_MS; ; stepMs = Math.min(LONGEST_POLL_MS, stepMs * 2)) {
    const { QueryExecution: execution } = await client.send(new GetQueryExecutionCommand({ QueryExecutionId: id }));
    const state = execution?.Status?.State;
    if (execution !== undefined && state !== 'QUEUED' && state !== 'RUNNING') return execution;
    if (nowMs() >= untilMs) {
      await client.send(new StopQueryExecutionCommand({ QueryExecutionId: id }));
      throw new SqlError('timeout', `run statement: found it still running after ${timeoutMs} ms, at most as long`);
    }
    await sleep(stepMs);
  }
};

/** Athena's error categories: 1 system, 2 user, 3 other. */
const USER_FAULT = 2;

const assertSucceeded = ({ Status: status }: QueryExecution): void => {
  if (status?.State === 'SUCCEEDED') return;
  const reason = status?.StateChangeReason ?? status?.AthenaError?.ErrorMessage ?? `ended as ${status?.State ?? 'nothing'}`;
  if (/bytes scanned limit/i.test(reason)) throw new SqlError('limit', reason);
  if (status?.AthenaError?.ErrorCategory === USER_FAULT || status?.AthenaError === undefined) throw new SqlError('bad_query', reason);
  throw new UnavailableError(`run statement: ${reason}`, 5);
};
