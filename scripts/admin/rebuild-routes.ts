import { Hono } from 'hono';
import { timeParameter } from '../../functions/query/params.ts';
import { readCoverage } from '../../shared/compaction/coverage.ts';
import { inLake, type LakePartition } from '../../shared/lakes/lake-partition.ts';
import { planRebuild } from '../../shared/rebuild/plan-rebuild.ts';
import type { RollupTier } from '../../shared/rebuild/recompute.ts';
import { adminLakes } from './admin-lakes.ts';
import type { AdminPorts } from './admin-ports.ts';
import { answerLakeCalls } from './lake-calls.ts';

/** 9999-12-31: times beyond have no partition. */
const LAST_MS = Date.UTC(9999, 11, 31);

/** What `tidemark rebuild` calls: the partitions of a tier, then each of them. */
export const rebuildRoutes = (ports: AdminPorts): Hono => {
  const { answerCall = answerLakeCalls(ports) } = ports;
  const app = new Hono();
  app.get('/:tier{1m|1h}', async (c) => {
    const query = new URL(c.req.url).searchParams;
    const range = { fromMs: timeParameter(query, 'from', 0), toMs: timeParameter(query, 'to', LAST_MS) };
    return c.json((await planAll(ports, c.req.param('tier') as RollupTier, range)) satisfies readonly LakePartition[]);
  });
  app.post('/:tier{1m|1h}/:dt{[0-9-]{10,13}}', async (c) => {
    const { tier, dt } = c.req.param() as { tier: RollupTier; dt: string };
    return c.json(await answerCall({ kind: 'rebuild', class: c.req.query('class'), tier, dt, isVerified: c.req.query('verify') === 'true', nowMs: ports.clockMs() }));
  });
  return app;
};

const planAll = async (ports: AdminPorts, tier: RollupTier, range: { readonly fromMs: number; readonly toMs: number }): Promise<readonly LakePartition[]> => {
  const partitions: LakePartition[] = [];
  for (const { name, ports: lake } of await adminLakes(ports)) {
    const coverage = await readCoverage(lake.catalog, lake.retention);
    partitions.push(...inLake<LakePartition>(await planRebuild(lake.catalog, tier, range, coverage, lake.clockMs()), name));
  }
  return partitions;
};
