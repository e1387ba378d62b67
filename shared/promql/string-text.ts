const SIMPLE: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92, "'": 39, '"': 34 };

/** UTF-8 bytes as text. A byte that is none becomes a lone surrogate, so that `isWellFormed` tells it. */
const textOf = (bytes: Buffer): string => {
  const text = bytes.toString('utf8');
  if (Buffer.from(text, 'utf8').equals(bytes)) return text;
  return Array.from(bytes, (byte) => (byte < 0x80 ? String.fromCharCode(byte) : String.fromCharCode(0xdc00 + byte))).join('');
};

interface Escape {
  readonly bytes: Buffer;
  readonly length: number;
}

/** The escape after the backslash at `rest[0]`; undefined when Go has no such escape. */
const readEscape = (rest: string, quote: string): Escape | undefined => {
  const letter = rest[0] ?? '';
  if (letter === "'" || letter === '"') return letter === quote ? { bytes: Buffer.from(letter), length: 1 } : undefined;
  const simple = SIMPLE[letter];
  if (simple !== undefined) return { bytes: Buffer.of(simple), length: 1 };
  const octal = /^[0-7]{3}/.exec(rest);
  if (octal !== null) return parseInt(octal[0], 8) > 255 ? undefined : { bytes: Buffer.of(parseInt(octal[0], 8)), length: 3 };
  const hex = /^x([0-9a-fA-F]{2})/.exec(rest);
  if (hex !== null) return { bytes: Buffer.of(parseInt(hex[1] as string, 16)), length: 3 };
  const unicode = /^(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(rest);
  if (unicode === null) return undefined;
  const code = parseInt(unicode[1] ?? (unicode[2] as string), 16);
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
  return { bytes: Buffer.from(String.fromCodePoint(code), 'utf8'), length: unicode[0].length };
};

/** The value of a Go string literal with its quotes ('…', "…" or `…`); undefined when an escape is unknown. */
export const unquote = (literal: string): string | undefined => {
  const quote = literal[0] as string;
  const body = literal.slice(1, -1);
  if (quote === '`') return body.replaceAll('\r', '');
  if (!body.includes('\\')) return body;
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = body.indexOf('\\'); at !== -1; at = body.indexOf('\\', from)) {
    const escape = readEscape(body.slice(at + 1, at + 10), quote);
    if (escape === undefined) return undefined;
    parts.push(Buffer.from(body.slice(from, at), 'utf8'), escape.bytes);
    from = at + 1 + escape.length;
  }
  parts.push(Buffer.from(body.slice(from), 'utf8'));
  return textOf(Buffer.concat(parts));
};

/** How many digits of which base follow an escape's letter. */
const DIGITS: Readonly<Record<string, { readonly count: number; readonly base: number }>> = {
  x: { count: 2, base: 16 },
  u: { count: 4, base: 16 },
  U: { count: 8, base: 16 },
};

/** A character as Go's %#U prints it: U+0063 'c'. */
const codePointText = (char: string): string => {
  const hex = (char.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
  return PRINTABLE.test(char) ? `U+${hex} '${char}'` : `U+${hex}`;
};

/** `text`: a literal from its opening mark on; the escape's letter is at `at`. */
const badEscape = (text: string, at: number): string => {
  const letter = String.fromCodePoint(text.codePointAt(at) as number);
  const isOctal = /[0-7]/.test(letter);
  const digits = isOctal ? { count: 3, base: 8 } : Object.hasOwn(DIGITS, letter) ? DIGITS[letter] : undefined;
  if (digits === undefined) return `unknown escape sequence ${codePointText(letter)}`;
  const from = isOctal ? at : at + 1;
  for (let i = from; i < from + digits.count; i++) {
    const digit = String.fromCodePoint(text.codePointAt(i) as number);
    if (Number.isNaN(Number.parseInt(digit, digits.base))) return `illegal character ${codePointText(digit)} in escape sequence`;
  }
  return 'escape sequence is an invalid Unicode code point';
};

/** What is wrong with a literal that `unquote` does not read, in Prometheus' words: its first bad escape. */
export const escapeProblem = (literal: string): string => {
  const end = literal.length - 1;
  for (let at = literal.indexOf('\\'); at !== -1 && at < end; ) {
    const escape = readEscape(literal.slice(at + 1, Math.min(at + 10, end)), literal[0] as string);
    if (escape === undefined) return badEscape(literal, at + 1);
    at = literal.indexOf('\\', at + 1 + escape.length);
  }
  return `error unquoting string ${quote(literal)}: invalid syntax`;
};

const SHORT: Readonly<Record<number, string>> = { 7: '\\a', 8: '\\b', 12: '\\f', 10: '\\n', 13: '\\r', 9: '\\t', 11: '\\v', 34: '\\"', 92: '\\\\' };

// Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space.
const PRINTABLE = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

/** A text as strconv.Quote prints it: printable characters as they are. */
export const quote = (text: string): string => {
  let quoted = '"';
  for (const char of text) {
    const code = char.codePointAt(0) as number;
    const short = SHORT[code];
    if (short !== undefined) quoted += short;
    else if (code >= 0xdc80 && code <= 0xdcff) quoted += `\\x${(code - 0xdc00).toString(16)}`;
    else if (code < 0x20 || code === 0x7f) quoted += `\\x${code.toString(16).padStart(2, '0')}`;
    else if (code < 0x7f || PRINTABLE.test(char)) quoted += char;
    else quoted += code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  }
  return `${quoted}"`;
};
