/** Trino is the engine inside Athena; DuckDB the one on a single machine. */
export type SqlDialect = 'trino' | 'duckdb';

/** What the two engines say in other words, over the columns of our Parquet files. */
export interface DialectWords {
  /** The value of a promoted label. */
  promoted(label: string): string;
  /** Unix milliseconds out of a column of times. */
  ms(column: string): string;
  /** `ts` as TIMESTAMP in UTC. */
  readonly time: string;
  /** The greatest number among `v`, NaN where there is none. */
  readonly greatest: string;
  /** The nearest value before the row that is not NULL, up to its OVER. */
  lag(column: string): string;
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** SQL's own escape of text. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export const DIALECTS: Readonly<Record<SqlDialect, DialectWords>> = {
  trino: {
    // Files that were written before a label was promoted have no such column: it reads as NULL there.
    promoted: (label) => `coalesce(${quoted(label)}, json_extract_scalar(labels, ${literal(`$["${label}"]`)}))`,
    ms: (column) => column,
    time: "CAST(from_unixtime(ts / 1e3) AT TIME ZONE 'UTC' AS timestamp(3))",
    greatest: 'coalesce(max(IF(is_nan(v), NULL, v)), nan())',
    lag: (column) => `lag(${column}) IGNORE NULLS`,
  },
  duckdb: {
    // DuckDB takes the columns of the first file for all, unless it opens every file of every hour: so only from the JSON.
    promoted: (label) => `json_extract_string(labels, ${literal(`$."${label}"`)})`,
    ms: (column) => `epoch_ms(${column})`,
    time: 'CAST(ts AS TIMESTAMP)',
    greatest: "coalesce(max(v) FILTER (NOT isnan(v)), CAST('NaN' AS DOUBLE))",
    lag: (column) => `lag(${column} IGNORE NULLS)`,
  },
};
