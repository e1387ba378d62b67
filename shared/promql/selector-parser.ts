import { messageOf } from '../errors.ts';
import { METRIC_NAME } from '../model/labels.ts';
import type { VectorSelector } from './ast.ts';
import type { ByteRange } from './errors.ts';
import type { Token } from './lexer.ts';
import { compileMatcher, type MatchOp, type Matcher } from './matcher.ts';
import { escapeProblem, quote, unquote } from './string-text.ts';
import type { TokenStream } from './token-stream.ts';

const MATCH_OPS = new Set(['=', '!=', '=~', '!~']);

/** The value of a string token. */
export const stringValue = (tokens: TokenStream, token: Token): string => {
  const value = unquote(token.text);
  if (value === undefined) throw tokens.error(token.range, escapeProblem(token.text));
  return value;
};

const checkedMatcher = (tokens: TokenStream, name: string, op: MatchOp, value: string, range: ByteRange): Matcher => {
  const matcher: Matcher = { name, op, value };
  try {
    compileMatcher(matcher);
  } catch (error) {
    throw tokens.error(range, messageOf(error));
  }
  return matcher;
};

/** One `name op "value"`, or a quoted metric name alone. */
const parseMatcher = (tokens: TokenStream): Matcher => {
  const token = tokens.peek;
  if (token.kind !== 'word' && token.kind !== 'string') throw tokens.unexpected('label matching', 'identifier or "}"');
  tokens.advance();
  const name = token.kind === 'string' ? stringValue(tokens, token) : token.text;
  if (!MATCH_OPS.has(tokens.peek.text)) {
    if (token.kind === 'string' && (tokens.at(',') || tokens.at('}'))) return { name: METRIC_NAME, op: '=', value: name };
    throw tokens.unexpected('label matching', token.kind === 'string' ? '"," or "}"' : 'label matching operator');
  }
  const op = tokens.advance().text as MatchOp;
  if (tokens.peek.kind !== 'string') throw tokens.unexpected('label matching', 'string');
  const value = tokens.advance();
  return checkedMatcher(tokens, name, op, stringValue(tokens, value), { start: token.range.start, end: value.range.end });
};

interface Braces {
  readonly matchers: readonly Matcher[];
  /** The quoted metric names among the matchers. */
  readonly quotedNames: readonly string[];
}

const parseBraces = (tokens: TokenStream): Braces => {
  const matchers: Matcher[] = [];
  const quotedNames: string[] = [];
  tokens.expect('{', '', '"{"');
  while (!tokens.at('}')) {
    const isString = tokens.peek.kind === 'string';
    const from = tokens.peek;
    const matcher = parseMatcher(tokens);
    // A lone string is the metric name; `{"__name__"="x"}` is an ordinary matcher.
    if (isString && tokens.consumedTo === from.range.end) quotedNames.push(matcher.value);
    matchers.push(matcher);
    if (!tokens.accept(',') && !tokens.at('}')) throw tokens.unexpected('label matching', '"," or "}"');
  }
  tokens.advance();
  return { matchers, quotedNames };
};

/** `name`, `name{…}` or `{…}`; `name` is consumed already when there is one. */
export const parseSelector = (tokens: TokenStream, name: Token | undefined): VectorSelector => {
  const start = (name ?? tokens.peek).range.start;
  const { matchers, quotedNames } = tokens.at('{') ? parseBraces(tokens) : { matchers: [], quotedNames: [] };
  const range = { start, end: tokens.consumedTo };
  const outer = name === undefined ? [] : [name.text];
  const names = [...outer, ...quotedNames];
  if (names.length > 1) throw tokens.error(range, `metric name must not be set twice: ${quote(names[0] as string)} or ${quote(names[1] as string)}`);
  const metric = names[0] ?? '';
  const others = matchers.filter((matcher) => matcher.name === METRIC_NAME);
  const twice = quotedNames.length === 0 ? others[0] : others[1];
  if (metric !== '' && twice !== undefined) {
    throw tokens.error(range, `metric name must not be set twice: ${quote(metric)} or ${quote(twice.value)}`);
  }
  const all = name === undefined ? matchers : [...matchers, { name: METRIC_NAME, op: '=', value: name.text } as const];
  return { kind: 'selector', range, metric, matchers: all, offsetMs: 0, at: undefined };
};
