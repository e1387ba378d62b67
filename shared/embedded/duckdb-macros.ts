/**
 * Functions of Trino that DuckDB lacks or calls otherwise, so that a recipe reads the same on Athena and on one machine.
 * Where both have a function under one name (date_trunc, date_diff, arbitrary, max_by, count_if) nothing is needed.
 */
export const TRINO_MACROS: readonly string[] = [
  // Trino writes a dotted name as $["a.b"], DuckDB as $."a.b".
  `json_extract_scalar(j, p) AS json_extract_string(j, replace(replace(p, '["', '."'), '"]', '"'))`,
  'from_unixtime(s) AS make_timestamp(CAST(round(s * 1e6) AS BIGINT))',
  'to_unixtime(t) AS epoch(t)',
  'approx_percentile(x, p) AS approx_quantile(x, p)',
  'approx_distinct(x) AS approx_count_distinct(x)',
  'is_nan(x) AS isnan(x)',
  'is_finite(x) AS isfinite(x)',
  'is_infinite(x) AS isinf(x)',
  "nan() AS CAST('NaN' AS DOUBLE)",
  "infinity() AS CAST('Infinity' AS DOUBLE)",
  'regexp_like(s, p) AS regexp_matches(s, p)',
  "date_add(u, n, t) AS t + n * CAST('1 ' || u AS INTERVAL)",
  'element_at(m, k) AS m[k]',
];
