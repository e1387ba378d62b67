import { PermanentError } from '../errors.ts';

/** Reads one text file as it comes, piece by piece, and gives its samples to the feed it was opened with. */
export interface SampleParser {
  /** @throws PermanentError `file:line: found …`; of a file with one bad line nothing is kept. */
  push(text: string): void;
  /** What stands behind the last line end. @throws PermanentError */
  end(): void | Promise<void>;
}

/** A line is a sample or a series of samples: of more, and of a file of another kind, the memory is not spent. */
export const LINE_MAX_UNITS = 1024 * 1024;

/** What is wrong with a line. Thrown without its place by what reads a line. */
export class LineFault {
  readonly found: string;

  /** `<what was found>, <what is allowed>` */
  constructor(found: string) {
    this.found = found;
  }
}

export const badLine = (file: string, line: number, found: string): PermanentError => new PermanentError(`${file}:${line}: found ${found}`);

/** A text of the file in a message: short, and on one line. */
export const shown = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

/** Text of its own: a part of a larger one would keep all of that in memory. */
export const ownText = (text: string): string => Buffer.from(text).toString();

/** Splits text that comes in pieces into lines; the last needs no line end. Lines end with LF or CR LF. */
export class LineParser implements SampleParser {
  private readonly file: string;
  private readonly onLine: (line: string) => void;
  private rest = '';
  private line = 0;

  /** `onLine` throws a {@link LineFault}. */
  constructor(file: string, onLine: (line: string) => void) {
    this.file = file;
    this.onLine = onLine;
  }

  push(text: string): void {
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.take(this.rest + text.slice(start, end));
      this.rest = '';
      start = end + 1;
    }
    this.rest += text.slice(start);
    this.check(this.rest);
  }

  end(): void {
    if (this.rest !== '') this.take(this.rest);
    this.rest = '';
  }

  private check(line: string): void {
    if (line.length > LINE_MAX_UNITS) throw badLine(this.file, this.line + 1, `a line of more than ${LINE_MAX_UNITS} characters, ${LINE_MAX_UNITS} allowed`);
  }

  private take(line: string): void {
    this.check(line);
    this.line++;
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    try {
      if (text !== '') this.onLine(text);
    } catch (fault) {
      if (fault instanceof LineFault) throw badLine(this.file, this.line, fault.found);
      throw fault;
    }
  }
}
