import { type BucketSide, compact, type Histogram, sameBounds, sameIndices } from '../../../shared/histograms/histogram.ts';
import type { QueryResult, QueryValue } from '../../../shared/promql/query-result.ts';
import { compareLabels, labelsKey } from '../../../shared/promql/step-vector.ts';
import { unquote } from '../../../shared/promql/string-text.ts';
import { type EvalBlock, rangeVectorTimes } from './conformance-case.ts';
import { formatNotation, type NotedHistogram } from './histogram-notation.ts';
import { type NotedSeries, parseNumber, parseSeriesLine } from './series-notation.ts';

/** The tolerance of the format: relative 1e-6, exact against 0, NaN equals NaN. */
export const nearlySame = (a: number, b: number): boolean => {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  if (a === b) return true;
  if (a === 0 || b === 0) return false;
  return Math.abs(a - b) / Math.min(Math.abs(a) + Math.abs(b), Number.MAX_VALUE) < 1e-6;
};

/** A float, or a histogram and whether its hint counts. */
type Point = number | NotedHistogram;
type Points = ReadonlyMap<number, Point>;

const nearlySameSide = (a: BucketSide, b: BucketSide): boolean =>
  sameIndices(a.indices, b.indices) && a.counts.every((count, i) => nearlySame(count, b.counts[i] as number));

const nearlySameHistogram = (given: NotedHistogram, wanted: NotedHistogram): boolean => {
  const [a, b] = [compact(given.histogram), compact(wanted.histogram)];
  if (wanted.hinted && a.counterResetHint !== b.counterResetHint) return false;
  return (
    a.schema === b.schema &&
    nearlySame(a.count, b.count) &&
    nearlySame(a.sum, b.sum) &&
    a.zeroThreshold === b.zeroThreshold &&
    nearlySame(a.zeroCount, b.zeroCount) &&
    sameBounds(a.customBounds, b.customBounds) &&
    nearlySameSide(a.positive, b.positive) &&
    nearlySameSide(a.negative, b.negative)
  );
};

const nearlySamePoint = (a: Point, b: Point): boolean =>
  typeof a === 'number' ? typeof b === 'number' && nearlySame(a, b) : typeof b !== 'number' && nearlySameHistogram(a, b);

const pointText = (point: Point | undefined): string => (typeof point === 'object' ? formatNotation(point.histogram) : String(point));

/** Hints of two results are compared. */
const asPoint = (histogram: Histogram): NotedHistogram => ({ histogram, hinted: true });

type Table = ReadonlyMap<string, Points>;

const tableOf = (value: QueryValue): Table => {
  if (value.type === 'matrix') {
    return new Map(
      value.series.map((one) => {
        const floats = Array.from(one.tMs, (t, i): [number, Point] => [t, one.values[i] as number]);
        const others = (one.histograms?.histograms ?? []).map((histogram, i): [number, Point] => [one.histograms?.tMs[i] as number, asPoint(histogram)]);
        return [labelsKey(one.labels), new Map([...floats, ...others])];
      }),
    );
  }
  if (value.type === 'vector') {
    const point = (i: number): Point => {
      const histogram = value.histograms?.get(i);
      return histogram === undefined ? (value.values[i] as number) : asPoint(histogram);
    };
    return new Map(value.labels.map((labels, i) => [labelsKey(labels), new Map([[value.tMs, point(i)]])]));
  }
  if (value.type === 'scalar') return new Map([['', new Map([[value.tMs, value.value]])]]);
  return new Map();
};

const expectedTable = (series: readonly NotedSeries[], startMs: number, stepMs: number): Table => {
  const rows = series.map(({ labels, values }): [string, Points] => {
    const points = new Map<number, Point>();
    values.forEach((value, i) => {
      if (value !== undefined) points.set(startMs + i * stepMs, value === 'stale' ? NaN : value);
    });
    return [labelsKey(labels), points];
  });
  return new Map(rows.filter(([, points]) => points.size > 0));
};

