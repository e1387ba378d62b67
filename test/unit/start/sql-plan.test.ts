import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compactMinute } from '../../../functions/compact/compact.ts';
import { makeSqlPlan } from '../../../scripts/start/sql-plan.ts';
import { openDuckDb } from '../../../shared/embedded/duckdb.ts';
import { openObjectDirectory } from '../../../shared/embedded/object-directory.ts';
import { labelsToJson, labelValue, METRIC_NAME } from '../../../shared/model/labels.ts';
import { bitsOf, isStaleAt } from '../../../shared/model/stale.ts';
import { makePieceCache } from '../../../shared/storage/piece-cache.ts';
import type { FilePorts } from '../../../shared/storage/sample-files.ts';
import { makeSelectSeries } from '../../../shared/storage/select-series.ts';
import { NOW_MS, openQuery, type OpenQuery } from '../query/open-query.ts';

const HOUR_MS = 3_600_000;
let query: OpenQuery;
let ports: FilePorts;
let attempts = 0;

beforeAll(async () => {
  query = await openQuery();
  ports = { objects: query.objects, catalog: query.catalog, cache: makePieceCache(1e7) };
});
afterAll(() => query.close());

const compact = async (): Promise<void> => {
  const objects = await openObjectDirectory(query.dir);
  const settings = { promotedLabels: ['host'], buckets: 2, openHotFiles: 1, addressOf: (key: string) => `file:///${key}` };
  await compactMinute({ objects, catalog: query.catalog }, { ...settings, nowMs: NOW_MS, attempt: `t${attempts++}` });
};

const sqlSamples = async (): Promise<readonly string[]> => {
  const runSql = openDuckDb({ plan: makeSqlPlan(ports, query.dir), promotedLabels: ['host'], memoryMb: 256, timeoutMs: 20_000 });
  const { rows } = await runSql({ query: 'SELECT metric, labels, ts, "value" FROM samples', parameters: [] });
  return rows.map(([metric, labels, ts, value]) => `${metric} ${labels} ${ts} ${Number(value)}`).sort();
};

const promqlSamples = async (): Promise<readonly string[]> => {
  const { labels, offsets, tMs, values } = await makeSelectSeries({ ...ports, limits: { maxSamples: 1000 } })({ matchers: [], fromMs: -Infinity, toMs: Infinity });
  const bits = bitsOf(values.slice());
  return labels.flatMap((pairs, k) => {
    const name = `${labelValue(pairs, METRIC_NAME)} ${labelsToJson(pairs.filter(([label]) => label !== METRIC_NAME))}`;
    const at = Array.from({ length: (offsets[k + 1] as number) - (offsets[k] as number) }, (_, i) => (offsets[k] as number) + i);
    return at.filter((i) => !isStaleAt(bits, i)).map((i) => `${name} ${tMs[i]} ${Number(values[i])}`);
  }).sort();
};

const hoursOf = (files: readonly { readonly path: string }[]): readonly string[] => [...new Set(files.map(({ path }) => path.slice(query.dir.length + 1).replace(/\/[^/]*$/, '')))].sort();

describe('the plan of SQL on one machine', () => {
  it('shows each sample once, as PromQL does, whatever is merged', async () => {
    await query.store(['cpu', '{"host":"a"}', [-HOUR_MS, 0.1], [0, 1], [1000, 'stale']], ['cpu', '{"host":"b"}', [0, Number.NaN], [5, -Infinity]]);
    await query.store(['cpu', '{"host":"a"}', [-HOUR_MS, 0.3], [0, 1], [1000, 2]], ['größe', '{}', [-2 * HOUR_MS, 1e300]]);
    const before = await sqlSamples();
    expect(before).toHaveLength(6);
    expect(await promqlSamples()).toEqual(before);
    await compact();
    expect(await sqlSamples()).toEqual(before);
    expect(await promqlSamples()).toEqual(before);
    const { sealed, open } = await makeSqlPlan(ports, query.dir)();
    expect([hoursOf(sealed), open]).toEqual([['raw/dt=2026-01-01-10', 'raw/dt=2026-01-01-11', 'raw/dt=2026-01-01-12'], []]);
  });

  it('has an hour in one branch, and groups it while hot files are there that are not merged', async () => {
    await query.store(['cpu', '{"host":"a"}', [-HOUR_MS, 0.2], [-HOUR_MS + 1, 4]], ['cpu', '{"host":"b"}', [5, 5]]);
    const { sealed, open } = await makeSqlPlan(ports, query.dir)();
    expect(hoursOf(sealed)).toEqual(['raw/dt=2026-01-01-10']);
    expect(hoursOf(open)).toEqual(['hot/dt=2026-01-01-11', 'hot/dt=2026-01-01-12', 'raw/dt=2026-01-01-11', 'raw/dt=2026-01-01-12']);
    const late = await sqlSamples();
    expect(late).toHaveLength(7);
    expect(late).toContain(`cpu {"host":"a"} ${NOW_MS - HOUR_MS} 0.3`);
    expect(await promqlSamples()).toEqual(late);
    await compact();
    expect(await sqlSamples()).toEqual(late);
    expect(await promqlSamples()).toEqual(late);
  });
});
