import { messageOf } from '../../shared/errors.ts';
import type { Expr } from '../../shared/promql/ast.ts';
import type { Matcher } from '../../shared/promql/matcher.ts';
import { parseQuery } from '../../shared/promql/parser.ts';
import { invalidParameter } from './params.ts';

/** The matchers of a `match[]` parameter: a selector such as `up{job="node"}`, and nothing around it. */
export const parseMatchers = (text: string): readonly Matcher[] => {
  let expr: Expr;
  try {
    expr = parseQuery(text);
  } catch (cause) {
    throw invalidParameter('match[]', messageOf(cause));
  }
  if (expr.kind !== 'selector' || expr.offsetMs !== 0 || expr.at !== undefined) {
    throw invalidParameter('match[]', `${JSON.stringify(text.slice(0, 100))} found, a selector without offset and @ allowed`);
  }
  return expr.matchers;
};
