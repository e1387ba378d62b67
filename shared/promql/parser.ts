import { type Aggregate, type AggregateOp, type Binary, type BinaryOp, type Call, childrenOf, type Expr, SET_OPS, type VectorMatching } from './ast.ts';
import { parseNumberToken } from './duration-parser.ts';
import { type ByteRange, PromqlParseError } from './errors.ts';
import { FUNCTION_SIGNATURES } from './function-signatures.ts';
import { isLabelName } from './label-edit.ts';
import type { Token } from './lexer.ts';
import { parseAt, parseExtension, parseOffset, parseRange } from './modifier-parser.ts';
import { MAX_DEPTH, refuseTowers, tooDeep } from './nesting.ts';
import { parseSelector, stringValue } from './selector-parser.ts';
import { quote } from './string-text.ts';
import { AGGREGATE_WORDS, RESERVED_WORDS, TokenStream } from './token-stream.ts';
import { checkTypes } from './type-checker.ts';

/** Ten times the longest alert expressions seen in public rule collections; a cap before any memory is spent. */
export const MAX_QUERY_BYTES = 256 * 1024;

// Prometheus' grammar: a greater number binds tighter.
const PRECEDENCE: Readonly<Record<string, number>> = {
  or: 1, and: 2, unless: 2, '==': 3, '!=': 3, '<': 3, '<=': 3, '>': 3, '>=': 3, '</': 3, '>/': 3, '+': 4, '-': 4, '*': 5, '/': 5, '%': 5, atan2: 5, '^': 6,
};
const UNARY_PRECEDENCE = 5;
const POWER_PRECEDENCE = 6;
const WITH_PARAM = new Set(['topk', 'bottomk', 'quantile', 'count_values', 'limitk', 'limit_ratio']);
/** Words that may follow a metric beside operators. */
const MODIFIERS = new Set(['offset', 'anchored', 'smoothed']);
const ONE_TO_ONE: VectorMatching = { card: 'one-to-one', on: false, labels: [], include: [] };

class Parser {
  private readonly tokens: TokenStream;
  private depth = 0;

  constructor(query: string) {
    this.tokens = new TokenStream(query);
  }

  query(): Expr {
    if (this.tokens.atEnd) throw this.tokens.error({ start: 0, end: 0 }, 'no expression found in input');
    const expr = this.expression(0);
    if (!this.tokens.atEnd) throw this.tokens.unexpected();
    return expr;
  }

  /** Everything whose operators bind tighter than `least`. */
  private expression(least: number): Expr {
    if (++this.depth > MAX_DEPTH) throw tooDeep();
    let left = this.operand();
    for (let length = 1; ; length++) {
      // A chain of left-associative operators is a deep tree as well, though parsing it does not recurse.
      if (this.depth + length > MAX_DEPTH) throw tooDeep();
      const { peek } = this.tokens;
      const precedence = peek.kind === 'symbol' || peek.kind === 'word' ? Object.hasOwn(PRECEDENCE, peek.key) ? (PRECEDENCE[peek.key] as number) : 0 : 0;
      if (precedence <= least) break;
      left = this.binary(left, precedence);
    }
    this.depth--;
    return left;
  }

  private binary(lhs: Expr, precedence: number): Binary {
    const operator = this.tokens.advance();
    const op = operator.key as BinaryOp;
    const returnBool = this.tokens.accept('bool');
    const matching = { ...this.matching(SET_OPS.has(op) ? { ...ONE_TO_ONE, card: 'many-to-many' } : ONE_TO_ONE), ...this.fills() };
    const opRange = { start: operator.range.start, end: this.tokens.consumedTo };
    const rhs = this.expression(precedence === POWER_PRECEDENCE ? precedence - 1 : precedence);
    return { kind: 'binary', range: { start: lhs.range.start, end: rhs.range.end }, op, opRange, lhs, rhs, returnBool, matching };
  }

  private matching(initial: VectorMatching): VectorMatching {
    const { tokens } = this;
    if (!tokens.at('on') && !tokens.at('ignoring')) return initial;
    const on = tokens.advance().key === 'on';
    const labels = this.labelList();
    if (!tokens.at('group_left') && !tokens.at('group_right')) return { ...initial, on, labels };
    const card = tokens.advance().key === 'group_left' ? 'many-to-one' : 'one-to-many';
    return { card, on, labels, include: tokens.at('(') ? this.labelList() : [] };
  }

