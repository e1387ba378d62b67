import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildTierObject } from '../../../shared/storage/tier-object.ts';
import { mergeBuckets } from '../../../shared/tiers/merge-buckets.ts';
import { rollUp } from '../../../shared/tiers/rollup.ts';
import { TIER_VALUE_SQL } from '../../../shared/tiers/tier-sql.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-tier-duckdb-'));
let duckdb: DuckDBConnection;

beforeAll(async () => {
  duckdb = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
});
afterAll(() => {
  duckdb.closeSync();
  rmSync(folder, { recursive: true });
});

/** A counter that starts anew, whole pages, decimals, full mantissas, wide steps, and what no scale can express. */
const SHAPES: readonly ((i: number) => number)[] = [
  (i) => (i * 37) % 5000,
  (i) => 34_359_738_368 + 4096 * ((i * 71) % 1009),
  (i) => ((i * 7919) % 10_007) / 100,
  (i) => Math.sqrt(i + 2),
  (i) => (i % 2 === 0 ? 2 ** 49 - i : -(2 ** 49) + 3 * i),
  (i) => [1.5, -0, 2.25, Infinity, 0, Number.NaN, 3][(i * 5) % 7 ^ (i >> 6) % 2] ?? 9,
];
const POINTS = 700;

const samples = {
  metrics: SHAPES.map((_, k) => `m${k}`),
  labels: SHAPES.map(() => '{"host":"a"}'),
  offsets: Uint32Array.from({ length: SHAPES.length + 1 }, (_, k) => k * POINTS),
  tMs: Float64Array.from({ length: SHAPES.length * POINTS }, (_, i) => 1_789_999_200_000 + (i % POINTS) * 10_000),
  values: Float64Array.from({ length: SHAPES.length * POINTS }, (_, i) => (SHAPES[Math.floor(i / POINTS)] as (i: number) => number)(i % POINTS)),
};

it.each(['1m', '1h'])('DuckDB reads the %s values of all shapes as they are', async (name) => {
  const minutes = rollUp(samples, 60_000);
  const tier = name === '1m' ? minutes : mergeBuckets(minutes, 3_600_000);
  const file = join(folder, `${name}.parquet`);
  writeFileSync(file, (buildTierObject(tier, { promotedLabels: ['host'] }) as { readonly bytes: Uint8Array }).bytes);
  for (const [column, sql] of Object.entries(TIER_VALUE_SQL) as [keyof typeof TIER_VALUE_SQL, string][]) {
    const result = await duckdb.runAndReadAll(`SELECT ${sql} AS v FROM read_parquet('${file}', file_row_number = true) ORDER BY file_row_number`);
    expect([column, result.getColumns()[0]]).toEqual([column, [...tier[column]]]);
  }
});
