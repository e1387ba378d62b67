import { LineError } from './line-error.ts';

/**
 * Reads line protocol left to right. A line ends at a newline outside of a quoted string, so lines cannot be cut apart
 * before they are read.
 */
export class InfluxScanner {
  readonly text: string;
  at = 0;
  /** Of the line that is being read, from 1. */
  line = 0;
  private newlines = 0;
  private lineStart = 0;

  constructor(text: string) {
    this.text = text;
  }

  get column(): number {
    return this.at - this.lineStart + 1;
  }

  get atLineEnd(): boolean {
    const char = this.text[this.at];
    return char === undefined || char === '\n' || (char === '\r' && (this.text[this.at + 1] ?? '\n') === '\n');
  }

  /** Goes to the next line that holds a point; false when there is none. */
  nextLine(): boolean {
    for (;;) {
      while (this.text[this.at] === '\n' || this.text[this.at] === '\r') this.newline();
      this.spaces();
      if (this.at >= this.text.length) return false;
      if (this.text[this.at] === '#') this.skipLine();
      else if (!this.atLineEnd) {
        this.line = this.newlines + 1;
        return true;
      }
    }
  }

  /** Text up to one of `stops`, a newline or the end, unescaped: a backslash stands for itself unless one of `escapable` follows. */
  word(stops: string, escapable: string = stops): string {
    const { text } = this;
    let word = '';
    let from = this.at;
    for (; this.at < text.length; this.at++) {
      const char = text[this.at] as string;
      if (char === '\n' || stops.includes(char)) break;
      const next = text[this.at + 1];
      if (char === '\\' && next !== undefined && escapable.includes(next)) {
        word += text.slice(from, this.at);
        from = ++this.at;
      }
    }
    return word + text.slice(from, this.at);
  }

  /** Text up to white space or a comma: a number, a boolean, a time. */
  bare(): string {
    const start = this.at;
    while (this.at < this.text.length && !BARE_STOPS.includes(this.text[this.at] as string)) this.at++;
    return this.text.slice(start, this.at);
  }

  /** The rest of a quoted string, which may hold newlines; only `\"` and `\\` are escapes in it. */
  quotedRest(): void {
    const { column } = this;
    for (; this.at < this.text.length; this.at++) {
      const char = this.text[this.at];
      if (char === '"') {
        this.at++;
        return;
      }
      if (char === '\\') this.at++;
      if (this.text[this.at] === '\n') this.newlines++;
    }
    throw new LineError(column, 'a quoted string without an end');
  }

  takes(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  /** Passes over spaces; whether there were any. */
  spaces(): boolean {
    const start = this.at;
    while (this.text[this.at] === ' ') this.at++;
    return this.at > start;
  }

  skipLine(): void {
    const end = this.text.indexOf('\n', this.at);
    this.at = end < 0 ? this.text.length : end;
  }

  error(reason: string): LineError {
    return new LineError(this.column, reason);
  }

  private newline(): void {
    if (this.text[this.at] === '\n') {
      this.newlines++;
      this.lineStart = this.at + 1;
    }
    this.at++;
  }
}

const BARE_STOPS = ', \n\r';