  /** `fill(0)`, or `fill_left(0)` and `fill_right(0)` in any order. The words are metrics where no parenthesis follows. */
  private fills(): Pick<VectorMatching, 'fillLeft' | 'fillRight'> {
    if (this.atFill('fill')) {
      const value = this.fillValue();
      return { fillLeft: value, fillRight: value };
    }
    let fills: Pick<VectorMatching, 'fillLeft' | 'fillRight'> = {};
    for (;;) {
      if (fills.fillLeft === undefined && this.atFill('fill_left')) fills = { ...fills, fillLeft: this.fillValue() };
      else if (fills.fillRight === undefined && this.atFill('fill_right')) fills = { ...fills, fillRight: this.fillValue() };
      else return fills;
    }
  }

  private atFill(word: string): boolean {
    return this.tokens.at(word) && this.tokens.followedBy('(');
  }

  private fillValue(): number {
    const { tokens } = this;
    tokens.advance();
    tokens.advance();
    const sign = tokens.accept('-') ? -1 : tokens.accept('+') ? 1 : 1;
    if (tokens.peek.kind !== 'number' && tokens.peek.kind !== 'duration') throw tokens.unexpected('fill modifier', 'number');
    const value = sign * parseNumberToken(tokens);
    tokens.expect(')', 'fill modifier', '")"');
    return value;
  }

  private labelList(): string[] {
    const { tokens } = this;
    tokens.expect('(', 'grouping opts', '"("');
    const labels: string[] = [];
    while (!tokens.at(')')) {
      const token = tokens.peek;
      if (token.kind !== 'word' && token.kind !== 'metric' && token.kind !== 'string') throw tokens.unexpected('grouping opts', 'label');
      tokens.advance();
      labels.push(token.kind === 'string' ? this.labelName(token) : token.text);
      if (!tokens.accept(',') && !tokens.at(')')) throw tokens.unexpected('grouping opts', '"," or ")"');
    }
    tokens.advance();
    return labels;
  }

  private labelName(token: Token): string {
    const name = stringValue(this.tokens, token);
    if (!isLabelName(name)) throw this.tokens.error(token.range, `invalid label name for grouping: ${quote(name)}`);
    return name;
  }

  /** A unary chain, or an atom with its ranges and modifiers, which bind tighter than any operator. */
  private operand(): Expr {
    const { tokens } = this;
    if (tokens.at('-') || tokens.at('+')) {
      const sign = tokens.advance();
      const expr = this.expression(UNARY_PRECEDENCE);
      const range = { start: sign.range.start, end: expr.range.end };
      if (expr.kind === 'number') return { ...expr, range, value: sign.key === '-' ? -expr.value : expr.value };
      return { kind: 'unary', range, op: sign.key as '+' | '-', expr };
    }
    let expr = this.atom();
    for (let length = 1; ; length++) {
      if (this.depth + length > MAX_DEPTH) throw tooDeep();
      if (tokens.at('[')) expr = parseRange(tokens, expr);
      else if (tokens.at('offset')) expr = parseOffset(tokens, expr);
      else if (tokens.at('@')) expr = parseAt(tokens, expr);
      else if (tokens.at('anchored') || tokens.at('smoothed')) expr = parseExtension(tokens, expr);
      else return expr;
    }
  }

  private atom(): Expr {
    const { tokens } = this;
    const token = tokens.peek;
    switch (token.kind) {
      case 'number':
      case 'duration': {
        const value = parseNumberToken(tokens);
        return { kind: 'number', range: token.range, value, isDuration: token.kind === 'duration' };
      }
      case 'string':
        tokens.advance();
        return { kind: 'string', range: token.range, value: stringValue(tokens, token) };
      case 'metric':
        return parseSelector(tokens, tokens.advance());
      case 'word':
        return this.word();
      default:
        if (tokens.at('(')) return this.parenthesis();
        if (tokens.at('{')) return parseSelector(tokens, undefined);
        throw tokens.unexpected();
    }
  }

