import { formatShortest } from '../go-format.ts';

/** Values of Go's text/template: string, float64, int (a bigint), bool, nil and the three below. */
export type GoValue = string | number | bigint | boolean | null | GoMap | GoList | GoStruct;

type Methods = ReadonlyMap<string, (args: readonly GoValue[]) => GoValue>;

export interface GoMap {
  readonly kind: 'map';
  readonly type: string;
  readonly entries: ReadonlyMap<string, GoValue>;
  /** What a missing key gives (`missingkey=zero`). */
  readonly zero: GoValue;
  readonly methods?: Methods;
}

export interface GoList {
  readonly kind: 'list';
  readonly type: string;
  readonly elements: readonly GoValue[];
  readonly methods?: Methods;
}

export interface GoStruct {
  readonly kind: 'struct';
  readonly type: string;
  readonly fields: ReadonlyMap<string, GoValue>;
  /** Called with the template's arguments. */
  readonly methods?: Methods;
  /** What printing it gives. */
  readonly text?: string;
}

/** What a template does wrong while it runs: the text becomes the value of the label or annotation. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

export const stringMap = (pairs: Iterable<readonly [string, string]>): GoMap => ({ kind: 'map', type: 'map[string]string', entries: new Map(pairs), zero: '' });

/** The value's type in Go's words. */
export const goTypeOf = (value: GoValue): string => {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'number':
      return 'float64';
    case 'bigint':
      return 'int';
    case 'boolean':
      return 'bool';
    default:
      return value === null ? '<nil>' : value.type;
  }
};

/** Go's truth: false are 0, "", false, nil and what is empty. NaN is true, as it is not 0. */
export const isTrue = (value: GoValue): boolean => {
  if (typeof value === 'number') return value !== 0;
  if (typeof value !== 'object' || value === null) return Boolean(value);
  if (value.kind === 'struct') return true;
  return (value.kind === 'map' ? value.entries.size : value.elements.length) > 0;
};

/** Map keys as Go visits and prints them: by their bytes. */
export const sortedKeys = (map: GoMap): readonly string[] => [...map.entries.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

/** A text that values of values may not make endless: printing ends with an error past this. */
export const MAX_TEXT_CHARS = 65_536;

export const checkedText = (text: string): string => {
  if (text.length <= MAX_TEXT_CHARS) return text;
  throw new TemplateError(`found a text of ${text.length} characters, at most ${MAX_TEXT_CHARS} are allowed`);
};

/** A value as `%v` prints it. */
export const printed = (value: GoValue): string => {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatShortest(value);
  if (value === null) return '<nil>';
  if (typeof value !== 'object') return String(value);
  return checkedText(printedWhole(value));
};

const printedWhole = (value: GoMap | GoList | GoStruct): string => {
  if (value.kind === 'map') return `map[${joined(sortedKeys(value), (key) => `${key}:${printed(value.entries.get(key) ?? null)}`)}]`;
  if (value.kind === 'list') return `[${joined(value.elements, printed)}]`;
  return value.text ?? `{${joined([...value.fields.values()], printed)}}`;
};

/** Joined by spaces, ended as soon as it is too long. */
const joined = <T>(values: readonly T[], print: (value: T) => string): string => {
  let text = '';
  for (const value of values) text = checkedText(`${text}${text === '' ? '' : ' '}${print(value)}`);
  return text;
};
