import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compactMinute } from '../../../functions/compact/compact.ts';
import { makeSqlPlan } from '../../../scripts/start/sql-plan.ts';
import { allPartitions, type PartitionEntry, readEntry, readManifest, removeEntryWrite, type Tier } from '../../../shared/catalog/partitions.ts';
import { openDuckDb, type SqlPlan } from '../../../shared/embedded/duckdb.ts';
import { openObjectDirectory } from '../../../shared/embedded/object-directory.ts';
import type { RunSql, SqlAnswer, SqlParameter } from '../../../shared/sql/run-sql.ts';
import { makePieceCache } from '../../../shared/storage/piece-cache.ts';
import { openTierRollup } from '../../../shared/storage/tier-rollup.ts';
import { readTier } from '../../../shared/storage/tier-read.ts';
import { TIER_BUCKET_MS } from '../../../shared/tiers/bucket.ts';
import { markStored, NOW_MS, openQuery, type OpenQuery } from '../query/open-query.ts';

const HOUR_MS = 3_600_000;
/** After the end of the day that is rolled up, so that its 1h partition is built. */
const LATER_MS = NOW_MS + 24 * HOUR_MS;
const OFF_MS = -3 * HOUR_MS;

let query: OpenQuery;
let runSql: RunSql;
let makePlan: () => Promise<SqlPlan>;

/** A counter every 10 s over two hours and a bit, with drops and a gap of an hour's border. */
const COUNTER = Array.from({ length: 800 }, (_, i) => [i * 10_000, (i * 37) % 5000] as const).filter(([tMs]) => tMs < 2_000_000 || tMs > 2_400_000);

beforeAll(async () => {
  query = await openQuery();
  await query.store(
    ['cpu', '{"host":"a"}', ...COUNTER],
    ['cpu', '{"host":"b"}', [0, 0.1], [1000, Number.NaN], [61_000, Infinity], [62_000, -0], [120_000, 'stale'], [180_000, 2 ** 53], [181_000, 5e-324]],
    ['load', '{}', [OFF_MS, 10], [OFF_MS + 20_000, 16], [OFF_MS + 40_000, 20], [OFF_MS + 60_000, 30], [OFF_MS + 80_000, 20], [OFF_MS + 100_000, 30]],
    ['load10', '{}', ...[10, 16, 20, 30, 20, 30].map((value, i) => [i * 10_000, value] as const)],
  );
  await markStored(query.catalog, LATER_MS);
  const objects = await openObjectDirectory(query.dir);
  const openRollup = () => openTierRollup(TIER_BUCKET_MS['1m'], { promotedLabels: ['host'] });
  const settings = { promotedLabels: ['host'], buckets: 2, openRollup, addressOf: (key: string) => `file:///${key}` };
  await compactMinute({ objects, catalog: query.catalog }, { ...settings, nowMs: LATER_MS, attempt: 't' });
  makePlan = makeSqlPlan({ objects, catalog: query.catalog, cache: makePieceCache(1e7) }, query.dir);
  runSql = openDuckDb({ plan: makePlan, promotedLabels: ['host'], memoryMb: 256, timeoutMs: 20_000 });
});
afterAll(() => query.close());

const sql = (text: string, ...parameters: SqlParameter[]): Promise<SqlAnswer> => runSql({ query: text, parameters });

/** Every bucket of the files of a tier, as our own reader has it, in the columns of the view; NULL where there is no sample. */
const storedRows = async (tier: Tier): Promise<readonly string[]> => {
  const lines: string[] = [];
  for (const { manifestKey, dt } of await allPartitions(query.catalog, tier)) {
    for (const { key, bytes } of (await readManifest(query.objects, manifestKey)).files) {
      const read = await readTier((offset, length) => query.objects.get(key, { offset, length }), bytes, { fromMs: -Infinity, toMs: Infinity });
      read.metrics.forEach((metric, k) => {
        for (let i = read.offsets[k] as number; i < (read.offsets[k + 1] as number); i++) {
          const none = read.count[i] === 0;
          const values = [read.sum, read.min, read.max, read.firstMs, read.first, read.lastMs, read.last, read.corr].map((column) => (none ? null : Number(column[i])));
          lines.push([metric, read.labels[k], read.startMs[i], read.count[i], ...values, read.resets[i], read.changes[i], read.staleEnd[i], dt].map(String).join(' '));
        }
      });
    }
  }
  return lines.sort();
};

