import type { Context } from 'hono';
import { PromqlParseError } from '../../shared/promql/errors.ts';
import { parseQuery } from '../../shared/promql/parser.ts';
import { printExpr } from '../../shared/promql/printer.ts';
import { success } from './answers.ts';
import { invalidParameter } from './params.ts';
import { requestParameters } from './request-parameters.ts';

/** The query in its canonical form: on one line, where Prometheus breaks those of more than 100 characters. */
export const formatRoute = async (c: Context): Promise<Response> => {
  const params = await requestParameters(c.req.raw);
  return success(c, JSON.stringify(formatted(params.get('query') ?? '')));
};

const formatted = (query: string): string => {
  try {
    return printExpr(parseQuery(query));
  } catch (cause) {
    throw cause instanceof PromqlParseError ? invalidParameter('query', cause.message) : cause;
  }
};
