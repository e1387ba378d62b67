import { describe, expect, it } from 'vitest';
import { athenaDollars, getDollars } from '../../../shared/sql/dollars.ts';
import { seriesView } from '../../../shared/sql/series-view.ts';
import { tierView } from '../../../shared/sql/tier-views.ts';
import { samplesView } from '../../../shared/sql/views.ts';

describe('the view samples for Trino', () => {
  it('groups by identity and reads a promoted label from its column or the JSON', () => {
    expect(samplesView('trino', { open: '"tidemark"."hot"', promotedLabels: ['host'] })).toBe(
      `SELECT metric, labels, "host", ts AS ts, CAST(from_unixtime(ts / 1e3) AT TIME ZONE 'UTC' AS timestamp(3)) AS "time", coalesce(max(IF(is_nan(v), NULL, v)), nan()) AS "value", dt\n` +
        `FROM (SELECT dt, metric, labels, coalesce("host", json_extract_scalar(labels, '$["host"]')) AS "host", ts, coalesce("value", (vbase + vmul * voff) / vdiv) AS v FROM "tidemark"."hot" WHERE ("value" IS NOT NULL OR voff IS NOT NULL))\n` +
        'GROUP BY dt, metric, labels, "host", ts',
    );
  });

  it('reads sealed partitions as they are, beside the open ones', () => {
    const [sealed = '', open] = samplesView('trino', { sealed: 'a', open: 'b', promotedLabels: ['host'] }).split('\nUNION ALL\n');
    expect(sealed).toBe(
      `SELECT metric, labels, coalesce("host", json_extract_scalar(labels, '$["host"]')) AS "host", ts AS ts, CAST(from_unixtime(ts / 1e3) AT TIME ZONE 'UTC' AS timestamp(3)) AS "time", coalesce("value", (vbase + vmul * voff) / vdiv) AS "value", dt\n` +
        'FROM a WHERE ("value" IS NOT NULL OR voff IS NOT NULL)',
    );
    expect(open).toBe(samplesView('trino', { open: 'b', promotedLabels: ['host'] }));
  });

  it('refuses label names that can have no column', () => {
    expect(() => samplesView('trino', { open: 't', promotedLabels: ['a"b'] })).toThrow('promote label');
  });
});

describe('the views of tiers for Trino', () => {
  it('decode scaled values, and count increase from the sample before the bucket', () => {
    const view = tierView('trino', { from: 't', promotedLabels: ['host'] });
    const [outer = '', inner = '', from] = view.split('\n');
    const before = 'lag("last") IGNORE NULLS OVER (PARTITION BY metric, labels ORDER BY ts)';
    expect(outer).toBe(
      'SELECT metric, labels, "host", "ts", "time", "count", "sum", "min", "max", "sum" / "count" AS "avg", "first_ts", "first", "last_ts", "last", "corr", "resets", "changes", "stale_end", ' +
        `"last" - "first" + corr + coalesce(CASE WHEN "first" - ${before} < 0 THEN "first" ELSE "first" - ${before} END, 0) AS increase, dt`,
    );
    expect(inner).toContain(`FROM (SELECT metric, labels, coalesce("host", json_extract_scalar(labels, '$["host"]')) AS "host", ts AS ts, CAST(from_unixtime(ts / 1e3) AT TIME ZONE 'UTC' AS timestamp(3)) AS "time", "count", `);
    expect(inner).toContain('coalesce("last", (vbase + vmul * last_off) / vdiv) AS "last"');
    expect(from).toBe('FROM t)');
  });

  it('refuse label names that can have no column', () => {
    for (const label of ['a"b', 'increase', 'avg', 'first']) expect(() => tierView('trino', { from: 't', promotedLabels: [label] })).toThrow('promote label');
  });
});

describe('the view series for Trino', () => {
  it('reads indexes as they are, and groups samples by partition and series', () => {
    const [index, samples] = seriesView('trino', { indexes: 'i', samples: 's', promotedLabels: ['host'] }).split('\nUNION ALL\n');
    const host = `coalesce("host", json_extract_scalar(labels, '$["host"]')) AS "host"`;
    expect(index).toBe(`SELECT metric, labels, ${host}, min_ts AS first_ts, max_ts AS last_ts, dt\nFROM i`);
    expect(samples).toBe(
      `SELECT metric, labels, "host", min(ts) AS first_ts, max(ts) AS last_ts, dt\nFROM (SELECT dt, metric, labels, ${host}, ts FROM s)\nGROUP BY dt, metric, labels, "host"`,
    );
    expect(() => seriesView('trino', { samples: 's', promotedLabels: ['a"b'] })).toThrow('promote label');
  });
});

describe('dollars', () => {
  it('are those of Athena: 5 per TB in steps of 1 MB, 10 MB at least', () => {
    expect([0, 1, 10_000_000, 10_000_001, 1e12].map(athenaDollars)).toEqual([0.00005, 0.00005, 0.00005, 0.000055, 5]);
  });

  it('are those of S3 for requests', () => {
    expect(getDollars(1000)).toBeCloseTo(0.0004, 12);
  });
});
