import type { LabelPair } from '../model/labels.ts';
import { bodyText } from './body-text.ts';
import { type Decoded, RejectionList } from './decoded.ts';
import { LineError } from './line-error.ts';
import { parseDecimal, parseValue } from './number-text.ts';
import { SeriesCollector } from './series-collector.ts';
import { identifyLabels, SERIES_TEXT_UNITS_MAX } from './series-identity.ts';

/**
 * Lines of `name [label=value,label=value] [unix seconds] value`, such as
 * `CPU.load host=webserver01,region=us-west 1613707265 50`. Without a time, `nowMs`. Empty lines and lines that begin with
 * `#` are passed over; a bad line is rejected with `line L:C` and the rest taken. Names and labels are any UTF-8 without
 * white space, `,` and `=` (a value may hold `=`).
 * @throws MalformedBodyError when the body is not UTF-8.
 */
export const decodePlainLines = (body: Uint8Array, nowMs: number): Decoded => {
  const decoder = new PlainLineDecoder(nowMs);
  let number = 0;
  for (const line of lines(bodyText('plain lines', body))) decoder.line(line, ++number);
  return decoder.take();
};

/** One line after the other without an array of all. */
function* lines(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start);
    const line = text.slice(start, end < 0 ? text.length : end);
    yield line.endsWith('\r') ? line.slice(0, -1) : line;
    start = end < 0 ? text.length : end + 1;
  }
}

interface Word {
  readonly text: string;
  /** From 1. */
  readonly column: number;
}

class PlainLineDecoder {
  private readonly collector = new SeriesCollector();
  private readonly rejected = new RejectionList();
  /** Series by the text in front of time and value. */
  private readonly known = new Map<string, number>();
  private readonly nowMs: number;

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  line(line: string, number: number): void {
    try {
      const words = splitWords(line);
      if (words.length > 0 && !line.trimStart().startsWith('#')) this.sample(words);
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      this.rejected.add(error.reason, 1, () => `line ${number}:${error.column}`);
    }
  }

  take(): Decoded {
    return { batch: this.collector.build(), rejected: this.rejected.take() };
  }

  private sample(words: readonly Word[]): void {
    const [name, ...rest] = words as [Word, ...Word[]];
    const value = rest.pop();
    if (value === undefined) throw new LineError(name.column + name.text.length, 'a line without a value');
    const number = parseValue(value.text);
    if (number === undefined) throw new LineError(value.column, 'a value that is no number');
    const labels = rest[0]?.text.includes('=') === true ? rest.shift() : undefined;
    const time = rest.shift();
    const [extra] = rest;
    if (extra !== undefined) throw new LineError(extra.column, 'more words than name, labels, time and value');
    const tMs = time === undefined ? this.nowMs : secondsToMs(time);
    this.collector.sample(this.series(name, labels), tMs, number);
  }

  private series(name: Word, labels: Word | undefined): number {
    const key = labels === undefined ? name.text : `${name.text} ${labels.text}`;
    // A longer one is refused further down; here it would only slow the map.
    const known = key.length > SERIES_TEXT_UNITS_MAX ? undefined : this.known.get(key);
    if (known !== undefined) return known;
    const series = this.collector.series(name.text, labelsOf(name, labels));
    if (key.length <= SERIES_TEXT_UNITS_MAX) this.known.set(key, series);
    return series;
  }
}

const labelsOf = (name: Word, labels: Word | undefined): string => {
  if (/[,=]/.test(name.text)) throw new LineError(name.column, 'a name with "," or "=" in it');
  const identity = identifyLabels(name.text, labels === undefined ? [] : parseLabels(labels));
  if ('reason' in identity) throw new LineError((labels ?? name).column, identity.reason);
  return identity.labelsJson;
};

const parseLabels = (word: Word): LabelPair[] => {
  const pairs: LabelPair[] = [];
  let { column } = word;
  for (const part of word.text.split(',')) {
    const equals = part.indexOf('=');
    if (equals < 1) throw new LineError(column, 'a label that is not name=value');
    pairs.push([part.slice(0, equals), part.slice(equals + 1)]);
    column += part.length + 1;
  }
  return pairs;
};

const secondsToMs = (word: Word): number => {
  const seconds = parseDecimal(word.text);
  const tMs = Math.round((seconds ?? Number.NaN) * 1000);
  if (!Number.isSafeInteger(tMs)) throw new LineError(word.column, 'a time that is not in Unix seconds');
  return tMs;
};

const WORD = /[^ \t]+/g;

/** No line has a use for more words than these, so a line of a million costs no million objects. */
const WORDS_MAX = 5;

const splitWords = (line: string): Word[] => {
  const words: Word[] = [];
  for (const match of line.matchAll(WORD)) {
    words.push({ text: match[0], column: match.index + 1 });
    if (words.length > WORDS_MAX) break;
  }
  return words;
};