const NAMES = 'metric, labels, ts, "count", "sum", "min", "max", first_ts, "first", last_ts, "last", corr, resets, changes, stale_end, dt';
/** Numbers that travel as text, as bigints and NaN do, are numbers again. */
const cellText = (cell: unknown, name: string): string => (cell === null || ['metric', 'labels', 'dt'].includes(name) ? String(cell) : String(Number(cell)));

describe('the views of tiers', () => {
  it.each(['1m', '1h'] as const)('give every bucket of %s as our own reader does', async (tier) => {
    const { columns, rows } = await sql(`SELECT ${NAMES} FROM samples_${tier}`);
    const lines = rows.map((row) => row.map((cell, i) => cellText(cell, columns[i]?.name ?? '')).join(' ')).sort();
    const stored = await storedRows(tier);
    expect(stored.length).toBeGreaterThan(tier === '1m' ? 100 : 4);
    expect(lines).toEqual(stored);
  });

  it('name their columns and types alike, with files and without', async () => {
    const empty = openDuckDb({ plan: async () => ({ sealed: [], open: [], indexes: [], '1m': [], '1h': [] }), promotedLabels: ['host'], memoryMb: 256, timeoutMs: 20_000 });
    const text = (name: string): string => `SELECT * FROM ${name} LIMIT 1`;
    for (const name of ['samples_1m', 'samples_1h', 'series', 'samples']) {
      expect([name, (await empty({ query: text(name), parameters: [] })).columns]).toEqual([name, (await sql(text(name))).columns]);
    }
  });

  it('derive averages: 10, 16, 20 and 30, 20, 30 are 15.3 and 26.7', async () => {
    const minutes = await sql(`SELECT "time", round("avg", 1) FROM samples_1m WHERE metric = 'load' ORDER BY ts`);
    expect(minutes.rows).toEqual([['2026-01-01 09:00:00', 15.3], ['2026-01-01 09:01:00', 26.7]]);
    const halves = await sql(`SELECT from_unixtime(ts / 1000 - ts / 1000 % 30) AS half, round(avg("value"), 1) FROM samples WHERE metric = 'load10' GROUP BY 1 ORDER BY 1`);
    expect(halves.rows).toEqual([['2026-01-01 12:00:00', 15.3], ['2026-01-01 12:00:30', 26.7]]);
    const hour = await sql(`SELECT host, "count", round("avg", 1), dt FROM samples_1h WHERE metric = 'load'`);
    expect(hour.rows).toEqual([[null, '6', 21, '2026-01-01']]);
  });

  it('add up to the increase of the counter over any buckets, over the borders of hours and over gaps', async () => {
    const rise = (fromMs: number, toMs: number): number => {
      let total = 0;
      COUNTER.forEach(([tMs, value], i) => {
        const [, before] = COUNTER[i - 1] ?? [0, value];
        if (tMs >= fromMs && tMs < toMs) total += value < before ? value : value - before;
      });
      return total;
    };
    const increase = async (tier: string, fromMs: number, toMs: number): Promise<unknown> =>
      (await sql(`SELECT sum(increase) FROM samples_${tier} WHERE metric = 'cpu' AND host = 'a' AND ts >= ? AND ts < ?`, NOW_MS + fromMs, NOW_MS + toMs)).rows[0]?.[0];
    for (const tier of ['1m', '1h']) expect(await increase(tier, 0, 3 * HOUR_MS)).toBe(rise(0, 3 * HOUR_MS));
    expect(await increase('1h', HOUR_MS, 2 * HOUR_MS)).toBe(rise(HOUR_MS, 2 * HOUR_MS));
    expect(await increase('1m', 2_100_000, HOUR_MS + 60_000)).toBe(rise(2_100_000, HOUR_MS + 60_000));
    expect((await sql(`SELECT sum(increase) FROM samples_1m WHERE host = 'a' AND dt = '2026-01-01-13'`)).rows).toEqual([[rise(HOUR_MS, 2 * HOUR_MS)]]);
  });

  it('give increase however it is asked for, and whole rows', async () => {
    const asked = [
      `SELECT increase FROM samples_1m WHERE metric = 'load' ORDER BY ts`,
      `SELECT (t).increase FROM samples_1m t WHERE metric = 'load' ORDER BY ts`,
      `SELECT #19 FROM (SELECT *, 0 AS z FROM samples_1m WHERE metric = 'load' ORDER BY ts)`,
      `SELECT coalesce(try(increase), -1) FROM samples_1m WHERE metric = 'load' ORDER BY ts`,
    ];
    for (const text of asked) expect([text, (await sql(text)).rows]).toEqual([text, [[10], [40]]]);
    expect((await sql(`SELECT count(*) FROM samples_1m WHERE metric = 'load' AND increase = 40`)).rows).toEqual([['1']]);
  });

  it('open the files of other hours for increase alone, when dt is given', async () => {
    const whole = await makePlan();
    const broken = { path: join(query.dir, '1m/dt=2026-01-01-23/broken.parquet'), bytes: 3 };
    await mkdir(dirname(broken.path), { recursive: true });
    await writeFile(broken.path, 'no Parquet');
    const run = openDuckDb({ plan: async () => ({ ...whole, '1m': [...whole['1m'], broken] }), promotedLabels: ['host'], memoryMb: 256, timeoutMs: 20_000 });
    const text = (what: string): string => `SELECT ${what} FROM samples_1m WHERE dt = '2026-01-01-09'`;
    expect((await run({ query: text('max("max")'), parameters: [] })).rows).toEqual([[30]]);
    await expect(run({ query: text('max(increase)'), parameters: [] })).rejects.toThrow('broken.parquet');
  });

  it('count the files of the views that a statement names', async () => {
    const bytesOf = async (tier: Tier): Promise<number> => (await allPartitions(query.catalog, tier)).reduce((sum, { bytes }) => sum + bytes, 0);
    expect((await sql('SELECT 1')).bytesScanned).toBe(0);
    expect((await sql('SELECT count(*) FROM SAMPLES_1H')).bytesScanned).toBe(await bytesOf('1h'));
    expect((await sql('SELECT count(*) FROM samples_1m a, (SELECT * FROM samples_1h) b')).bytesScanned).toBe((await bytesOf('1m')) + (await bytesOf('1h')));
    const indexBytes = (await makePlan()).indexes.reduce((sum, { bytes }) => sum + bytes, 0);
    expect((await sql('SELECT count(*) FROM series')).bytesScanned).toBe(indexBytes);
    expect((await sql('SELECT count(*) FROM series JOIN samples USING (metric)')).bytesScanned).toBe(indexBytes + (await bytesOf('raw')));
  });
});

