import { finished } from 'node:stream/promises';
import { CsvError, type Options, Parser } from 'csv-parse';
import { messageOf, PermanentError } from '../errors.ts';
import { LabelCache } from '../protocols/label-cache.ts';
import { parseValue } from '../protocols/number-text.ts';
import { identifyLabels, type SeriesIdentity } from '../protocols/series-identity.ts';
import { badLine, LINE_MAX_UNITS, LineFault, ownText, type SampleParser, shown } from './parser.ts';
import type { SampleFeed } from './sample-feed.ts';
import { parseTime, TIMES_ALLOWED } from './sample-time.ts';

/** The columns that are no labels. */
export interface ColumnNames {
  readonly metric: string;
  readonly time: string;
  readonly value: string;
}

export const DEFAULT_COLUMNS: ColumnNames = { metric: 'metric', time: 'ts', value: 'value' };

/** Names of a header: more than labels of a series may be, and still no table of a million columns. */
const COLUMNS_MAX = 1000;

/**
 * Comma-separated values (RFC 4180) with a header. Every column but those of metric, time and value is a label; an empty field is a
 * label that the series does not have.
 */
export const csvParser = (file: string, feed: SampleFeed, columns: ColumnNames): SampleParser => {
  const known = new LabelCache();
  let layout: Layout | undefined;
  let failure: unknown;
  const onRecord = (record: string[], { lines }: { readonly lines: number }): null => {
    try {
      if (layout === undefined) layout = layoutOf(record, columns);
      else readRecord(record, layout, known, feed);
    } catch (fault) {
      failure ??= fault instanceof LineFault ? badLine(file, lines, fault.found) : fault;
      throw fault instanceof Error ? fault : new Error('stop', { cause: fault });
    }
    // Nothing goes on to the stream's readable side.
    return null;
  };
  const options: Options<string[]> = { bom: true, skip_empty_lines: true, max_record_size: LINE_MAX_UNITS, on_record: onRecord };
  const parser = new Parser(options);
  // It tells of its errors a turn later: the end waits for them.
  const ended = finished(parser.resume()).catch((error: unknown) => (failure ??= faultOf(file, error)));
  const check = (): void => {
    if (failure !== undefined) throw failure;
  };
  return {
    push: (text) => {
      check();
      parser.write(text);
      check();
    },
    end: async () => {
      parser.end();
      await ended;
      check();
      if (layout === undefined) throw badLine(file, 1, `no header, one with ${columns.metric}, ${columns.time} and ${columns.value} needed`);
    },
  };
};

const faultOf = (file: string, error: unknown): PermanentError => {
  const line = error instanceof CsvError && typeof error['lines'] === 'number' ? error['lines'] : 1;
  return badLine(file, line, `what is no CSV (${messageOf(error).slice(0, 200)})`);
};

interface Layout {
  readonly metric: number;
  readonly time: number;
  readonly value: number;
  readonly labels: readonly { readonly name: string; readonly at: number }[];
}

const layoutOf = (header: readonly string[], { metric, time, value }: ColumnNames): Layout => {
  if (header.length > COLUMNS_MAX) throw new LineFault(`${header.length} columns, ${COLUMNS_MAX} allowed`);
  const double = header.find((name, i) => header.indexOf(name) !== i);
  if (double !== undefined) throw new LineFault(`the column ${shown(double)} twice, each name allowed once`);
  const placeOf = (name: string): number => {
    const at = header.indexOf(name);
    if (at < 0) throw new LineFault(`no column ${shown(name)} in the header, columns for metric, time and value needed`);
    return at;
  };
  const places = { metric: placeOf(metric), time: placeOf(time), value: placeOf(value) };
  const taken = Object.values(places);
  return { ...places, labels: header.flatMap((name, at) => (taken.includes(at) ? [] : [{ name: ownText(name), at }])) };
};

const readRecord = (record: readonly string[], layout: Layout, known: LabelCache, feed: SampleFeed): void => {
  const time = record[layout.time] as string;
  const value = record[layout.value] as string;
  const tMs = parseTime(time);
  if (tMs === undefined) throw new LineFault(`the time ${shown(time)}, ${TIMES_ALLOWED}`);
  const number = parseValue(value);
  if (number === undefined) throw new LineFault(`the value ${shown(value)}, a number, NaN, +Inf or -Inf allowed`);
  feed.sample(identityOf(record, layout, known), tMs, number);
};

/** A key is the name and every label with its length before it, so that no two rows of different labels share one. */
const identityOf = (record: readonly string[], { metric, labels }: Layout, known: LabelCache): SeriesIdentity => {
  const name = record[metric] as string;
  let key = name;
  for (const { at } of labels) key += `\0${(record[at] as string).length}\0${record[at] as string}`;
  const cached = known.get(key);
  if (cached !== undefined) return cached;
  if (name === '' || !name.isWellFormed()) throw new LineFault('a sample without a metric name, each needs one');
  const identified = identifyLabels(name, labels.map(({ name: label, at }) => [label, record[at] as string]));
  if ('reason' in identified) throw new LineFault(identified.reason);
  const identity = { metric: ownText(name), labelsJson: identified.labelsJson };
  known.set(ownText(key), identity);
  return identity;
};
