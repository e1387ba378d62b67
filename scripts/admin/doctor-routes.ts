import { Hono } from 'hono';
import type { Tier } from '../../shared/catalog/partitions.ts';
import { examinePartition, type PartitionReport } from '../../shared/doctor/partition.ts';
import { examineQuarantine, type QuarantinePage } from '../../shared/doctor/quarantine.ts';
import { examineRoad, type RoadReport } from '../../shared/doctor/road.ts';
import { listedPartitions, type PartitionName } from '../../shared/rebuild/listed-partitions.ts';
import { restorePartition, type RestoreReport } from '../../shared/rebuild/restore-partition.ts';
import type { AdminPorts } from './admin-ports.ts';

/** What `tidemark doctor` calls: the road once, then quarantine page by page and each partition. */
export const doctorRoutes = ({ objects, catalog, addressOf, retention, clockMs }: AdminPorts): Hono => {
  const app = new Hono();
  app.get('/', async (c) => c.json((await examineRoad(catalog, clockMs())) satisfies RoadReport));
  app.get('/quarantine', async (c) => c.json((await examineQuarantine({ objects, catalog }, c.req.query('after'))) satisfies QuarantinePage));
  app.get('/:tier{raw|1m|1h}/:dt{[0-9-]{10,13}}', async (c) => {
    const { tier, dt } = c.req.param() as { tier: Tier; dt: string };
    return c.json((await examinePartition({ objects, catalog, addressOf, retention }, tier, dt, clockMs())) satisfies PartitionReport);
  });
  app.get('/rebuild-catalog', async (c) => c.json((await listedPartitions(objects)) satisfies readonly PartitionName[]));
  app.post('/rebuild-catalog/:tier{raw|1m|1h}/:dt{[0-9-]{10,13}}', async (c) => {
    const name = c.req.param() as { tier: Tier; dt: string };
    const isForced = c.req.query('force') === 'true';
    return c.json((await restorePartition({ objects, catalog }, name, { isForced, nowMs: clockMs() })) satisfies RestoreReport);
  });
  return app;
};
