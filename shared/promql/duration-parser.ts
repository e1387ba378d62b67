import { parseDurationMs } from '../model/duration.ts';
import type { DurationExpr, DurationOp, DurationOperand, NumberLiteral } from './ast.ts';
import { MAX_DEPTH, tooDeep } from './nesting.ts';
import { parseNumberLiteral } from './number-text.ts';
import { quote } from './string-text.ts';
import type { Token } from './lexer.ts';
import type { TokenStream } from './token-stream.ts';

/** Durations are int64 nanoseconds in Prometheus; this is their largest whole millisecond. */
export const MAX_DURATION_MS = 9_223_372_036_854;

const PRECEDENCE: ReadonlyMap<string, number> = new Map([['+', 1], ['-', 1], ['*', 2], ['/', 2], ['%', 2], ['^', 3]]);
const UNARY_PRECEDENCE = 2;
const POWER_PRECEDENCE = 3;
const EXTREMES = new Set(['min_of', 'max_of']);
const QUERY_TIMES = new Set(['step', 'range']);

/** What is expected where a duration may begin. */
export const DURATION_START = 'number, duration, step(), or range()';

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

/** Seconds in whole milliseconds; nanoseconds are cut, as Prometheus does. */
export const durationMs = (seconds: number): number => Math.trunc(Math.round(seconds * 1e9) / 1e6);

const isNumber = ({ peek }: TokenStream): boolean => peek.kind === 'number' || peek.kind === 'duration';

const parseNumber = (tokens: TokenStream): NumberLiteral => {
  const { range, kind } = tokens.peek;
  const value = parseNumberToken(tokens);
  return inRange(tokens, { kind: 'number', range, value, isDuration: kind === 'duration' });
};

const inRange = (tokens: TokenStream, literal: NumberLiteral): NumberLiteral => {
  if (!(Math.abs(literal.value * 1000) <= MAX_DURATION_MS)) throw tokens.error(literal.range, 'duration out of range');
  return literal;
};

/** Whether a duration begins here; a word counts only when it is called. */
export const atDuration = (tokens: TokenStream): boolean =>
  isNumber(tokens) || ['(', '-', '+'].some((symbol) => tokens.at(symbol)) || isCall(tokens);

const isCall = (tokens: TokenStream): boolean =>
  tokens.peek.kind === 'word' && (EXTREMES.has(tokens.peek.key) || QUERY_TIMES.has(tokens.peek.key)) && tokens.followedBy('(');

/** Durations of one pair of brackets, or of one `offset`. */
class DurationParser {
  private readonly tokens: TokenStream;
  private readonly context: string;
  private readonly expected: string;
  private depth = 0;

  constructor(tokens: TokenStream, context: string, expected: string) {
    this.tokens = tokens;
    this.context = context;
    this.expected = expected;
  }

  expression(least: number): DurationOperand {
    if (++this.depth > MAX_DEPTH) throw tooDeep();
    const expr = this.infix(this.operand(), least);
    this.depth--;
    return expr;
  }

  /** Goes on behind `left` with the operators that bind tighter than `least`. */
  infix(left: DurationOperand, least: number): DurationOperand {
    let expr = left;
    for (let length = 0; ; length++) {
      const precedence = this.tokens.peek.kind === 'symbol' ? (PRECEDENCE.get(this.tokens.peek.key) ?? 0) : 0;
      if (precedence <= least) return expr;
      // A chain of left-associative operators is a deep tree as well.
      if (length > MAX_DEPTH) throw tooDeep();
      expr = this.binary(expr, this.tokens.advance(), precedence);
    }
  }

  private binary(lhs: DurationOperand, operator: Token, precedence: number): DurationExpr {
    const rhs = this.expression(precedence === POWER_PRECEDENCE ? precedence - 1 : precedence);
    const isZero = rhs.kind === 'number' && rhs.value === 0;
    if (isZero && operator.key === '/') throw this.tokens.error(operator.range, 'division by zero');
    if (isZero && operator.key === '%') throw this.tokens.error(operator.range, 'modulo by zero');
    return { kind: 'duration', range: { start: lhs.range.start, end: rhs.range.end }, op: operator.key as DurationOp, lhs, rhs, wrapped: false };
  }

  private operand(): DurationOperand {
    const { tokens } = this;
    if (tokens.at('-') || tokens.at('+')) return this.signed(tokens.advance(), this.expression(UNARY_PRECEDENCE));
    return this.primary();
  }

  signed(sign: Token, expr: DurationOperand): DurationOperand {
    const range = { start: sign.range.start, end: expr.range.end };
    if (expr.kind === 'number') return { ...expr, range, value: sign.key === '-' ? -expr.value : expr.value };
    return sign.key === '-' ? { kind: 'duration', range, op: '-', lhs: undefined, rhs: expr, wrapped: false } : expr;
  }

  /** What binds tightest: a number, a call, or something in parentheses. */
  primary(): DurationOperand {
    const { tokens } = this;
    if (isNumber(tokens)) return parseNumber(tokens);
    if (isCall(tokens)) return this.call(tokens.advance());
    if (!tokens.accept('(')) throw tokens.unexpected(this.context, this.expected);
    const inner = this.expression(0);
    tokens.expect(')', this.context, '")"');
    return inner.kind === 'number' ? inner : { ...inner, wrapped: true };
  }

  private call(word: Token): DurationExpr {
    const { tokens } = this;
    tokens.advance();
    let operands: Pick<DurationExpr, 'lhs' | 'rhs'> = { lhs: undefined, rhs: undefined };
    if (EXTREMES.has(word.key)) {
      const lhs = this.expression(0);
      tokens.expect(',', this.context, '","');
      operands = { lhs, rhs: this.expression(0) };
    }
    const { end } = tokens.expect(')', this.context, '")"').range;
    return { kind: 'duration', range: { start: word.range.start, end }, op: word.key as DurationOp, ...operands, wrapped: false };
  }
}

/** A duration in brackets. @throws PromqlParseError when it is a number that is not positive. */
export const parsePositiveDuration = (tokens: TokenStream, context: string): DurationOperand => {
  const expr = new DurationParser(tokens, context, DURATION_START).expression(0);
  if (expr.kind === 'number' && !(durationMs(expr.value) > 0)) throw tokens.error(expr.range, 'duration must be greater than 0');
  return expr;
};

/**
 * A duration after `offset`: one number or call with its sign, so that `x offset -2^2` is `(x offset -2)^2` as in
 * Prometheus' grammar. Only behind parentheses without a sign arithmetic goes on.
 */
export const parseOffsetDuration = (tokens: TokenStream): DurationOperand => {
  const parser = new DurationParser(tokens, 'offset', DURATION_START);
  if (tokens.at('(')) return parser.infix(parser.primary(), 0);
  if (!tokens.at('-') && !tokens.at('+')) return parser.primary();
  const sign = tokens.advance();
  return parser.signed(sign, tokens.at('-') || tokens.at('+') ? parser.expression(UNARY_PRECEDENCE) : parser.primary());
};

