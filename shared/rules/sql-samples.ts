import { METRIC_NAME, labelsToJson, makeLabels } from '../model/labels.ts';
import type { LabelPair, Labels } from '../model/labels.ts';
import type { SqlAnswer, SqlCell } from '../sql/run-sql.ts';

/** Rows of one answer: more is a statement without a condition. */
export const MAX_SQL_ROWS = 10_000;

/** What any series may have: labels, and characters of a name and of a value. */
const MAX_LABELS = 40;
const MAX_NAME_CHARS = 256;
const MAX_VALUE_CHARS = 2048;

/** A sample of a rule's result. */
export interface SqlSample {
  readonly labels: Labels;
  readonly value: number;
}

/** Of Trino and of DuckDB, in lower case. Both give int64 and decimals as text. */
const NUMBER = /^(?:double|float|real|decimal(?:\(\d+, ?\d+\))?|(?:u?(?:tinyint|smallint|integer|bigint|hugeint))|int)$/;
const TEXT_OR_FLAG = /^(?:(?:var)?char(?:\(\d+\))?|text|string|boolean|enum\(.*\))$/s;

const NUMBER_TEXT = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const SPECIAL: Readonly<Record<string, number>> = { nan: NaN, infinity: Infinity, '-infinity': -Infinity };

/** A column that makes a label. */
interface LabelColumn {
  readonly name: string;
  readonly index: number;
}

/**
 * Rows of a statement as samples: the column `value` is the value, each other one a label of its name in lower case (Athena knows no
 * other case), NULL none.
 * @throws Error that says which column or row cannot be one.
 */
export const samplesOfAnswer = ({ columns, rows }: SqlAnswer): readonly SqlSample[] => {
  const names = columns.map(({ name }) => name.toLowerCase());
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`read answer: found the column ${JSON.stringify(twice)} twice, each stands once`);
  const valueAt = names.indexOf('value');
  if (valueAt === -1) throw new Error(`read answer: found no column "value" among ${names.map((name) => JSON.stringify(name)).join(', ')}, one with the number is needed`);
  if (rows.length > MAX_SQL_ROWS) throw new Error(`read answer: found ${rows.length} rows, at most ${MAX_SQL_ROWS} are allowed: each is a sample`);
  if (columns.length - 1 > MAX_LABELS) throw new Error(`read answer: found ${columns.length - 1} columns beside the value, at most ${MAX_LABELS} are allowed: each is a label`);
  const { type } = columns[valueAt] as SqlAnswer['columns'][number];
  if (!NUMBER.test(type.toLowerCase())) throw new Error(`read answer: found the type ${type} of the column "value", a number is needed`);
  const labels = columns.flatMap((column, index): LabelColumn[] => (index === valueAt ? [] : [labelColumn(column, index)]));
  const seen = new Map<string, number>();
  return rows.map((row, i) => {
    const sample = { labels: labelsOf(row, labels), value: valueOf(row[valueAt] ?? null, i) };
    const key = labelsToJson(sample.labels);
    const earlier = seen.get(key);
    if (earlier !== undefined) throw new Error(`read answer: found the rows ${earlier + 1} and ${i + 1} with the same labels ${key}, each label set stands once`);
    seen.set(key, i);
    return sample;
  });
};

const labelColumn = ({ name, type }: SqlAnswer['columns'][number], index: number): LabelColumn => {
  const label = name.toLowerCase();
  if (label === '' || label === METRIC_NAME || label.length > MAX_NAME_CHARS) throw new Error(`read answer: found a column of the name ${JSON.stringify(label.slice(0, MAX_NAME_CHARS))}, which no label of an alert can have`);
  const known = type.toLowerCase();
  // A time, or a list, as a label is a new alert in each slot more often than it is meant.
  if (!NUMBER.test(known) && !TEXT_OR_FLAG.test(known)) throw new Error(`read answer: found the type ${type} of the column ${JSON.stringify(label)}, texts, numbers and booleans are allowed as labels`);
  return { name: label, index };
};

const labelsOf = (row: readonly SqlCell[], columns: readonly LabelColumn[]): Labels =>
  makeLabels(
    columns.flatMap(({ name, index }): LabelPair[] => {
      const cell = row[index] ?? null;
      if (cell === null) return [];
      const text = String(cell);
      if (text.length > MAX_VALUE_CHARS) throw new Error(`read answer: found ${text.length} characters in the column ${JSON.stringify(name)}, at most ${MAX_VALUE_CHARS} are allowed as a label`);
      return [[name, text]];
    }),
  );

const valueOf = (cell: SqlCell, row: number): number => {
  if (typeof cell === 'number') return cell;
  if (cell === null) throw new Error(`read answer: found NULL as the value of row ${row + 1}, a number is needed: leave such rows out, or give them one with coalesce`);
  const text = String(cell);
  const value = NUMBER_TEXT.test(text) ? Number(text) : SPECIAL[text.toLowerCase()];
  if (value !== undefined) return value;
  throw new Error(`read answer: found ${JSON.stringify(text.slice(0, 100))} as the value of row ${row + 1}, a number is needed`);
};
