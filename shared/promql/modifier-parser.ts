import { parseDurationMs } from '../model/duration.ts';
import type { AtModifier, Expr, MatrixSelector, Subquery, VectorSelector } from './ast.ts';
import { formatValue, parseNumberLiteral } from './number-text.ts';
import { quote } from './string-text.ts';
import type { TokenStream } from './token-stream.ts';

/** Durations are int64 nanoseconds in Prometheus; this is their largest whole millisecond. */
const MAX_DURATION_MS = 9_223_372_036_854;

/** The value of a number or duration token, consumed; a duration counts in seconds. */
export const parseNumberToken = (tokens: TokenStream): number => {
  const token = tokens.advance();
  if (token.kind === 'duration') return (parseDurationMs(token.text) as number) / 1000;
  const special = /^[a-zA-Z]/.test(token.text);
  if (special) return token.key.toLowerCase() === 'nan' ? NaN : Infinity;
  const value = parseNumberLiteral(token.text);
  if (value === undefined) throw tokens.error(token.range, `bad number or duration syntax: ${quote(token.text)}`);
  return value;
};

const parseSignedSeconds = (tokens: TokenStream, context: string, expected: string): number => {
  const sign = tokens.accept('-') ? -1 : tokens.accept('+') ? 1 : 1;
  if (tokens.peek.kind !== 'number' && tokens.peek.kind !== 'duration') throw tokens.unexpected(context, expected);
  return sign * parseNumberToken(tokens);
};

/** Nanoseconds are cut to milliseconds, as Prometheus does. */
const toMs = (seconds: number): number => Math.trunc(Math.round(seconds * 1e9) / 1e6);

const parseDuration = (tokens: TokenStream): number => {
  const { range } = tokens.peek;
  const durationMs = toMs(parseNumberToken(tokens));
  if (!(durationMs > 0)) throw tokens.error(range, 'duration must be greater than 0');
  if (durationMs > MAX_DURATION_MS) throw tokens.error(range, 'duration out of range');
  return durationMs;
};

const isDuration = (tokens: TokenStream): boolean => tokens.peek.kind === 'number' || tokens.peek.kind === 'duration';

/** `[5m]` after a selector, or `[5m:1m]` after any expression. */
export const parseRange = (tokens: TokenStream, expr: Expr): MatrixSelector | Subquery => {
  tokens.advance();
  if (!isDuration(tokens)) throw tokens.unexpected('subquery or range selector', 'number or duration');
  const rangeMs = parseDuration(tokens);
  if (tokens.accept(':')) {
    if (!isDuration(tokens) && !tokens.at(']')) throw tokens.unexpected('subquery selector', 'number or duration or "]"');
    const stepMs = isDuration(tokens) ? parseDuration(tokens) : 0;
    const { end } = tokens.expect(']', 'subquery selector', '"]"').range;
    return { kind: 'subquery', range: { start: expr.range.start, end }, expr, rangeMs, stepMs, offsetMs: 0, at: undefined };
  }
  const { end } = tokens.expect(']', 'subquery or range', '":" or "]"').range;
  const range = { start: expr.range.start, end };
  if (expr.kind !== 'selector') throw tokens.error(range, 'ranges only allowed for vector selectors');
  if (expr.offsetMs !== 0) throw tokens.error(range, 'no offset modifiers allowed before range');
  if (expr.at !== undefined) throw tokens.error(range, 'no @ modifiers allowed before range');
  return { kind: 'matrix', range, selector: expr, rangeMs };
};

/** The part of an expression that carries `offset` and `@`; undefined when it cannot have them. */
const shifted = (expr: Expr): VectorSelector | Subquery | undefined => {
  if (expr.kind === 'matrix') return expr.selector;
  return expr.kind === 'selector' || expr.kind === 'subquery' ? expr : undefined;
};

const withShift = (expr: Expr, change: { offsetMs?: number; at?: AtModifier }, end: number): Expr => {
  const range = { start: expr.range.start, end };
  if (expr.kind === 'matrix') return { ...expr, range, selector: { ...expr.selector, ...change } };
  return { ...(expr as VectorSelector | Subquery), ...change, range };
};

/** `offset 5m`; the word is next. */
export const parseOffset = (tokens: TokenStream, expr: Expr): Expr => {
  tokens.advance();
  const seconds = parseSignedSeconds(tokens, 'offset', 'number or duration');
  const range = { start: expr.range.start, end: tokens.consumedTo };
  const target = shifted(expr);
  if (target === undefined) {
    throw tokens.error(range, 'offset modifier must be preceded by an instant vector selector or range vector selector or a subquery');
  }
  if (target.offsetMs !== 0) throw tokens.error(range, 'offset may not be set multiple times');
  if (!(Math.abs(seconds * 1000) <= MAX_DURATION_MS)) throw tokens.error(range, 'duration out of range');
  return withShift(expr, { offsetMs: toMs(seconds) }, range.end);
};

const parseAtTarget = (tokens: TokenStream): AtModifier => {
  if (tokens.at('start') || tokens.at('end')) {
    const kind = tokens.advance().key as 'start' | 'end';
    tokens.expect('(', '@', 'timestamp');
    tokens.expect(')', '@', 'timestamp');
    return { kind };
  }
  const { range } = tokens.peek;
  const seconds = parseSignedSeconds(tokens, '@', 'timestamp');
  // int64 milliseconds, as in Prometheus; beyond 2^53 a Float64Array could not carry them either.
  if (!(Math.abs(seconds * 1000) <= Number.MAX_SAFE_INTEGER)) {
    throw tokens.error(range, `timestamp out of bounds for @ modifier: ${Number.isFinite(seconds) ? seconds.toFixed(6) : formatValue(seconds)}`);
  }
  return { kind: 'time', tMs: Math.round(seconds * 1000) };
};

/** `@ 1609746000`, `@ start()` or `@ end()`; the symbol is next. */
export const parseAt = (tokens: TokenStream, expr: Expr): Expr => {
  tokens.advance();
  const at = parseAtTarget(tokens);
  const range = { start: expr.range.start, end: tokens.consumedTo };
  const target = shifted(expr);
  if (target === undefined) {
    throw tokens.error(range, '@ modifier must be preceded by an instant vector selector or range vector selector or a subquery');
  }
  if (target.at !== undefined) throw tokens.error(range, '@ <timestamp> may not be set multiple times');
  return withShift(expr, { at }, range.end);
};
