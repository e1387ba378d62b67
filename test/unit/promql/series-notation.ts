import type { Histogram } from '../../../shared/histograms/histogram.ts';
import { type Labels, type LabelPair, makeLabels } from '../../../shared/model/labels.ts';
import { bitsOf, putStaleAt } from '../../../shared/model/stale.ts';
import { parseQuery } from '../../../shared/promql/parser.ts';
import { parseFloatText } from '../../../shared/promql/number-text.ts';
import { type NotedHistogram, parseHistogramItem } from './histogram-notation.ts';
import type { NotedStart } from './start-notation.ts';
import { storedHint } from './stored-hints.ts';

/** A value of the notation: undefined = no sample. */
export type NotedValue = number | 'stale' | NotedHistogram | undefined;

export interface NotedSeries {
  readonly labels: Labels;
  readonly values: readonly NotedValue[];
  /** Beside `values`. */
  readonly starts?: readonly NotedStart[];
}

/** Text that names what this notation does not have. */
export class UnsupportedNotation extends Error {}

export const parseNumber = (text: string): number => {
  const value = parseFloatText(text);
  if (value === undefined) throw new UnsupportedNotation(`number ${text}`);
  return value;
};

/** `5`, `_`, `stale`, `_x3`, `1x3` (four ones), `1+2x3` (1 3 5 7), `1-2x3`. */
const parseItem = (item: string): NotedValue[] => {
  if (item.startsWith('{{')) return parseHistogramItem(item);
  if (item === '_') return [undefined];
  if (item === 'stale') return ['stale'];
  const gap = /^_x(\d+)$/.exec(item);
  if (gap !== null) return Array.from({ length: Number(gap[1]) }, () => undefined);
  const run = /^(.+?)(?:(?<![eE])([+-])([^+-]+(?:[eE][+-]?\d+)?))?x(\d+)$/.exec(item);
  if (run === null) return [parseNumber(item)];
  const first = parseNumber(run[1] as string);
  const step = run[3] === undefined ? 0 : (run[2] === '-' ? -1 : 1) * parseNumber(run[3]);
  return expandRun(first, step, Number(run[4]));
};

const expandRun = (first: number, step: number, times: number): number[] => {
  const values = [first];
  for (let i = 0; i < times; i++) values.push((values.at(-1) as number) + step);
  return values;
};

/** The label set of a line and its values. */
export const splitSeriesLine = (text: string): [string, string] => {
  let depth = 0;
  let mark = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (mark !== '') {
      if (char === '\\') i++;
      else if (char === mark) mark = '';
    } else if (char === '"' || char === "'" || char === '`') mark = char;
    else if (char === '{') depth++;
    else if (char === '}') depth--;
    else if (/\s/.test(char) && depth === 0 && (text[i - 1] === '}' || !/^\s*\{[^{]/.test(text.slice(i)))) return [text.slice(0, i), text.slice(i).trim()];
  }
  return [text, ''];
};

/** The labels of `name{a="b"}`. */
export const parseLabels = (text: string): Labels => {
  const body = text.replace(/\s*\{\s*\}$/, '');
  if (body === '') return [];
  const expr = parseQuery(/^\s*\{/.test(body) || body.includes('{') ? body.replace(/\{/, '{__test__="1",') : `${body}{__test__="1"}`);
  if (expr.kind !== 'selector') throw new UnsupportedNotation(text);
  const pairs = expr.matchers.filter(({ name }) => name !== '__test__').map(({ name, value }): LabelPair => [name, value]);
  return makeLabels(pairs);
};

/** `up{job="a"} 1 _ 1+1x3` */
export const parseSeriesLine = (line: string): NotedSeries => {
  const [labels, values] = splitSeriesLine(line.trim());
  const items = values.match(/(?:\{\{[^}]*\}\}|[^\s{])+/g) ?? [];
  return { labels: parseLabels(labels), values: items.flatMap(parseItem) };
};

export interface Columns {
  readonly tMs: Float64Array;
  readonly values: Float64Array;
  readonly histograms: ReadonlyMap<number, Histogram>;
  readonly startMs?: Float64Array;
}

/** Values with their stale markers in bits, histograms with the hint storage finds for them; gaps are left out. */
export const noteToColumns = (values: readonly NotedValue[], stepMs: number, starts?: readonly NotedStart[]): Columns => {
  const kept = [...values.keys()].filter((i) => values[i] !== undefined);
  const column = new Float64Array(kept.length);
  const bits = bitsOf(column);
  const histograms = new Map<number, Histogram>();
  kept.forEach((at, i) => {
    const value = values[at];
    if (value === 'stale') putStaleAt(bits, i);
    else if (typeof value === 'number') column[i] = value;
    else if (value !== undefined) histograms.set(i, { ...value.histogram, counterResetHint: storedHint(value.histogram, histograms.get(i - 1)) });
  });
  const startOf = (at: number): number => (starts?.[at] === undefined ? 0 : at * stepMs + starts[at]);
  return {
    ...(starts && { startMs: Float64Array.from(kept, startOf) }),
    tMs: Float64Array.from(kept, (at) => at * stepMs),
    values: column,
    histograms,
  };
};

