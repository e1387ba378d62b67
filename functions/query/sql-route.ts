import type { Context } from 'hono';
import * as v from 'valibot';
import { installationWatermark } from '../../shared/catalog/watermarks.ts';
import { HttpFault } from '../../shared/http/http-fault.ts';
import { readBody } from '../../shared/http/read-body.ts';
import { SqlError, type SqlFault, type SqlRequest } from '../../shared/sql/run-sql.ts';
import { refuseBeyond } from './answer-limit.ts';
import { json, watermarkHeader } from './answers.ts';
import { type ErrorType, QueryFault } from './query-fault.ts';
import type { QueryPorts } from './query-ports.ts';

/** Athena takes a query text of 262,144 bytes (service quotas); parameters come on top. */
const BODY_MAX_BYTES = 1024 * 1024;

const SqlBody = v.strictObject({
  query: v.pipe(v.string('found none, a statement is needed'), v.nonEmpty('found none, a statement is needed')),
  parameters: v.optional(v.array(v.union([v.string(), v.number(), v.boolean(), v.null()])), []),
});

const STATUS: Readonly<Record<SqlFault, 400 | 422 | 503>> = { bad_query: 400, limit: 422, timeout: 503 };
const ERROR_TYPE: Readonly<Record<SqlFault, ErrorType>> = { bad_query: 'bad_data', limit: 'execution', timeout: 'timeout' };

/** One SELECT over the views: `{columns, rows, stats}`. */
export const runSqlRoute = async (ports: QueryPorts, c: Context): Promise<Response> => {
  const { runSql } = ports;
  if (runSql === undefined) throw new HttpFault(404, 'sql: this installation has no SQL engine');
  const request = parseBody(await readBody(c.req.raw, BODY_MAX_BYTES));
  // Before the statement starts: what the watermark promises, it sees.
  const watermarkMs = await installationWatermark(ports.catalog);
  const { columns, rows, bytesScanned } = await runSql(request).catch((error: unknown) => {
    throw error instanceof SqlError ? new QueryFault(STATUS[error.fault], ERROR_TYPE[error.fault], error.message, { cause: error }) : error;
  });
  const stats = { bytesScanned, dollars: ports.sqlDollars?.(bytesScanned) ?? 0, watermarkMs: watermarkMs ?? null };
  const text = JSON.stringify({ columns, rows, stats });
  if (ports.limits.maxAnswerBytes !== undefined) refuseBeyond(ports.limits.maxAnswerBytes, [text]);
  return json(c, text, watermarkHeader(watermarkMs));
};

const parseBody = (bytes: Uint8Array): SqlRequest => {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new HttpFault(400, 'sql: the body is no JSON, {"query": …, "parameters": […]} allowed', { cause });
  }
  const parsed = v.safeParse(SqlBody, body);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new HttpFault(400, `sql: ${v.getDotPath(issue) ?? 'body'}: ${issue.message}`);
};
