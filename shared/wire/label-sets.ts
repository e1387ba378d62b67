import { PermanentError } from '../errors.ts';
import { METRIC_NAME } from '../model/labels.ts';
import { compareUtf8 } from '../model/utf8.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { ByteWriter } from './byte-writer.ts';
import type { FrameCaps } from './frame-caps.ts';
import type { StringTableWriter } from './string-table.ts';

/** Numbers label sets, given as canonical JSON, in order of their first use. */
export class LabelSetWriter {
  private readonly refs = new Map<string, number>();
  private readonly out = new ByteWriter(1024);
  private readonly strings: StringTableWriter;
  private lastJson: string | undefined;
  private lastRef = 0;
  /** Characters of all sets, as a decoder counts them. */
  units = 0;

  constructor(strings: StringTableWriter) {
    this.strings = strings;
  }

  ref(json: string): number {
    // The series of one host come in a row and share one string.
    if (json === this.lastJson) return this.lastRef;
    let ref = this.refs.get(json);
    if (ref === undefined) {
      ref = this.refs.size;
      this.refs.set(json, ref);
      this.units += json.length;
      this.write(json);
    }
    this.lastJson = json;
    this.lastRef = ref;
    return ref;
  }

  /** The number of label sets; each as its number of labels and a reference to key and value of each. */
  take(): Uint8Array {
    const all = new ByteWriter(this.out.length + 8);
    all.varint(this.refs.size);
    all.append(this.out.take());
    return all.take();
  }

  private write(json: string): void {
    const texts = jsonStrings(json);
    this.out.varint(texts.length / 2);
    for (const text of texts) this.out.varint(this.strings.ref(text));
  }
}

/** Keys and values of a flat JSON object of strings, in turn. @throws PermanentError for any other text. */
const jsonStrings = (json: string): string[] => {
  const texts: string[] = [];
  const escapes = json.includes('\\');
  let at = 1;
  while (json.charCodeAt(at) === QUOTE) {
    const end = escapes ? closingQuote(json, at + 1) : json.indexOf('"', at + 1);
    if (end < 0) break;
    texts.push(escapes ? unquote(json, at, end) : json.slice(at + 1, end));
    at = end + 2;
  }
  if (json !== '{}' && (at !== json.length || texts.length % 2 !== 0)) throw notCanonical(json);
  return texts;
};

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const closingQuote = (json: string, from: number): number => {
  let end = json.indexOf('"', from);
  while (end > 0 && endsInOddBackslashes(json, end)) end = json.indexOf('"', end + 1);
  return end;
};

const endsInOddBackslashes = (json: string, end: number): boolean => {
  let at = end - 1;
  while (json.charCodeAt(at) === BACKSLASH) at--;
  return (end - 1 - at) % 2 === 1;
};

const unquote = (json: string, start: number, end: number): string => {
  try {
    return JSON.parse(json.slice(start, end + 1)) as string;
  } catch (cause) {
    throw notCanonical(json, { cause });
  }
};

const notCanonical = (json: string, options?: ErrorOptions): PermanentError =>
  new PermanentError(`encode frame: labels ${json.slice(0, 200)} are not canonical JSON of strings`, options);

/**
 * The label sets as canonical JSON. A producer that writes them unsorted, with a key twice, with an empty value or with the
 * metric's name among them is refused: two texts for one label set would be two series to every reader.
 * @throws FrameError
 */
export const readLabelSets = (cursor: ByteCursor, strings: readonly string[], caps: FrameCaps): string[] => {
  const count = cursor.cappedCount('label sets', 1, caps.series);
  const quoted: (string | undefined)[] = Array.from({ length: strings.length });
  const quote = (ref: number): string => (quoted[ref] ??= JSON.stringify(strings[ref]));
  const sets: string[] = [];
  let units = 0;
  for (let i = 0; i < count; i++) {
    const labels = cursor.count('labels', 2);
    let json = '{';
    let before = '';
    for (let label = 0; label < labels; label++) {
      const keyRef = cursor.ref('string', strings.length);
      const valueRef = cursor.ref('string', strings.length);
      const key = strings[keyRef] as string;
      checkLabel(cursor, before, key, strings[valueRef] as string);
      const pair = `${label === 0 ? '' : ','}${quote(keyRef)}:${quote(valueRef)}`;
      units += pair.length;
      if (units > caps.labelUnits) throw cursor.error(`more than ${caps.labelUnits} characters of labels`);
      json += pair;
      before = key;
    }
    sets.push(`${json}}`);
  }
  cursor.close();
  return sets;
};

const checkLabel = (cursor: ByteCursor, before: string, key: string, value: string): void => {
  // The first `before` is '', so an empty key is refused here as well.
  if (compareUtf8(before, key) >= 0) {
    throw cursor.error(`label ${JSON.stringify(key)} after ${JSON.stringify(before)}, keys must ascend by their UTF-8 bytes`);
  }
  if (value === '') throw cursor.error(`label ${JSON.stringify(key)} has an empty value, such a label is left out`);
  if (key === METRIC_NAME) throw cursor.error(`${METRIC_NAME} among the labels, the metric has its own place`);
};