  private word(): Expr {
    const { tokens } = this;
    if (RESERVED_WORDS.has(tokens.peek.key)) throw tokens.unexpected();
    const word = tokens.advance();
    if (AGGREGATE_WORDS.has(word.key) && (tokens.at('(') || tokens.at('by') || tokens.at('without'))) return this.aggregate(word);
    if (AGGREGATE_WORDS.has(word.key) && this.atOperand()) throw tokens.unexpected('aggregation');
    return tokens.at('(') ? this.call(word) : parseSelector(tokens, word);
  }

  /** Whether something begins here that cannot stand behind a metric. */
  private atOperand(): boolean {
    const { kind, key } = this.tokens.peek;
    if (kind === 'word') return !Object.hasOwn(PRECEDENCE, key) && !MODIFIERS.has(key) && !RESERVED_WORDS.has(key);
    return kind === 'metric' || kind === 'number' || kind === 'duration' || kind === 'string';
  }

  private parenthesis(): Expr {
    const { start } = this.tokens.advance().range;
    const expr = this.expression(0);
    const { end } = this.tokens.expect(')', '', '').range;
    return { kind: 'paren', range: { start, end }, expr };
  }

  private args(): Expr[] {
    const { tokens } = this;
    tokens.expect('(', 'aggregation', '');
    const args: Expr[] = [];
    if (tokens.accept(')')) return args;
    for (;;) {
      args.push(this.expression(0));
      if (tokens.accept(')')) return args;
      const comma = tokens.expect(',', '', '');
      if (tokens.at(')')) throw tokens.error(comma.range, 'trailing commas not allowed in function call args');
    }
  }

  private call(name: Token): Call {
    const args = this.args();
    const range = { start: name.range.start, end: this.tokens.consumedTo };
    if (!FUNCTION_SIGNATURES.has(name.text)) throw this.tokens.error(name.range, `unknown function with name ${quote(name.text)}`);
    return { kind: 'call', range, name: name.text, args };
  }

  private aggregate(word: Token): Aggregate {
    const before = this.grouping();
    const args = this.args();
    const { grouping, without } = before ?? this.grouping() ?? { grouping: [], without: false };
    const range = { start: word.range.start, end: this.tokens.consumedTo };
    const op = word.key as AggregateOp;
    const [param, expr] = this.aggregateArgs(op, args, range);
    return { kind: 'aggregate', range, op, expr, param, grouping, without };
  }

  private grouping(): { readonly grouping: string[]; readonly without: boolean } | undefined {
    if (!this.tokens.at('by') && !this.tokens.at('without')) return undefined;
    const without = this.tokens.advance().key === 'without';
    return { grouping: this.labelList(), without };
  }

  private aggregateArgs(op: AggregateOp, args: readonly Expr[], range: ByteRange): [Expr | undefined, Expr] {
    const wanted = WITH_PARAM.has(op) ? 2 : 1;
    if (args.length === 0) throw this.tokens.error(range, 'no arguments for aggregate expression provided');
    if (args.length !== wanted) {
      throw this.tokens.error(range, `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`);
    }
    return wanted === 1 ? [undefined, args[0] as Expr] : [args[0] as Expr, args[1] as Expr];
  }
}

/** Operators that nest and chain by turns make deep trees of short chains. */
const refuseDeepTree = (root: Expr): void => {
  const stack: [Expr, number][] = [[root, 1]];
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const [expr, depth] = entry;
    if (depth > MAX_DEPTH) throw tooDeep();
    for (const child of childrenOf(expr)) stack.push([child, depth + 1]);
  }
};

/**
 * The syntax tree of a PromQL expression, type-checked.
 * @throws PromqlParseError on anything that is not PromQL, and on queries over the caps above.
 */
export const parseQuery = (query: string): Expr => {
  // A character is at least a byte: of a long text not even these need be counted.
  const bytes = query.length > MAX_QUERY_BYTES ? query.length : Buffer.byteLength(query, 'utf8');
  if (bytes > MAX_QUERY_BYTES) throw new PromqlParseError(`parse query: found at least ${bytes} bytes, limit ${MAX_QUERY_BYTES} bytes`);
  refuseTowers(query);
  const expr = new Parser(query).query();
  refuseDeepTree(expr);
  checkTypes(query, expr);
  return expr;
};
