import { messageOf } from '../../shared/errors.ts';
import type { Expr } from '../../shared/promql/ast.ts';
import { compileMatcher, type Matcher } from '../../shared/promql/matcher.ts';
import { parseQuery } from '../../shared/promql/parser.ts';
import { invalidParameter } from './params.ts';

/** Each is a search of its own through every file of the time range; Grafana sends one, a federation some dozens. */
const MAX_SELECTORS = 200;

/** The matchers of each `match[]`: a selector such as `up{job="node"}`, and nothing around it. */
export const matchParameters = (params: URLSearchParams): readonly (readonly Matcher[])[] => {
  const texts = params.getAll('match[]');
  if (texts.length > MAX_SELECTORS) throw invalidParameter('match[]', `${texts.length} selectors found, ${MAX_SELECTORS} allowed`);
  return texts.map(parseMatchers);
};

/** @throws HttpFault 400 for what is no selector, and for one that every series matches. */
export const parseMatchers = (text: string): readonly Matcher[] => {
  const expr = parseSelector(text);
  if (expr.kind !== 'selector' || expr.offsetMs !== 0 || expr.at !== undefined) {
    throw invalidParameter('match[]', `${JSON.stringify(text.slice(0, 100))} found, a selector without offset and @ allowed`);
  }
  if (expr.matchers.every((matcher) => compileMatcher(matcher)(''))) throw nothingNamed();
  return expr.matchers;
};

const nothingNamed = (): Error => invalidParameter('match[]', 'match[] must contain at least one non-empty matcher');

const parseSelector = (text: string): Expr => {
  try {
    return parseQuery(text);
  } catch (cause) {
    const message = messageOf(cause);
    // As a query a selector has the same rule, in other words.
    throw message.includes('at least one non-empty matcher') ? nothingNamed() : invalidParameter('match[]', message);
  }
};
