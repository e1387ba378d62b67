import { Hono } from 'hono';
import { timeParameter } from '../../functions/query/params.ts';
import { readCoverage } from '../../shared/compaction/coverage.ts';
import { planRebuild, type RebuildPartition } from '../../shared/rebuild/plan-rebuild.ts';
import { rebuildPartition, type RollupTier, verifyPartition } from '../../shared/rebuild/recompute.ts';
import type { AdminPorts } from './admin-ports.ts';
import { newRun, rewriteSettings } from './rewrite-settings.ts';

/** 9999-12-31: times beyond have no partition. */
const LAST_MS = Date.UTC(9999, 11, 31);

/** What `tidemark rebuild` calls: the partitions of a tier, then each of them. */
export const rebuildRoutes = (ports: AdminPorts): Hono => {
  const app = new Hono();
  app.get('/:tier{1m|1h}', async (c) => {
    const query = new URL(c.req.url).searchParams;
    const range = { fromMs: timeParameter(query, 'from', 0), toMs: timeParameter(query, 'to', LAST_MS) };
    return c.json((await planRebuild(ports.catalog, c.req.param('tier') as RollupTier, range, await readCoverage(ports.catalog, ports.retention), ports.clockMs())) satisfies readonly RebuildPartition[]);
  });
  app.post('/:tier{1m|1h}/:dt{[0-9-]{10,13}}', async (c) => {
    const { tier, dt } = c.req.param() as { tier: RollupTier; dt: string };
    const isVerified = c.req.query('verify') === 'true';
    const found = isVerified ? await verifyPartition(ports, tier, dt, { retention: ports.retention, nowMs: ports.clockMs() }) : await rebuildPartition(ports, tier, dt, rewriteSettings(ports), newRun(ports));
    return c.json(found ?? null);
  });
  return app;
};