/** What differs; undefined when nothing does. */
const difference = (got: Table, wanted: Table): string | undefined => {
  for (const [key, points] of wanted) {
    const own = got.get(key);
    if (own === undefined) return `missing series ${JSON.stringify(key)}`;
    for (const [t, value] of points) {
      const actual = own.get(t);
      if (actual === undefined) return `missing point ${key}@${t}, wanted ${pointText(value)}`;
      if (!nearlySamePoint(actual, value)) return `${key}@${t} is ${pointText(actual)}, wanted ${pointText(value)}`;
    }
    for (const t of own.keys()) if (!points.has(t)) return `point too many ${key}@${t} = ${pointText(own.get(t))}`;
  }
  for (const key of got.keys()) if (!wanted.has(key)) return `series too many ${JSON.stringify(key)}`;
  return undefined;
};

const annotations = (block: EvalBlock, result: QueryResult): string | undefined => {
  for (const [kind, texts] of [['warn', result.warnings], ['info', result.infos]] as const) {
    if (block.expectations.includes(`no_${kind}`) && texts.length > 0) return `unexpected ${kind} ${texts[0]}`;
    const wanted = block.expectations.filter((text) => new RegExp(`^${kind}\\b`).test(text));
    if (wanted.length === 0) continue;
    if (texts.length === 0) return `no ${kind}, wanted one`;
    for (const text of texts) if (!wanted.some((one) => fits(one, text))) return `${kind} ${text} fits none of ${wanted.join(' | ')}`;
  }
  return undefined;
};

/** Whether a message fits `fail`, `fail msg: text` or `fail regex: pattern`. */
export const fits = (expectation: string, message: string): boolean => {
  const exact = /^\w+\s+msg:\s*(.*)$/.exec(expectation);
  if (exact !== null) return exact[1] === message;
  const regex = /^\w+\s+regex:\s*(.*)$/.exec(expectation);
  return regex === null || new RegExp(regex[1] as string).test(message);
};

const ordered = (block: EvalBlock, result: QueryResult): string | undefined => {
  if (!block.expectations.includes('ordered') || result.type !== 'vector') return undefined;
  const wanted = block.lines.map((line) => labelsKey(parseSeriesLine(line).labels));
  return result.labels.every((labels, i) => labelsKey(labels) === wanted[i]) ? undefined : 'wrong order';
};

const sorted = (result: QueryResult): string | undefined => {
  if (result.type !== 'matrix') return undefined;
  const wrong = result.series.findIndex(({ labels }, i) => i > 0 && compareLabels((result.series[i - 1] as { labels: typeof labels }).labels, labels) > 0);
  return wrong === -1 ? undefined : 'series are not sorted by labels';
};

/** Why `result` is not what the block expects; undefined when it is. */
export const mismatch = (block: EvalBlock, result: QueryResult): string | undefined => {
  const text = block.expectations.find((one) => one.startsWith('string '));
  if (text !== undefined) {
    const wanted = unquote(text.slice(7).trim());
    return result.type === 'string' && result.value === wanted ? undefined : `got ${JSON.stringify(result)}, wanted ${wanted}`;
  }
  const times = block.expectations.find((one) => one.startsWith('range vector'));
  const { startMs, stepMs } = times === undefined ? block : rangeVectorTimes(times);
  const [only] = block.lines;
  if (block.lines.length === 1 && only !== undefined && /^\S+$/.test(only) && result.type === 'scalar') {
    const value = parseNumber(only);
    return nearlySame(value, result.value) ? annotations(block, result) : `got ${result.value}, wanted ${value}`;
  }
  const wanted = expectedTable(block.lines.map(parseSeriesLine), startMs, stepMs);
  return difference(tableOf(result), wanted) ?? ordered(block, result) ?? sorted(result) ?? annotations(block, result);
};

/** The point of a range result at `tMs` as an instant result would give it. */
export const pointAt = (result: QueryResult, tMs: number): Table => {
  const table = new Map<string, Points>();
  for (const [key, points] of tableOf(result)) {
    const value = points.get(tMs);
    if (value !== undefined) table.set(key, new Map([[tMs, value]]));
  }
  return table;
};

/** What differs between an instant result and that point, or is wrong with the range result. */
export const differsFromPoint = (instant: QueryResult, range: QueryResult, tMs: number): string | undefined =>
  difference(pointAt(range, tMs), tableOf(instant)) ?? sorted(range);

/** Whether two results hold the same values, whatever the time they were asked for. */
export const differsFromPinned = (instant: QueryResult, pinned: QueryResult): string | undefined => {
  const atZero = (value: QueryResult): QueryResult => ('tMs' in value ? { ...value, tMs: 0 } : value);
  return difference(tableOf(atZero(pinned)), tableOf(atZero(instant)));
};
