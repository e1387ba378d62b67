import { parseDurationMs } from '../model/duration.ts';
import { type ByteRange, parseErrorAt } from './errors.ts';
import { quote } from './string-text.ts';

/** `symbol` is punctuation or an operator; `metric` is a word with a colon in it; keywords are words until the parser decides. */
export type TokenKind = 'end' | 'word' | 'metric' | 'number' | 'duration' | 'string' | 'symbol';

export interface Token {
  readonly kind: TokenKind;
  /** As written; '' at the end. */
  readonly text: string;
  /** Lower case of a word, `text` of anything else: keywords are case-insensitive. */
  readonly key: string;
  readonly range: ByteRange;
}

/** Longer symbols stand before those they begin with. */
function byFirstCharacter(symbols: readonly string[]): ReadonlyMap<string, readonly string[]> {
  return Map.groupBy(symbols, (symbol) => symbol[0] as string);
}

const SPACE = /[ \t\r\n]/;
const WORD = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const METRIC_WORD = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
// Generous on purpose: what it takes must be a duration or a number, or it is an error as a whole.
const NUMBER = /(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?\d+)?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)[a-zA-Z0-9_]*/y;
const DURATION_LIKE = /^(?:\d+(?:ms|[ywdhms]))+$/;
const OUTSIDE = byFirstCharacter(['==', '!=', '>=', '<=', '>/', '</', '>', '<', '=', '+', '-', '*', '/', '%', '^', ',', '@', '(', ')', '{', '}', '[', ']']);
const INSIDE_BRACES = byFirstCharacter(['=~', '!~', '!=', '=', ',', '}']);

/** Cuts a query into tokens, one at a time, so that an earlier syntax error is told before a later bad character. */
export class Lexer {
  private readonly query: string;
  /** Byte position of every UTF-16 unit; undefined when the text is ASCII and both are the same. */
  private readonly bytePositions: Uint32Array | undefined;
  private at = 0;
  private inBraces = false;
  private inBrackets = false;
  /** Whether the step of a subquery has begun. */
  private hadColon = false;
  private parens = 0;

  constructor(query: string) {
    this.query = query;
    this.bytePositions = bytePositionsOf(query);
  }

  next(): Token {
    this.skipSpace();
    if (this.at >= this.query.length) return this.end();
    const char = this.query[this.at] as string;
    if (char === '"' || char === "'" || char === '`') return this.string(char);
    if (this.inBraces) return this.insideBraces(char);
    if (this.inBrackets && char === ':') return this.colon();
    if (/[0-9]/.test(char) || (char === '.' && /[0-9]/.test(this.query[this.at + 1] ?? ''))) return this.number();
    if (/[a-zA-Z_:]/.test(char)) return this.word();
    const symbol = OUTSIDE.get(char)?.find((candidate) => this.query.startsWith(candidate, this.at));
    if (symbol === undefined) return this.badCharacter(char);
    if (symbol === '=' && this.query[this.at + 1] === '~') this.fail("unexpected character after '=': '~'");
    this.nest(symbol);
    return this.token('symbol', symbol.length);
  }

  /** The next character that is not space, without taking it; '' at the end. */
  upcoming(): string {
    this.skipSpace();
    return this.query[this.at] ?? '';
  }

  private colon(): Token {
    if (this.hadColon) this.fail("unexpected colon ':'");
    this.hadColon = true;
    return this.token('symbol', 1);
  }

  private nest(symbol: string): void {
    if (symbol === '(') this.parens++;
    else if (symbol === ')' && --this.parens < 0) this.fail("unexpected right parenthesis ')'");
    else if (symbol === '{') this.inBraces = true;
    else if (symbol === '}') this.fail("unexpected right brace '}'");
    else if (symbol === '[') {
      if (this.inBrackets) this.fail("unexpected left bracket '['");
      this.inBrackets = true;
      this.hadColon = false;
    } else if (symbol === ']') {
      if (!this.inBrackets) this.fail("unexpected right bracket ']'");
      this.inBrackets = false;
    }
  }

  private end(): Token {
    if (this.inBraces) this.fail('unexpected end of input inside braces');
    if (this.parens > 0) this.fail('unclosed left parenthesis');
    if (this.inBrackets) this.fail('unclosed left bracket');
    return this.token('end', 0);
  }

