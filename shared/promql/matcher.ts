import { RE2JS } from 're2js';
import { messageOf } from '../errors.ts';
import { MAX_REGEX_COST, regexCost } from './regex-cost.ts';

export type MatchOp = '=' | '!=' | '=~' | '!~';

/** A condition on one label. An absent label has the value ''. Regexes match the whole value, and `.` matches newlines. */
export interface Matcher {
  readonly name: string;
  readonly op: MatchOp;
  readonly value: string;
}

type Predicate = (value: string) => boolean;

const META = /[\\.+*?()|[\]{}^$]/;

/** `prefix`, `suffix` or `infix` around `.*` / `.+`, when the rest of the pattern is literal. */
const fromAffixes = (pattern: string): Predicate | undefined => {
  const head = /^\.[*+]/.exec(pattern)?.[0] ?? '';
  const tail = pattern.length - head.length >= 2 ? (/\.[*+]$/.exec(pattern)?.[0] ?? '') : '';
  const literal = pattern.slice(head.length, pattern.length - tail.length);
  if ((head === '' && tail === '') || META.test(literal)) return undefined;
  const before = head === '.+' ? 1 : 0;
  const after = tail === '.+' ? 1 : 0;
  const least = before + literal.length + after;
  if (head === '') return (value) => value.length >= least && value.startsWith(literal);
  if (tail === '') return (value) => value.length >= least && value.endsWith(literal);
  return (value) => {
    const at = value.indexOf(literal, before);
    return value.length >= least && at !== -1 && at + literal.length + after <= value.length;
  };
};

/** The literals of `a|b\\.c`, or of `(a|b)` and `(?:a|b)` as a whole, escapes undone; undefined when one is more than a literal. */
const literalAlternatives = (pattern: string): string[] | undefined => {
  const inner = /^\((?:\?:)?([^()]*)\)$/.exec(pattern)?.[1] ?? pattern;
  const literals: string[] = [];
  let literal = '';
  for (let at = 0; at < inner.length; at++) {
    const char = inner[at] as string;
    if (char === '|') {
      literals.push(literal);
      literal = '';
    } else if (char === '\\') {
      at++;
      if (!META.test(inner[at] ?? '') && inner[at] !== '-') return undefined;
      literal += inner[at] as string;
    } else if (META.test(char)) return undefined;
    else literal += char;
  }
  return [...literals, literal];
};

/**
 * Whether the whole text matches an RE2 pattern. Literals, alternations of literals, prefixes, suffixes and infixes
 * do not reach the regex engine, which takes 200-650 ns per match (measured with re2js 2.10).
 * @throws Error whose message is RE2's own, such as ``error parsing regexp: missing closing ): `(` ``, or that the pattern costs
 * too much.
 */
export const compileRegex = (pattern: string): Predicate => {
  const literals = literalAlternatives(pattern);
  if (literals !== undefined) {
    if (literals.length === 1) return (value) => value === literals[0];
    const set = new Set(literals);
    return (value) => set.has(value);
  }
  const fast = fromAffixes(pattern);
  if (fast !== undefined) return fast;
  const cost = regexCost(pattern);
  if (cost > MAX_REGEX_COST) throw new Error(`error parsing regexp: expression is too costly: found a cost of ${cost}, limit ${MAX_REGEX_COST}`);
  const regex = RE2JS.compile(`^(?s:${pattern})$`);
  return (value) => regex.test(value);
};

/** A matcher is asked for by the parser, the type checker and storage: its regex is compiled once. */
const compiled = new WeakMap<Matcher, Predicate>();

/**
 * The predicate of a matcher over label values.
 * @throws Error with RE2's message when the regex is bad; the parser turns it into a parse error.
 */
export const compileMatcher = (matcher: Matcher): Predicate => {
  const wanted = matcher.value;
  if (matcher.op === '=') return (value) => value === wanted;
  if (matcher.op === '!=') return (value) => value !== wanted;
  const known = compiled.get(matcher);
  if (known !== undefined) return known;
  const matches = compileRegex(wanted);
  const predicate: Predicate = matcher.op === '=~' ? matches : (value) => !matches(value);
  compiled.set(matcher, predicate);
  return predicate;
};

/** RE2's complaint about a pattern; undefined when it is good. */
export const regexProblem = (pattern: string): string | undefined => {
  try {
    compileRegex(pattern);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
};
