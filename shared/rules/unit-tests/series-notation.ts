import { PermanentError } from '../../errors.ts';
import { add, subtract } from '../../histograms/addition.ts';
import { CUSTOM_SCHEMA, EMPTY_HISTOGRAM, NO_BUCKETS } from '../../histograms/histogram.ts';
import type { BucketSide, CounterResetHint, Histogram } from '../../histograms/histogram.ts';
import { makeLabels } from '../../model/labels.ts';
import type { LabelPair, Labels } from '../../model/labels.ts';
import { parseFloatText } from '../../promql/number-text.ts';
import { parseQuery } from '../../promql/parser.ts';
import type { PointValue } from '../point-block.ts';

/** A value of the notation; undefined: no sample there. */
export type NotedValue = PointValue | undefined;

/** Of one series: a year of minutes is half of it. */
const MAX_VALUES = 1_000_000;

const number = (text: string): number => {
  const value = parseFloatText(text);
  if (value === undefined) throw new PermanentError(`read values: found ${JSON.stringify(text.slice(0, 100))}, a number is needed`);
  return value;
};

const numbers = (text: string | undefined): number[] => (text ?? '').split(/\s+/).filter((item) => item !== '').map(number);

const side = (counts: readonly number[], offset: number): BucketSide =>
  counts.length === 0 ? NO_BUCKETS : { indices: Int32Array.from(counts, (_, i) => offset + i), counts: Float64Array.from(counts) };

/** `{{schema:1 sum:3 count:22 buckets:[5 10 7] …}}` (promqltest, native histograms). */
export const parseHistogram = (text: string): Histogram => {
  const fields = new Map([...text.slice(2, -2).matchAll(/(\w+):(?:\[([^\]]*)\]|([^\s\]]+))/g)].map(([, name, list, value]) => [name as string, list ?? (value as string)]));
  const value = (name: string): number => number(fields.get(name) ?? '0');
  const schema = value('schema');
  return {
    ...EMPTY_HISTOGRAM,
    schema,
    counterResetHint: (fields.get('counter_reset_hint') ?? 'unknown') as CounterResetHint,
    count: value('count'),
    sum: value('sum'),
    zeroThreshold: value('z_bucket_w'),
    zeroCount: value('z_bucket'),
    positive: side(numbers(fields.get('buckets')), value('offset')),
    negative: side(numbers(fields.get('n_buckets')), value('n_offset')),
    customBounds: schema === CUSTOM_SCHEMA ? Float64Array.from(numbers(fields.get('custom_values'))) : undefined,
  };
};

const times = (text: string | undefined): number => {
  const count = Number(text ?? 0);
  if (count <= MAX_VALUES) return count;
  throw new PermanentError(`read values: found x${text}, at most x${MAX_VALUES} is allowed`);
};

/** `a`, `_`, `stale`, `_x3`, `ax3` (four of them), `a+bx3`, `a-bx3`, and the same of histograms. */
const itemValues = (item: string): NotedValue[] => {
  if (item === '_') return [undefined];
  if (item === 'stale') return ['stale'];
  const gap = /^_x(\d+)$/.exec(item);
  if (gap !== null) return Array.from({ length: times(gap[1]) }, () => undefined);
  if (item.startsWith('{{')) return histogramValues(item);
  const run = /^(.+?)(?:(?<![eE])([+-])([^+-]+(?:[eE][+-]?\d+)?))?x(\d+)$/.exec(item);
  if (run === null) return [number(item)];
  const step = run[3] === undefined ? 0 : (run[2] === '-' ? -1 : 1) * number(run[3]);
  const values = [number(run[1] as string)];
  for (let i = times(run[4]); i > 0; i--) values.push((values.at(-1) as number) + step);
  return values;
};

const histogramValues = (item: string): Histogram[] => {
  const parts = /^(\{\{[^}]*\}\})(?:([+-])(\{\{[^}]*\}\}))?(?:x(\d+))?$/.exec(item);
  if (parts === null) throw new PermanentError(`read values: found ${JSON.stringify(item.slice(0, 100))}, a histogram is needed`);
  const values = [parseHistogram(parts[1] as string)];
  const step = parts[3] === undefined ? undefined : parseHistogram(parts[3]);
  const combine = parts[2] === '-' ? subtract : add;
  for (let i = times(parts[4]); i > 0; i--) {
    const before = values.at(-1) as Histogram;
    const next = step === undefined ? before : combine(before, step)?.histogram;
    if (next === undefined) throw new PermanentError(`read values: found buckets that do not mix in ${JSON.stringify(item.slice(0, 100))}`);
    values.push(next);
  }
  return values;
};

/**
 * The values of an input series, one per interval.
 * @throws PermanentError naming what is wrong.
 */
export const parseValues = (text: string): readonly NotedValue[] => {
  const values: NotedValue[] = [];
  for (const item of text.match(/(?:\{\{[^}]*\}\}|[^\s{])+/g) ?? []) {
    for (const value of itemValues(item)) values.push(value);
    if (values.length > MAX_VALUES) throw new PermanentError(`read values: found more than ${MAX_VALUES} of one series, that many are allowed`);
  }
  return values;
};

/**
 * The labels of `name{a="b"}`.
 * @throws PermanentError, PromqlParseError
 */
export const parseSeries = (text: string): Labels => {
  const trimmed = text.trim();
  if (/^\{\s*\}$/.test(trimmed)) return [];
  const expr = parseQuery(trimmed.replace(/\{\s*\}$/, ''));
  if (expr.kind !== 'selector' || expr.matchers.some(({ op }) => op !== '=')) throw new PermanentError(`read series: found ${JSON.stringify(trimmed.slice(0, 100))}, a name and labels with = are needed`);
  return makeLabels(expr.matchers.map(({ name, value }): LabelPair => [name, value]));
};
