import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildTierObject } from '../../../shared/storage/tier-object.ts';
import { rollUp } from '../../../shared/tiers/rollup.ts';
import { TIER_VALUE_SQL } from '../../../shared/tiers/tier-sql.ts';
import { goldenBuckets, samplesOf, TIER_CASES, type GoldenBucket } from './tier-case.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-tiers-'));
let duckdb: DuckDBConnection;

beforeAll(async () => {
  duckdb = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
});
afterAll(() => {
  duckdb.closeSync();
  rmSync(folder, { recursive: true });
});

const rowsOf = async (sql: string): Promise<readonly Record<string, unknown>[]> => (await duckdb.runAndReadAll(sql)).getRowObjectsJson();

/** In SQL a bucket without samples has no values, and no sum either. */
const inSql = ({ firstAt, lastAt, start, ...numbers }: GoldenBucket): Record<string, unknown> => {
  const time = (text: number | string | null | undefined): string | null => (typeof text === 'string' ? String(Date.parse(text)) : null);
  const isEmpty = numbers['count'] === 0;
  const value = (name: string): unknown => (isEmpty ? null : numbers[name]);
  return {
    start: time(start),
    first_ts: time(firstAt),
    last_ts: time(lastAt),
    ...Object.fromEntries(Object.keys(TIER_VALUE_SQL).map((name) => [name, value(name)])),
    ...Object.fromEntries(['count', 'resets', 'changes'].map((name) => [name, String(numbers[name])])),
    stale_end: String(numbers['staleEnd']),
  };
};

describe.each(TIER_CASES)('%s in SQL', (name, tierCase) => {
  const tier = rollUp(samplesOf(tierCase), tierCase.bucketMs);
  const file = join(folder, `${name}.parquet`);
  const values = Object.entries(TIER_VALUE_SQL).map(([column, sql]) => `${sql} AS "${column}"`);
  const view = `(SELECT ${['epoch_ms(ts) AS "start"', 'epoch_ms(first_ts) AS first_ts', 'epoch_ms(last_ts) AS last_ts', '"count"', ...values, 'resets', 'changes', 'stale_end'].join(', ')} FROM read_parquet('${file}'))`;

  beforeAll(() => {
    writeFileSync(file, (buildTierObject(tier, { promotedLabels: ['host'] }) as { readonly bytes: Uint8Array }).bytes);
  });

  it('has the buckets', async () => {
    const rows = await rowsOf(`SELECT * FROM ${view} ORDER BY "start"`);
    expect(rows).toEqual(goldenBuckets(tier).map(inSql));
  });

  it('has the averages', async () => {
    const rows = await rowsOf(`SELECT "sum" / "count" AS average FROM ${view} WHERE "count" > 0 ORDER BY "start"`);
    const expected = tierCase.averages.filter((_, row) => tier.count[row] !== 0);
    expect(rows.map(({ average }) => (average === 'NaN' ? 'NaN' : Number(average).toFixed(1)))).toEqual(expected);
  });

  it('has the promoted label', async () => {
    expect(await rowsOf(`SELECT DISTINCT metric, labels, host FROM read_parquet('${file}')`)).toEqual([{ metric: 'm', labels: '{"host":"a"}', host: 'a' }]);
  });
});
