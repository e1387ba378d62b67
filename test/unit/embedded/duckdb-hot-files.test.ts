import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hotFilesOf, hoursWithSamples } from '../../../shared/catalog/hot-files.ts';
import { openDuckDb, type SqlPlan } from '../../../shared/embedded/duckdb.ts';
import type { RunSql, SqlParameter } from '../../../shared/sql/run-sql.ts';
import { NOW_MS, openQuery, type OpenQuery } from '../query/open-query.ts';

let query: OpenQuery;
let runSql: RunSql;

beforeAll(async () => {
  query = await openQuery();
  await query.store(
    ['cpu', '{"host":"a","region":"us"}', [0, 0.1], [1000, 0.2], [2000, 'stale']],
    ['cpu', '{"host":"b"}', [-3_600_000, 1e300], [0, Number.NaN]],
    ['größe', '{"rack":"1"}', [0, -Infinity], [5, 1e15 + 0.125]],
  );
  // The same samples again, as a second delivery would leave them, and a number for the NaN.
  await query.store(['cpu', '{"host":"a","region":"us"}', [0, 0.1], [1000, 0.15]], ['cpu', '{"host":"b"}', [0, 7]]);
  const plan = async (): Promise<SqlPlan> => {
    const hours = await hoursWithSamples(query.catalog, 0, Infinity);
    const found = (await Promise.all(hours.map((hour) => hotFilesOf(query.catalog, hour)))).flat();
    return { sealed: [], open: found.map(({ key, bytes }) => ({ path: join(query.dir, key), bytes })), indexes: [], '1m': [], '1h': [] };
  };
  runSql = openDuckDb({ plan, promotedLabels: ['host', 'region'], memoryMb: 256, timeoutMs: 20_000 });
});
afterAll(() => query.close());

const rowsOf = async (text: string, ...parameters: SqlParameter[]): Promise<readonly (readonly unknown[])[]> => (await runSql({ query: text, parameters })).rows;

describe('SQL over hot files of our own writer', () => {
  it('gives each sample once, to the last bit', async () => {
    expect(await rowsOf('SELECT metric, host, region, ts, "value" FROM samples ORDER BY metric, labels, ts')).toEqual([
      ['cpu', 'a', 'us', String(NOW_MS), 0.1],
      ['cpu', 'a', 'us', String(NOW_MS + 1000), 0.2],
      ['cpu', 'b', null, String(NOW_MS - 3_600_000), 1e300],
      ['cpu', 'b', null, String(NOW_MS), 7],
      ['größe', null, null, String(NOW_MS), '-Infinity'],
      ['größe', null, null, String(NOW_MS + 5), 1e15 + 0.125],
    ]);
  });

  it('has time in UTC beside ts, the hour as dt, and every label in the JSON', async () => {
    const [row] = await rowsOf(`SELECT "time", dt, json_extract_scalar(labels, '$.rack') FROM samples WHERE metric = ? AND ts = ?`, 'größe', NOW_MS + 5);
    expect(row).toEqual(['2026-01-01 12:00:00.005', '2026-01-01-12', '1']);
    expect(await rowsOf("SELECT count(*) FROM samples WHERE dt = '2026-01-01-11'")).toEqual([['1']]);
  });
});
