/**
 * How the values of a column are written. `runs` is a dictionary (RLE_DICTIONARY) with the rows as runs of it; `repeats` are deltas of
 * whole bytes, in which zstd finds what it has seen before wherever it stands.
 */
export type ColumnEncoding = 'runs' | 'plain' | 'delta' | 'repeats';

/**
 * How the rows of a row group are cut into pages. `one` takes them all in one: runs of a dictionary are a few KB in all, to which
 * many pages would add a multiple. `measured` cuts as others do unless one page is much smaller, and writes that as `repeats` where
 * these are smaller still: times that the series of a host share take 0.03 bytes a sample in one page, and 1.3 in pages of a metric
 * each (measured, 100 hosts with jitter).
 */
export type Paging = 'one' | 'measured';

/** A column of a table: what the writer writes and what Glue declares come both from here, so they cannot drift. */
export interface ColumnSpec {
  readonly name: string;
  readonly type: 'text' | 'timestamp' | 'integer' | 'double' | 'blob';
  readonly isOptional: boolean;
  readonly encoding: ColumnEncoding;
  /** Cut into pages where left out. */
  readonly paging?: Paging;
}

export interface GlueColumn {
  readonly name: string;
  readonly type: 'string' | 'bigint' | 'double' | 'binary';
}

/** Labels with a column of their own, unless configured otherwise. */
export const DEFAULT_PROMOTED_LABELS: readonly string[] = ['host', 'region', 'service', 'env'];

const column = (name: string, type: ColumnSpec['type'], encoding: ColumnEncoding): ColumnSpec => ({ name, type, isOptional: false, encoding });
const optional = (name: string, type: ColumnSpec['type'], encoding: ColumnEncoding): ColumnSpec => ({ name, type, isOptional: true, encoding });
const onePage = (spec: ColumnSpec): ColumnSpec => ({ ...spec, paging: 'one' });
const measured = (spec: ColumnSpec): ColumnSpec => ({ ...spec, paging: 'measured' });

/** The metric is cut, small as it is: readers find the rows of one by the bounds of its pages. */
const LEADING: readonly ColumnSpec[] = [column('metric', 'text', 'runs'), onePage(column('labels', 'text', 'runs'))];
const SCALE: readonly ColumnSpec[] = [column('vbase', 'integer', 'runs'), column('vmul', 'integer', 'runs'), column('vdiv', 'double', 'runs')].map(onePage);
const TRAILING: readonly ColumnSpec[] = [
  measured(column('ts', 'timestamp', 'delta')),
  optional('value', 'double', 'plain'),
  optional('voff', 'integer', 'delta'),
  ...SCALE,
  optional('histogram', 'blob', 'plain'),
];

/** A value as it is, or scaled as an offset: which of the two is NULL is told by `storage/tier-scale.ts`. */
const scaled = (name: string): readonly ColumnSpec[] => [optional(name, 'double', 'plain'), optional(`${name}_off`, 'integer', 'delta')];

/**
 * `first_ts` and `last_ts` are plain: the series of a host share them, and zstd finds whole repetitions more easily than those
 * that packing has shifted (measured: 0.02 B a row each, 0.05 as deltas).
 */
const TIER_TRAILING: readonly ColumnSpec[] = [
  measured(column('ts', 'timestamp', 'delta')),
  column('count', 'integer', 'delta'),
  ...scaled('sum'),
  ...scaled('min'),
  ...scaled('max'),
  measured(optional('first_ts', 'timestamp', 'plain')),
  ...scaled('first'),
  measured(optional('last_ts', 'timestamp', 'plain')),
  ...scaled('last'),
  ...scaled('corr'),
  column('resets', 'integer', 'delta'),
  column('changes', 'integer', 'delta'),
  onePage(column('stale_end', 'integer', 'runs')),
  ...SCALE,
];

/**
 * Of a series its rows in the file of samples, and the times of the first and the last. The times are plain: the series of a host
 * share them, and repeat each other's every so many rows.
 */
const SERIES_TRAILING: readonly ColumnSpec[] = [
  column('first_row', 'integer', 'delta'),
  column('rows', 'integer', 'delta'),
  column('min_ts', 'timestamp', 'plain'),
  column('max_ts', 'timestamp', 'plain'),
];

/** Rows are sorted by these, ascending: texts by their UTF-8 bytes. */
export const SORTED_BY: readonly string[] = ['metric', 'labels', 'ts'];
export const SERIES_SORTED_BY: readonly string[] = ['metric', 'labels'];

/** Names a promoted label cannot have: the other columns of any table, the partition key, and what the views add. */
const RESERVED: ReadonlySet<string> = new Set([...LEADING, ...TRAILING, ...TIER_TRAILING, ...SERIES_TRAILING].map(({ name }) => name).concat('dt', 'time', 'avg', 'increase'));

/** Glue's names are case-insensitive and Athena's are letters, digits and underscores (Athena guide, "Name tables and columns"). */
const COLUMN_NAME = /^[a-z_][a-z0-9_]{0,254}$/;

/**
 * The columns of a sample table in order. A promoted label is NULL where a series lacks it.
 * @throws RangeError for a label that cannot be a column's name, or is given twice.
 */
export const sampleTable = (promotedLabels: readonly string[]): readonly ColumnSpec[] => tableOf(promotedLabels, TRAILING);

/**
 * The columns of a table of buckets in order: `ts` is the bucket's start. One for every tier.
 * @throws RangeError as {@link sampleTable} does.
 */
export const tierTable = (promotedLabels: readonly string[]): readonly ColumnSpec[] => tableOf(promotedLabels, TIER_TRAILING);

/**
 * The columns of a series index in order: a row for each series of a file of either table above. Sorted by metric and labels.
 * @throws RangeError as {@link sampleTable} does.
 */
export const seriesTable = (promotedLabels: readonly string[]): readonly ColumnSpec[] => tableOf(promotedLabels, SERIES_TRAILING);

const tableOf = (promotedLabels: readonly string[], trailing: readonly ColumnSpec[]): readonly ColumnSpec[] => {
  promotedLabels.forEach((label, i) => {
    if (!COLUMN_NAME.test(label)) throw new RangeError(`promote label "${label}": a column's name is lower-case letters, digits and underscores`);
    if (RESERVED.has(label)) throw new RangeError(`promote label "${label}": the table has another column of this name`);
    if (promotedLabels.indexOf(label) !== i) throw new RangeError(`promote label "${label}": it is given twice`);
  });
  return [...LEADING, ...promotedLabels.map((label) => onePage(optional(label, 'text', 'runs'))), ...trailing];
};

const GLUE_TYPE: Readonly<Record<ColumnSpec['type'], GlueColumn['type']>> = {
  text: 'string',
  // Glue declares the milliseconds themselves; the views make a timestamp of them.
  timestamp: 'bigint',
  integer: 'bigint',
  double: 'double',
  blob: 'binary',
};

export const glueColumns = (table: readonly ColumnSpec[]): readonly GlueColumn[] =>
  table.map(({ name, type }) => ({ name, type: GLUE_TYPE[type] }));
