import { Hono } from 'hono';
import type { Tier } from '../../shared/catalog/partitions.ts';
import type { RebuildCatalogPlan } from '../../shared/commands/rebuild-catalog.ts';
import { examineClasses } from '../../shared/doctor/classes.ts';
import { examinePartition, type PartitionReport } from '../../shared/doctor/partition.ts';
import { examineQuarantine, type QuarantinePage } from '../../shared/doctor/quarantine.ts';
import { examineRoad, type RoadReport } from '../../shared/doctor/road.ts';
import { type RelistReport, relistHistory } from '../../shared/history/relist-history.ts';
import { classRows } from '../../shared/lakes/class-rows.ts';
import { inLake } from '../../shared/lakes/lake-partition.ts';
import { listedClasses } from '../../shared/lakes/listed-classes.ts';
import { classPorts } from '../../shared/lakes/lakes.ts';
import { listedPartitions } from '../../shared/rebuild/listed-partitions.ts';
import { restorePartition, type RestoreReport } from '../../shared/rebuild/restore-partition.ts';
import { adminLake, restoreLake } from './admin-lakes.ts';
import type { AdminPorts } from './admin-ports.ts';

/** What `tidemark doctor` calls: the road once, then quarantine page by page and each partition. */
export const doctorRoutes = (ports: AdminPorts): Hono => {
  const { catalog, clockMs } = ports;
  const app = new Hono();
  app.get('/', async (c) => {
    const road = await examineRoad(catalog, clockMs());
    return c.json({ ...road, findings: [...road.findings, ...(await examineClasses(ports))] } satisfies RoadReport);
  });
  app.get('/quarantine', async (c) => c.json((await examineQuarantine(ports, c.req.query('after'))) satisfies QuarantinePage));
  app.get('/:tier{raw|1m|1h}/:dt{[0-9-]{10,13}}', async (c) => {
    const { tier, dt } = c.req.param() as { tier: Tier; dt: string };
    return c.json((await examinePartition(await adminLake(ports, c.req.query('class')), tier, dt, clockMs())) satisfies PartitionReport);
  });
  app.get('/rebuild-catalog', async (c) => c.json((await planCatalog(ports)) satisfies RebuildCatalogPlan));
  app.post('/rebuild-catalog/:tier{raw|1m|1h}/:dt{[0-9-]{10,13}}', async (c) => {
    const name = c.req.param() as { tier: Tier; dt: string };
    const isForced = c.req.query('force') === 'true';
    return c.json((await restorePartition(await restoreLake(ports, c.req.query('class')), name, { isForced, nowMs: clockMs() })) satisfies RestoreReport);
  });
  app.post('/rebuild-catalog/history', async (c) => c.json((await relistHistory(ports)) satisfies RelistReport));
  return app;
};

/** The default lake first, then every class that lies in the bucket. */
const planCatalog = async (ports: AdminPorts): Promise<RebuildCatalogPlan> => {
  const listed = await listedClasses(ports.objects);
  const known = new Set([...ports.classes, ...(await classRows(ports.catalog))].map(({ name }) => name));
  const partitions = [...(await listedPartitions(ports.objects))];
  for (const name of listed.filter((each) => known.has(each))) partitions.push(...inLake(await listedPartitions(classPorts(ports, name).objects), name));
  return { partitions, unknownClasses: listed.filter((name) => !known.has(name)) };
};
