/**
 * The values of a bucket in SQL, over the columns of `tierTable`; Trino and DuckDB read them alike. NULL where the row has no
 * samples. `ts`, `count`, `first_ts`, `last_ts`, `resets`, `changes` and `stale_end` stand in columns of their own.
 */
export const TIER_VALUE_SQL = {
  sum: 'coalesce("sum", ("count" * vbase + vmul * ("count" * first_off + sum_off)) / vdiv)',
  min: 'coalesce("min", (vbase + vmul * (least(first_off, last_off) - min_off)) / vdiv)',
  max: 'coalesce("max", (vbase + vmul * (greatest(first_off, last_off) + max_off)) / vdiv)',
  first: 'coalesce("first", (vbase + vmul * first_off) / vdiv)',
  last: 'coalesce("last", (vbase + vmul * last_off) / vdiv)',
  corr: 'coalesce(corr, (resets * vbase + vmul * (resets * first_off + corr_off)) / vdiv)',
} as const;