  private insideBraces(char: string): Token {
    WORD.lastIndex = this.at;
    const word = WORD.exec(this.query);
    if (word !== null) return this.token('word', word[0].length);
    if (char === '{') this.fail("unexpected left brace '{'");
    const symbol = INSIDE_BRACES.get(char)?.find((candidate) => this.query.startsWith(candidate, this.at));
    if (symbol === undefined && char === '!') return this.fail(`unexpected character after '!' inside braces: ${quoteCharacter(this.query, this.at + 1)}`);
    if (symbol === undefined) return this.fail(`unexpected character inside braces: ${quoteCharacter(this.query, this.at)}`);
    if (symbol === '}') this.inBraces = false;
    return this.token('symbol', symbol.length);
  }

  private badCharacter(char: string): never {
    if (char === '!') this.fail(`unexpected character after '!': ${quoteCharacter(this.query, this.at + 1)}`);
    return this.fail(`unexpected character: ${quoteCharacter(this.query, this.at)}`);
  }

  private word(): Token {
    const pattern = this.inBrackets ? WORD : METRIC_WORD;
    pattern.lastIndex = this.at;
    const text = (pattern.exec(this.query) as RegExpExecArray)[0];
    if (/^(?:inf|nan)$/i.test(text)) return this.token('number', text.length);
    return this.token(text.includes(':') ? 'metric' : 'word', text.length);
  }

  private number(): Token {
    NUMBER.lastIndex = this.at;
    const text = (NUMBER.exec(this.query) as RegExpExecArray)[0];
    if (DURATION_LIKE.test(text)) {
      if (parseDurationMs(text) === undefined) this.fail(`not a valid duration string: ${quote(text)}`);
      return this.token('duration', text.length);
    }
    return this.token('number', text.length);
  }

  private string(mark: string): Token {
    let end = this.at + 1;
    for (; end < this.query.length; end++) {
      const char = this.query[end] as string;
      if (char === mark) return this.token('string', end + 1 - this.at);
      if (mark === '`') continue;
      if (char === '\n') break;
      if (char === '\\') end++;
    }
    return this.fail(mark === '`' ? 'unterminated raw string' : 'unterminated quoted string');
  }

  private skipSpace(): void {
    for (; this.at < this.query.length; this.at++) {
      const char = this.query[this.at] as string;
      if (char === '#') {
        const lineEnd = this.query.indexOf('\n', this.at);
        this.at = lineEnd === -1 ? this.query.length : lineEnd;
        if (lineEnd === -1) return;
      } else if (!SPACE.test(char)) return;
    }
  }

  private token(kind: TokenKind, length: number): Token {
    const text = this.query.slice(this.at, this.at + length);
    const range = { start: this.byteAt(this.at), end: this.byteAt(this.at + length) };
    this.at += length;
    return { kind, text, key: kind === 'word' ? text.toLowerCase() : text, range };
  }

  private byteAt(position: number): number {
    return this.bytePositions === undefined ? position : (this.bytePositions[position] as number);
  }

  private fail(problem: string): never {
    const start = this.byteAt(this.at);
    throw parseErrorAt(this.query, { start, end: start + 1 }, problem);
  }
}

const bytePositionsOf = (query: string): Uint32Array | undefined => {
  // oxlint-disable-next-line no-control-regex -- the whole ASCII range is meant.
  if (/^[\x00-\x7f]*$/.test(query)) return undefined;
  const positions = new Uint32Array(query.length + 1);
  let bytes = 0;
  for (let i = 0; i < query.length; i++) {
    positions[i] = bytes;
    const unit = query.charCodeAt(i);
    // A surrogate pair is four bytes, two for each half.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 2 : 3;
  }
  positions[query.length] = bytes;
  return positions;
};

/** A character as Go's %q prints a rune. */
const quoteCharacter = (query: string, at: number): string => {
  const code = query.codePointAt(at);
  if (code === undefined) return "'\\x00'";
  const char = String.fromCodePoint(code);
  return char === "'" ? "'\\''" : `'${quote(char).slice(1, -1).replace('\\"', '"')}'`;
};
