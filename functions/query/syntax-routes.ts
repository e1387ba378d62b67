import type { Context } from 'hono';
import type { Expr } from '../../shared/promql/ast.ts';
import { astJson } from '../../shared/promql/ast-json.ts';
import { parseQuery } from '../../shared/promql/parser.ts';
import { prettyPrint } from '../../shared/promql/pretty-printer.ts';
import { success } from './answers.ts';
import { parseFault } from './params.ts';
import { requestParameters } from './request-parameters.ts';

/** The query in its canonical form. */
export const formatRoute = async (c: Context): Promise<Response> => success(c, JSON.stringify(prettyPrint(await queryOf(c))));

/** The syntax tree of the query. */
export const parseRoute = async (c: Context): Promise<Response> => success(c, JSON.stringify(astJson(await queryOf(c))));

const queryOf = async (c: Context): Promise<Expr> => {
  const query = (await requestParameters(c.req.raw)).get('query') ?? '';
  try {
    return parseQuery(query);
  } catch (cause) {
    throw parseFault(cause);
  }
};
