/** How the values of a column are written. `runs` is a dictionary (RLE_DICTIONARY) with the rows as runs of it. */
export type ColumnEncoding = 'runs' | 'plain' | 'delta';

/** A column of a table: what the writer writes and what Glue declares come both from here, so they cannot drift. */
export interface ColumnSpec {
  readonly name: string;
  readonly type: 'text' | 'timestamp' | 'integer' | 'double' | 'blob';
  readonly isOptional: boolean;
  readonly encoding: ColumnEncoding;
  /** One page per row group whatever the page size: repeated timestamps then lie within zstd's window. */
  readonly isOnePage?: true;
}

export interface GlueColumn {
  readonly name: string;
  readonly type: 'string' | 'bigint' | 'double' | 'binary';
}

/** Labels with a column of their own, unless configured otherwise. */
export const DEFAULT_PROMOTED_LABELS: readonly string[] = ['host', 'region', 'service', 'env'];

const column = (name: string, type: ColumnSpec['type'], encoding: ColumnEncoding): ColumnSpec => ({ name, type, isOptional: false, encoding });
const optional = (name: string, type: ColumnSpec['type'], encoding: ColumnEncoding): ColumnSpec => ({ name, type, isOptional: true, encoding });

const LEADING: readonly ColumnSpec[] = [column('metric', 'text', 'runs'), column('labels', 'text', 'runs')];
const TRAILING: readonly ColumnSpec[] = [
  { ...column('ts', 'timestamp', 'delta'), isOnePage: true },
  optional('value', 'double', 'plain'),
  optional('voff', 'integer', 'delta'),
  column('vbase', 'integer', 'runs'),
  column('vmul', 'integer', 'runs'),
  column('vdiv', 'double', 'runs'),
  optional('histogram', 'blob', 'plain'),
];

const onePage = (spec: ColumnSpec): ColumnSpec => ({ ...spec, isOnePage: true });
/** A value as it is, or scaled as an offset: which of the two is NULL is told by `storage/tier-scale.ts`. */
const scaled = (name: string): readonly ColumnSpec[] => [optional(name, 'double', 'plain'), optional(`${name}_off`, 'integer', 'delta')];

/**
 * `first_ts` and `last_ts` are plain: the series of a host share them, and zstd finds whole repetitions more easily than those
 * that packing has shifted (measured: 0.02 B a row each, 0.05 as deltas).
 */
const TIER_TRAILING: readonly ColumnSpec[] = [
  onePage(column('ts', 'timestamp', 'delta')),
  column('count', 'integer', 'delta'),
  ...scaled('sum'),
  ...scaled('min'),
  ...scaled('max'),
  onePage(optional('first_ts', 'timestamp', 'plain')),
  ...scaled('first'),
  onePage(optional('last_ts', 'timestamp', 'plain')),
  ...scaled('last'),
  ...scaled('corr'),
  column('resets', 'integer', 'delta'),
  column('changes', 'integer', 'delta'),
  column('stale_end', 'integer', 'runs'),
  column('vbase', 'integer', 'runs'),
  column('vmul', 'integer', 'runs'),
  column('vdiv', 'double', 'runs'),
];

/** Rows are sorted by these, ascending: texts by their UTF-8 bytes. */
export const SORTED_BY: readonly string[] = ['metric', 'labels', 'ts'];

/** Names a promoted label cannot have: the other columns of any table, the partition key, and what the views add. */
const RESERVED: ReadonlySet<string> = new Set([...LEADING, ...TRAILING, ...TIER_TRAILING].map(({ name }) => name).concat('dt', 'time', 'avg', 'increase'));

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

const tableOf = (promotedLabels: readonly string[], trailing: readonly ColumnSpec[]): readonly ColumnSpec[] => {
  promotedLabels.forEach((label, i) => {
    if (!COLUMN_NAME.test(label)) throw new RangeError(`promote label "${label}": a column's name is lower-case letters, digits and underscores`);
    if (RESERVED.has(label)) throw new RangeError(`promote label "${label}": the table has another column of this name`);
    if (promotedLabels.indexOf(label) !== i) throw new RangeError(`promote label "${label}": it is given twice`);
  });
  return [...LEADING, ...promotedLabels.map((label) => optional(label, 'text', 'runs')), ...trailing];
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
