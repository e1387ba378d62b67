import type { Context } from 'hono';
import { HttpFault } from '../../shared/http/http-fault.ts';
import { PromqlParseError } from '../../shared/promql/errors.ts';
import { parseQuery } from '../../shared/promql/parser.ts';
import { success } from './answers.ts';
import { timeParameter } from './params.ts';
import { requestParameters } from './request-parameters.ts';

/** Exemplars are not kept: the list is empty for every query that Prometheus would take. */
export const exemplarsRoute = async (c: Context): Promise<Response> => {
  const params = await requestParameters(c.req.raw);
  const startMs = timeParameter(params, 'start', -Infinity);
  const endMs = timeParameter(params, 'end', Infinity);
  if (endMs < startMs) throw new HttpFault(400, 'end timestamp must not be before start timestamp');
  try {
    parseQuery(params.get('query') ?? '');
  } catch (cause) {
    throw cause instanceof PromqlParseError ? new HttpFault(400, cause.message, { cause }) : cause;
  }
  return success(c, '[]');
};
