export interface TierVerdict {
  /** Buckets of a minute that raw samples make, or that stand in the 1m tier. */
  readonly buckets: number;
  /** Those that are not in both, or not the same. */
  readonly different: number;
}

/** The load's values only rise, so nothing is a reset, and each is a change. Engines sum doubles in different orders. */
const COMPARISON = `
  WITH raw AS (
    SELECT labels, ts - ts % 60000 AS start, count(*) AS n, sum("value") AS total, min("value") AS low, max("value") AS high,
      min_by("value", ts) AS head, max_by("value", ts) AS tail, min(ts) AS head_ts, max(ts) AS tail_ts
    FROM samples WHERE metric = 'kill_load' GROUP BY 1, 2),
  tier AS (SELECT *, ts AS start FROM samples_1m WHERE metric = 'kill_load'),
  pairs AS (
    SELECT coalesce(n = "count" AND abs(total - "sum") <= 1e-12 * total AND low = "min" AND high = "max" AND head = "first" AND tail = "last"
      AND head_ts = first_ts AND tail_ts = last_ts AND resets = 0 AND corr = 0 AND changes = "count" - 1, false) AS same
    FROM raw FULL JOIN tier USING (labels, start))
  SELECT count(*), count(*) FILTER (WHERE NOT same) FROM pairs`;

/** Rolls the raw samples up by SQL, and compares. What is not merged yet is different: so ask again until all is merged. */
export const verifyTiers = async (url: string): Promise<TierVerdict> => {
  const headers = { 'content-type': 'application/json' };
  const answer = (await (await fetch(`${url}/api/v1/sql`, { method: 'POST', headers, body: JSON.stringify({ query: COMPARISON }) })).json()) as {
    rows?: [string, string][];
    error?: string;
  };
  const [row] = answer.rows ?? [];
  if (row === undefined) throw new Error(`verify tiers: ${answer.error}`);
  return { buckets: Number(row[0]), different: Number(row[1]) };
};
