import { tierTable } from '../parquet/schema.ts';
import { TIER_VALUE_SQL } from '../tiers/tier-sql.ts';
import { DIALECTS, quoted, type SqlDialect } from './dialect.ts';

/** What stands after FROM: a table, or table function, with the columns of our tier files, and `dt`. */
export interface TierSource {
  /** Undefined where there is no file yet. */
  readonly from?: string;
  readonly promotedLabels: readonly string[];
  /**
   * What `increase` is made of instead: for an engine that looks at the rows before a bucket even where nobody asks for the
   * column. Columns of the file and of the view can stand in it.
   */
  readonly increase?: string;
}

/**
 * The SELECT of the views `samples_1m` and `samples_1h`: metric, labels, the promoted labels, ts (ms, the bucket's start), time,
 * count, sum, min, max, avg, first_ts, first, last_ts, last, corr, resets, changes, stale_end, increase, dt.
 *
 * One row per series and bucket. A bucket of stale markers alone has count 0, and NULL for each value. `increase` counts from
 * the sample before the bucket, so that sums of it over any buckets are what a counter rose by, drops seen as starts from 0; a
 * series' first bucket counts from its own first sample. Averages over several buckets are `sum("sum") / sum("count")`.
 *
 * A filter on metric or labels passes down to the scan. So does one on dt unless `increase` is asked for, which needs the rows
 * before: then it cuts what has been read.
 * @throws RangeError for a promoted label that can have no column.
 */
export const tierView = (dialect: SqlDialect, source: TierSource): string => {
  // Checks the names, so that they can stand in SQL text and in a JSON path.
  tierTable(source.promotedLabels);
  const { from, promotedLabels, increase = increaseOf(dialect) } = source;
  if (from === undefined) return emptyView(promotedLabels);
  const { ms, time, promoted } = DIALECTS[dialect];
  const names = ['metric', 'labels', ...promotedLabels.map(quoted)];
  const values = Object.entries(TIER_VALUE_SQL).map(([name, sql]) => `${sql} AS ${quoted(name)}`);
  const inner = [
    'metric',
    'labels',
    ...promotedLabels.map((label) => `${promoted(label)} AS ${quoted(label)}`),
    `${ms('ts')} AS ts`,
    `${time} AS "time"`,
    '"count"',
    ...values,
    `${ms('first_ts')} AS first_ts`,
    `${ms('last_ts')} AS last_ts`,
    'resets',
    'changes',
    'stale_end',
    'dt',
  ];
  const outer = [...names, ...TIER_VIEW_COLUMNS.map(([name]) => DERIVED[name] ?? quoted(name)), `${increase} AS increase`, 'dt'];
  return `SELECT ${outer.join(', ')}\nFROM (SELECT ${inner.join(', ')}\nFROM ${from})`;
};

/** Between the labels and `increase`, in order. */
export const TIER_VIEW_COLUMNS = [
  ['ts', 'BIGINT'],
  ['time', 'TIMESTAMP'],
  ['count', 'BIGINT'],
  ['sum', 'DOUBLE'],
  ['min', 'DOUBLE'],
  ['max', 'DOUBLE'],
  ['avg', 'DOUBLE'],
  ['first_ts', 'BIGINT'],
  ['first', 'DOUBLE'],
  ['last_ts', 'BIGINT'],
  ['last', 'DOUBLE'],
  ['corr', 'DOUBLE'],
  ['resets', 'BIGINT'],
  ['changes', 'BIGINT'],
  ['stale_end', 'BIGINT'],
] as const;

const DERIVED: Readonly<Record<string, string>> = { avg: '"sum" / "count" AS "avg"' };

/**
 * In the bucket last - first + corr, and the step to its first sample from the last one before, as Prometheus counts both. The
 * step is compared by its difference, which NaN makes NaN: DuckDB takes NaN itself for the greatest number.
 */
const increaseOf = (dialect: SqlDialect): string => {
  const before = `${DIALECTS[dialect].lag('"last"')} OVER (PARTITION BY metric, labels ORDER BY ts)`;
  return `"last" - "first" + corr + coalesce(CASE WHEN "first" - ${before} < 0 THEN "first" ELSE "first" - ${before} END, 0)`;
};

const emptyView = (promotedLabels: readonly string[]): string => {
  const texts = ['metric', 'labels', ...promotedLabels].map((name) => `CAST(NULL AS VARCHAR) AS ${quoted(name)}`);
  const rest = [...TIER_VIEW_COLUMNS, ['increase', 'DOUBLE'] as const].map(([name, type]) => `CAST(NULL AS ${type}) AS ${quoted(name)}`);
  return `SELECT ${[...texts, ...rest, 'CAST(NULL AS VARCHAR) AS dt'].join(', ')} WHERE false`;
};
