import { labelValue } from '../../model/labels.ts';
import type { Labels } from '../../model/labels.ts';
import { PermanentError } from '../../errors.ts';
import { compileMatcher, regexProblem } from '../../promql/matcher.ts';
import type { MatchOp, Matcher } from '../../promql/matcher.ts';

/** Of one matcher, or of one line of them. */
const MAX_MATCHER_CHARS = 8192;

const MATCHER = /^\s*(?:([a-zA-Z_:][a-zA-Z0-9_:]*)|"((?:[^"\\]|\\.)*)")\s*(=~|!~|!=|=)\s*([\s\S]*?)\s*$/;

/** Matchers that all must hold, compiled. */
export interface MatcherSet {
  /** Sorted as Alertmanager sorts them: by name, value and operator. */
  readonly matchers: readonly Matcher[];
  readonly matches: (labels: Labels) => boolean;
}

export const NO_MATCHERS: MatcherSet = { matchers: [], matches: () => true };

/** @throws PermanentError for an empty name or a regex that is wrong. */
export const compileMatchers = (matchers: readonly Matcher[]): MatcherSet => {
  matchers.forEach(checkMatcher);
  const sorted = [...matchers].sort(byName);
  const tests = sorted.map((matcher) => ({ name: matcher.name, test: compileMatcher(matcher) }));
  return { matchers: sorted, matches: (labels) => tests.every(({ name, test }) => test(labelValue(labels, name))) };
};

const byName = (a: Matcher, b: Matcher): number => compare(a.name, b.name) || compare(a.value, b.value) || compare(a.op, b.op);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** `{foo="bar",baz=~"x|y"}`: what group keys are made of. */
export const formatMatchers = (matchers: readonly Matcher[]): string => `{${matchers.map(({ name, op, value }) => `${formatName(name)}${op}${goQuote(value)}`).join(',')}}`;

const formatName = (name: string): string => (/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name) ? name : goQuote(name));

/** A text as Go's `%q` prints it, as far as control characters, quotes and backslashes go. */
export const goQuote = (text: string): string =>
  `"${text.replace(/["\\\p{Cc}]/gu, (c) => SHORT_ESCAPES[c] ?? (c.charCodeAt(0) < 0x80 ? `\\x${hex(c, 2)}` : `\\u${hex(c, 4)}`))}"`;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\t': '\\t', '\r': '\\r', '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\v': '\\v' };

const hex = (c: string, digits: number): string => c.charCodeAt(0).toString(16).padStart(digits, '0');

/**
 * Matchers in Alertmanager's notation: `foo=bar`, `{foo="bar", baz=~"x|y"}` (pkg/labels/parse.go).
 * @throws PermanentError saying what is wrong; it quotes no value.
 */
export const parseMatchers = (text: string): readonly Matcher[] => {
  if (text.length > MAX_MATCHER_CHARS) throw new PermanentError(`matcher: found ${text.length} characters, at most ${MAX_MATCHER_CHARS} are allowed`);
  const inner = text.trim().replace(/^\{/, '').replace(/\}$/, '');
  return splitAtCommas(inner)
    .filter((part, i, parts) => part.trim() !== '' || (i < parts.length - 1))
    .map(parseMatcher);
};

const splitAtCommas = (text: string): string[] => {
  const parts: string[] = [];
  let from = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (c === '\\') i++;
    else if (c === '"') quoted = !quoted;
    else if (c === ',' && !quoted) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
};

const parseMatcher = (text: string): Matcher => {
  const match = MATCHER.exec(text);
  if (match === null) throw new PermanentError('matcher: found no name, operator and value, such as severity="page" or host=~"web.*"');
  const matcher = { name: match[1] ?? unescape(match[2] as string), op: match[3] as MatchOp, value: valueOf(match[4] as string) };
  checkMatcher(matcher);
  return matcher;
};

/** @throws PermanentError for an empty name or a regex that is wrong. */
export const checkMatcher = ({ name, op, value }: Matcher): void => {
  if (name === '') throw new PermanentError('matcher: found an empty name, a label name is needed');
  const problem = op === '=~' || op === '!~' ? regexProblem(value) : undefined;
  if (problem !== undefined) throw new PermanentError(`matcher of ${JSON.stringify(name.slice(0, 100))}: ${problem}`);
};

const valueOf = (raw: string): string => {
  const quoted = raw.startsWith('"');
  const inner = quoted ? raw.slice(1) : raw;
  const end = /^(?:[^"\\]|\\[\s\S]|\\$)*/.exec(inner)?.[0].length ?? 0;
  if (quoted ? end !== inner.length - 1 || inner[end] !== '"' : end !== inner.length) {
    throw new PermanentError('matcher: found a quotation mark inside of a value or none at its end; \\" stands for one inside');
  }
  return unescape(inner.slice(0, end));
};

/** Alertmanager knows three escapes; any other backslash is one itself. */
const unescape = (text: string): string => text.replace(/\\([\s\S])/g, (all, c: string) => (c === 'n' ? '\n' : c === '"' || c === '\\' ? c : all));
