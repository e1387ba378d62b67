import { seriesTable } from '../parquet/schema.ts';
import { DIALECTS, quoted, type SqlDialect } from './dialect.ts';

/** What stands after FROM: tables, or table functions, with `dt`. No partition is in both. */
export interface SeriesSource {
  /** With the columns of series indexes: a row is a series of a partition. */
  readonly indexes?: string;
  /** With the columns of sample files. */
  readonly samples?: string;
  readonly promotedLabels: readonly string[];
}

/**
 * The SELECT of the view `series`: metric, labels, the promoted labels, first_ts and last_ts (ms), dt.
 *
 * One row per series and hour in which it has a sample, or a stale marker, with the first and the last time it has there; where
 * only buckets are left of the hour, the starts of these. Filters on dt, metric and labels pass down to the scans; values are not
 * read.
 * @throws RangeError for a promoted label that can have no column.
 */
export const seriesView = (dialect: SqlDialect, { indexes, samples, promotedLabels }: SeriesSource): string => {
  // Checks the names, so that they can stand in SQL text and in a JSON path.
  seriesTable(promotedLabels);
  const branches = [
    ...(indexes === undefined ? [] : [indexBranch(dialect, indexes, promotedLabels)]),
    ...(samples === undefined ? [] : [sampleBranch(dialect, samples, promotedLabels)]),
  ];
  return branches.length === 0 ? emptyView(promotedLabels) : branches.join('\nUNION ALL\n');
};

const indexBranch = (dialect: SqlDialect, from: string, promotedLabels: readonly string[]): string => {
  const { ms, promoted } = DIALECTS[dialect];
  const labels = promotedLabels.map((label) => `${promoted(label)} AS ${quoted(label)}`);
  return `SELECT ${['metric', 'labels', ...labels, `${ms('min_ts')} AS first_ts`, `${ms('max_ts')} AS last_ts`, 'dt'].join(', ')}\nFROM ${from}`;
};

const sampleBranch = (dialect: SqlDialect, from: string, promotedLabels: readonly string[]): string => {
  const { ms, promoted } = DIALECTS[dialect];
  const names = promotedLabels.map(quoted);
  const labels = promotedLabels.map((label) => `${promoted(label)} AS ${quoted(label)}`);
  return [
    `SELECT ${['metric', 'labels', ...names, `${ms('min(ts)')} AS first_ts`, `${ms('max(ts)')} AS last_ts`, 'dt'].join(', ')}`,
    `FROM (SELECT ${['dt', 'metric', 'labels', ...labels, 'ts'].join(', ')} FROM ${from})`,
    `GROUP BY ${['dt', 'metric', 'labels', ...names].join(', ')}`,
  ].join('\n');
};

const emptyView = (promotedLabels: readonly string[]): string => {
  const texts = ['metric', 'labels', ...promotedLabels].map((name) => `CAST(NULL AS VARCHAR) AS ${quoted(name)}`);
  return `SELECT ${[...texts, 'CAST(NULL AS BIGINT) AS first_ts', 'CAST(NULL AS BIGINT) AS last_ts', 'CAST(NULL AS VARCHAR) AS dt'].join(', ')} WHERE false`;
};