describe('the view series', () => {
  const seriesRow = (metric: string, host: string | null, fromMs: number, toMs: number, dt: string): readonly unknown[] => [
    metric,
    host === null ? '{}' : `{"host":"${host}"}`,
    host,
    String(NOW_MS + fromMs),
    String(NOW_MS + toMs),
    dt,
  ];
  const ROWS = [
    seriesRow('cpu', 'a', 0, HOUR_MS - 10_000, '2026-01-01-12'),
    seriesRow('cpu', 'a', HOUR_MS, 2 * HOUR_MS - 10_000, '2026-01-01-13'),
    seriesRow('cpu', 'a', 2 * HOUR_MS, 7_990_000, '2026-01-01-14'),
    seriesRow('cpu', 'b', 0, 181_000, '2026-01-01-12'),
    seriesRow('load', null, OFF_MS, OFF_MS + 100_000, '2026-01-01-09'),
    seriesRow('load10', null, 0, 50_000, '2026-01-01-12'),
  ];
  const ALL = 'SELECT metric, labels, host, first_ts, last_ts, dt FROM series ORDER BY metric, labels, dt';

  it('has a row for each series and hour, out of the indexes', async () => {
    expect((await sql(ALL)).rows).toEqual(ROWS);
    expect((await sql(`SELECT count(DISTINCT labels) FROM series WHERE dt >= '2026-01-01-13'`)).rows).toEqual([['1']]);
  });

  it('has the same rows out of open hours', async () => {
    const plan = async (): Promise<SqlPlan> => {
      const { sealed } = await makePlan();
      return { sealed: [], open: [...sealed, ...sealed.slice(0, 1)], indexes: [], '1m': [], '1h': [] };
    };
    const run = openDuckDb({ plan, promotedLabels: ['host'], memoryMb: 256, timeoutMs: 20_000 });
    expect((await run({ query: ALL, parameters: [] })).rows).toEqual(ROWS);
  });

  it('knows hours of which raw has expired by their buckets', async () => {
    const entry = (await readEntry(query.catalog, 'raw', '2026-01-01-09')) as PartitionEntry;
    await query.catalog.transact([removeEntryWrite(entry)]);
    await query.catalog.transact([{ remove: { pk: 'hours', sk: entry.dt } }]);
    const found = (await sql(ALL)).rows;
    expect(found).toEqual(ROWS.map((row) => (row[0] === 'load' ? seriesRow('load', null, OFF_MS, OFF_MS + 60_000, entry.dt) : row)));
  });
});
