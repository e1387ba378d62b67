import { sampleTable } from '../parquet/schema.ts';
import { DIALECTS, quoted, type SqlDialect } from './dialect.ts';

/** What stands after FROM: tables, or table functions, with the columns of our sample files, and `dt`. No partition is in two. */
export interface SeriesSource {
  readonly from: readonly string[];
  readonly promotedLabels: readonly string[];
}

/**
 * The SELECT of the view `series`: metric, labels, the promoted labels, first_ts and last_ts (ms), dt.
 *
 * One row per series and partition in which it has a sample, or a stale marker, with the first and the last time it has there.
 * Filters on dt, metric and labels pass down to the scans; values are not read.
 * @throws RangeError for a promoted label that can have no column.
 */
export const seriesView = (dialect: SqlDialect, { from, promotedLabels }: SeriesSource): string => {
  // Checks the names, so that they can stand in SQL text and in a JSON path.
  sampleTable(promotedLabels);
  const { ms, promoted } = DIALECTS[dialect];
  const names = promotedLabels.map(quoted);
  const labels = promotedLabels.map((label) => `${promoted(label)} AS ${quoted(label)}`);
  if (from.length === 0) return emptyView(promotedLabels);
  return from
    .map((source) =>
      [
        `SELECT ${['metric', 'labels', ...names, `${ms('min(ts)')} AS first_ts`, `${ms('max(ts)')} AS last_ts`, 'dt'].join(', ')}`,
        `FROM (SELECT ${['dt', 'metric', 'labels', ...labels, 'ts'].join(', ')} FROM ${source})`,
        `GROUP BY ${['dt', 'metric', 'labels', ...names].join(', ')}`,
      ].join('\n'),
    )
    .join('\nUNION ALL\n');
};

const emptyView = (promotedLabels: readonly string[]): string => {
  const texts = ['metric', 'labels', ...promotedLabels].map((name) => `CAST(NULL AS VARCHAR) AS ${quoted(name)}`);
  return `SELECT ${[...texts, 'CAST(NULL AS BIGINT) AS first_ts', 'CAST(NULL AS BIGINT) AS last_ts', 'CAST(NULL AS VARCHAR) AS dt'].join(', ')} WHERE false`;
};
