import { PermanentError } from '../../errors.ts';

export type TokenKind =
  | 'text'
  | 'open'
  | 'close'
  | 'space'
  | 'word'
  | 'field'
  | 'variable'
  | 'string'
  | 'char'
  | 'number'
  | 'pipe'
  | 'left'
  | 'right'
  | 'declare'
  | 'assign'
  | 'comma'
  | 'dot'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Where it begins, in UTF-16 units. */
  readonly at: number;
}

/** `line` of a place, from 1. */
export const lineAt = (source: string, at: number): number => source.slice(0, at).split('\n').length;

/** What is wrong with a template's text, in Go's form: `template: name:line: message`. */
export const parseError = (name: string, source: string, at: number, message: string): PermanentError =>
  new PermanentError(`template: ${name}:${lineAt(source, at)}: ${message}`);

const SPACE = /[ \t\r\n]/;

/**
 * The tokens of a template: text and, between `{{` and `}}`, words. Comments vanish; `{{-` and `-}}` trim the white space beside
 * them (a space must follow or precede the dash).
 * @throws PermanentError
 */
export const tokensOfTemplate = (source: string, name: string): readonly Token[] => {
  const tokens: Token[] = [];
  let from = 0;
  let trimNext = false;
  for (let open = source.indexOf('{{'); open !== -1; open = source.indexOf('{{', from)) {
    const trimBefore = source[open + 2] === '-' && SPACE.test(source[open + 3] ?? '');
    pushText(tokens, source, from, open, { start: trimNext, end: trimBefore });
    const inside = open + (trimBefore ? 4 : 2);
    const comment = source.startsWith('/*', inside);
    const end = comment ? commentEnd(source, inside, name) : actionTokens(source, open, inside, name, tokens);
    trimNext = end.trims;
    from = end.next;
  }
  pushText(tokens, source, from, source.length, { start: trimNext, end: false });
  tokens.push({ kind: 'end', text: '', at: source.length });
  return tokens;
};

interface ActionEnd {
  readonly next: number;
  /** Whether it ended with `-}}`. */
  readonly trims: boolean;
}

const pushText = (tokens: Token[], source: string, from: number, to: number, trim: { readonly start: boolean; readonly end: boolean }): void => {
  let [a, b] = [from, to];
  if (trim.start) while (a < b && SPACE.test(source[a] as string)) a++;
  if (trim.end) while (b > a && SPACE.test(source[b - 1] as string)) b--;
  if (b > a) tokens.push({ kind: 'text', text: source.slice(a, b), at: a });
};

const commentEnd = (source: string, from: number, name: string): ActionEnd => {
  const close = source.indexOf('*/', from + 2);
  if (close === -1) throw parseError(name, source, from, 'unclosed comment');
  if (source.startsWith('}}', close + 2)) return { next: close + 4, trims: false };
  if (SPACE.test(source[close + 2] ?? '') && source.startsWith('-}}', close + 3)) return { next: close + 6, trims: true };
  throw parseError(name, source, from, 'comment ends before closing delimiter');
};

const TOKEN =
  /(?<space>[ \t\r\n]+)|(?<declare>:=)|(?<assign>=)|(?<pipe>\|)|(?<comma>,)|(?<left>\()|(?<right>\))|(?<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?<char>'(?:[^'\\\n]|\\.)+')|(?<number>[+-]?(?:0[xX][\da-fA-F_]+(?:\.[\da-fA-F_]*)?(?:[pP][+-]?\d+)?|0[bB][01_]+|0[oO][0-7_]+|\d[\d_]*\.?[\d_]*(?:[eE][+-]?\d+)?|\.\d[\d_]*(?:[eE][+-]?\d+)?)(?![\p{L}\p{N}_]))|(?<variable>\$[\p{L}\p{N}_]*)|(?<field>\.[\p{L}_][\p{L}\p{N}_]*)|(?<dot>\.)|(?<word>[\p{L}_][\p{L}\p{N}_]*)/uy;

/** The tokens of one action, its ends included. */
const actionTokens = (source: string, open: number, from: number, name: string, tokens: Token[]): ActionEnd => {
  tokens.push({ kind: 'open', text: '{{', at: open });
  let depth = 0;
  for (let at = from; ; ) {
    if (source.startsWith('}}', at)) {
      if (depth > 0) throw parseError(name, source, at, 'unclosed left paren');
      tokens.push({ kind: 'close', text: '}}', at });
      return { next: at + 2, trims: false };
    }
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(source);
    if (match === null) throw parseError(name, source, at, whyNot(source.slice(at)));
    const [kind, text] = Object.entries(match.groups as Record<string, string | undefined>).find((entry) => entry[1] !== undefined) as [TokenKind, string];
    at += text.length;
    if (kind === 'space' && source.startsWith('-}}', at)) {
      if (depth > 0) throw parseError(name, source, at, 'unclosed left paren');
      tokens.push({ kind: 'close', text: '}}', at });
      return { next: at + 3, trims: true };
    }
    if (kind === 'left') depth++;
    if (kind === 'right' && --depth < 0) throw parseError(name, source, at, 'unexpected right paren');
    tokens.push({ kind, text, at: at - text.length });
  }
};

const whyNot = (rest: string): string => {
  const code = rest.codePointAt(0);
  if (code === undefined) return 'unclosed action';
  const char = String.fromCodePoint(code);
  if (char === '"') return 'unterminated quoted string';
  if (char === '`') return 'unterminated raw quoted string';
  if (char === "'") return 'unterminated character constant';
  if (/[\d+-]/.test(char)) return `bad number syntax: ${JSON.stringify(/^\S{1,40}/.exec(rest)?.[0] ?? char)}`;
  return `unexpected ${JSON.stringify(char)} in command`;
};
