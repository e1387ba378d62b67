import type { AtModifier, DurationOperand, Expr, MatrixSelector, Subquery, VectorSelector } from './ast.ts';
import { atDuration, DURATION_START, durationMs, parseNumberToken, parseOffsetDuration, parsePositiveDuration } from './duration-parser.ts';
import { formatValue } from './number-text.ts';
import type { TokenStream } from './token-stream.ts';

const parseSignedSeconds = (tokens: TokenStream, context: string, expected: string): number => {
  const sign = tokens.accept('-') ? -1 : tokens.accept('+') ? 1 : 1;
  if (tokens.peek.kind !== 'number' && tokens.peek.kind !== 'duration') throw tokens.unexpected(context, expected);
  return sign * parseNumberToken(tokens);
};

/** A parsed range: milliseconds, 0 where an expression stands for them. */
const rangeOf = (operand: DurationOperand): Pick<Subquery, 'rangeMs' | 'rangeExpr'> =>
  operand.kind === 'number' ? { rangeMs: durationMs(operand.value) } : { rangeMs: 0, rangeExpr: operand };

const parseStep = (tokens: TokenStream): Pick<Subquery, 'stepMs' | 'stepExpr'> => {
  if (tokens.at(']')) return { stepMs: 0 };
  if (!atDuration(tokens)) throw tokens.unexpected('subquery selector', `${DURATION_START.replace(', or', ',')}, or "]"`);
  const step = parsePositiveDuration(tokens, 'subquery selector');
  return step.kind === 'number' ? { stepMs: durationMs(step.value) } : { stepMs: 0, stepExpr: step };
};

/** `[5m]` after a selector, or `[5m:1m]` after any expression. */
export const parseRange = (tokens: TokenStream, expr: Expr): MatrixSelector | Subquery => {
  const bracket = tokens.advance().range;
  const range = rangeOf(parsePositiveDuration(tokens, 'subquery or range selector'));
  if (tokens.accept(':')) {
    const step = parseStep(tokens);
    const { end } = tokens.expect(']', 'subquery selector', '"]"').range;
    return { kind: 'subquery', range: { start: expr.range.start, end }, expr, ...range, ...step, offsetMs: 0, at: undefined };
  }
  const { end } = tokens.expect(']', 'subquery or range', '":" or "]"').range;
  const brackets = { start: bracket.start, end };
  if (expr.kind !== 'selector') throw tokens.error(brackets, 'ranges only allowed for vector selectors');
  if (expr.offsetMs !== 0 || expr.offsetExpr !== undefined) throw tokens.error(brackets, 'no offset modifiers allowed before range');
  if (expr.at !== undefined) throw tokens.error(brackets, 'no @ modifiers allowed before range');
  return { kind: 'matrix', range: { start: expr.range.start, end }, selector: expr, ...range };
};

/** The part of an expression that carries `offset` and `@`; undefined when it cannot have them. */
const shifted = (expr: Expr): VectorSelector | Subquery | undefined => {
  if (expr.kind === 'matrix') return expr.selector;
  return expr.kind === 'selector' || expr.kind === 'subquery' ? expr : undefined;
};

const withShift = (expr: Expr, change: Partial<Pick<VectorSelector, 'offsetMs' | 'offsetExpr' | 'at' | 'extended'>>, end: number): Expr => {
  const range = { start: expr.range.start, end };
  if (expr.kind === 'matrix') return { ...expr, range, selector: { ...expr.selector, ...change } };
  return { ...(expr as VectorSelector | Subquery), ...change, range };
};

/** `offset 5m`; the word is next. */
export const parseOffset = (tokens: TokenStream, expr: Expr): Expr => {
  tokens.advance();
  const offset = parseOffsetDuration(tokens);
  const target = shifted(expr);
  if (target === undefined) {
    throw tokens.error(expr.range, 'offset modifier must be preceded by an instant vector selector or range vector selector or a subquery');
  }
  if (target.offsetMs !== 0 || target.offsetExpr !== undefined) throw tokens.error(expr.range, 'offset may not be set multiple times');
  const change = offset.kind === 'number' ? { offsetMs: durationMs(offset.value) } : { offsetMs: 0, offsetExpr: offset };
  return withShift(expr, change, tokens.consumedTo);
};

/** `anchored` or `smoothed`; the word is next. */
export const parseExtension = (tokens: TokenStream, expr: Expr): Expr => {
  const extended = tokens.advance().key as 'anchored' | 'smoothed';
  if (expr.kind === 'subquery') throw tokens.error(expr.range, `${extended} modifier is not supported for subqueries`);
  const target = shifted(expr);
  if (target === undefined || target.kind === 'subquery') throw tokens.error(expr.range, `${extended} modifier not implemented`);
  if (target.extended !== undefined && target.extended !== extended) {
    throw tokens.error(expr.range, 'anchored and smoothed modifiers cannot be used together');
  }
  return withShift(expr, { extended }, tokens.consumedTo);
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
  const target = shifted(expr);
  if (target === undefined) {
    throw tokens.error(expr.range, '@ modifier must be preceded by an instant vector selector or range vector selector or a subquery');
  }
  if (target.at !== undefined) throw tokens.error(expr.range, '@ <timestamp> may not be set multiple times');
  return withShift(expr, { at }, tokens.consumedTo);
};
