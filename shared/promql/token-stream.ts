import { type ByteRange, type PromqlParseError, parseErrorAt } from './errors.ts';
import { Lexer, type Token } from './lexer.ts';
import { quote } from './string-text.ts';

const OPERATOR_WORDS = new Set(['and', 'or', 'unless', 'atan2']);
const OPERATOR_SYMBOLS = new Set(['==', '!=', '=~', '!~', '>=', '<=', '>/', '</', '>', '<', '+', '-', '*', '/', '%', '^', '@']);
export const AGGREGATE_WORDS: ReadonlySet<string> = new Set([
  'sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar', 'topk', 'bottomk', 'quantile', 'count_values', 'limitk', 'limit_ratio',
]);
/** Words that stand for nothing but themselves: no metric can be selected by them. */
export const RESERVED_WORDS: ReadonlySet<string> = new Set(['on', 'ignoring', 'bool', 'group_left', 'group_right', 'atan2']);
const KEYWORDS = new Set([...RESERVED_WORDS, 'offset', 'by', 'without', 'start', 'end', 'step', 'range', 'min_of', 'max_of', 'anchored', 'smoothed']);

/** A token as Prometheus' "unexpected …" messages describe it. */
const describe = (token: Token): string => {
  const text = Array.from(token.text).length > 10 ? `${quote(Array.from(token.text).slice(0, 10).join(''))}...` : quote(token.text);
  switch (token.kind) {
    case 'end':
      return 'end of input';
    case 'symbol':
      return OPERATOR_SYMBOLS.has(token.text) ? `<op:${token.text}>` : text;
    case 'word':
      if (AGGREGATE_WORDS.has(token.key)) return `<aggr:${token.text}>`;
      if (OPERATOR_WORDS.has(token.key)) return `<op:${token.text}>`;
      return KEYWORDS.has(token.key) ? `<${token.text}>` : `identifier ${text}`;
    case 'metric':
      return `metric identifier ${text}`;
    default:
      return `${token.kind} ${text}`;
  }
};

/** The tokens of one query with one token of lookahead, and the errors about them. */
export class TokenStream {
  readonly query: string;
  private readonly lexer: Lexer;
  private current: Token;
  /** End of the last consumed token. */
  private lastEnd = 0;

  constructor(query: string) {
    this.query = query;
    this.lexer = new Lexer(query);
    this.current = this.lexer.next();
  }

  get peek(): Token {
    return this.current;
  }

  get atEnd(): boolean {
    return this.current.kind === 'end';
  }

  get consumedTo(): number {
    return this.lastEnd;
  }

  /** Whether the next token is this symbol, or this word in any case. */
  at(key: string): boolean {
    return this.current.key === key && (this.current.kind === 'symbol' || this.current.kind === 'word');
  }

  /** Whether the token after the next one begins with this character. */
  followedBy(character: string): boolean {
    return this.current.kind !== 'end' && this.lexer.upcoming() === character;
  }

  advance(): Token {
    const token = this.current;
    this.lastEnd = token.range.end;
    if (token.kind !== 'end') this.current = this.lexer.next();
    return token;
  }

  accept(key: string): boolean {
    if (!this.at(key)) return false;
    this.advance();
    return true;
  }

  expect(key: string, context: string, expected: string): Token {
    if (!this.at(key)) throw this.unexpected(context, expected);
    return this.advance();
  }

  unexpected(context = '', expected = ''): PromqlParseError {
    const where = context === '' ? '' : ` in ${context}`;
    const wanted = expected === '' ? '' : `, expected ${expected}`;
    return this.error(this.current.range, `unexpected ${describe(this.current)}${where}${wanted}`);
  }

  error(range: ByteRange, problem: string): PromqlParseError {
    return parseErrorAt(this.query, range, problem);
  }
}
