import { Hono } from 'hono';
import type { ItemTable } from '../../shared/catalog/item-table.ts';
import type { Tier } from '../../shared/catalog/partitions.ts';
import { redrivePage } from '../../shared/commands/redrive-page.ts';
import type { RedriveStep } from '../../shared/commands/redrive.ts';
import { examinePartition, type PartitionReport } from '../../shared/doctor/partition.ts';
import { examineRoad, type RoadReport } from '../../shared/doctor/road.ts';
import { faultFrom, faultHeaders, HttpFault } from '../../shared/http/http-fault.ts';
import { localOnly } from '../../shared/http/local-only.ts';
import { DEFAULT_SAMPLE_LIMITS } from '../../shared/protocols/limits.ts';
import type { ObjectStore } from '../../shared/storage/object-store.ts';
import type { PutRecords } from '../../shared/wire/record-stream.ts';

export interface AdminPorts {
  readonly objects: Pick<ObjectStore, 'get'>;
  readonly catalog: ItemTable;
  readonly putRecords: PutRecords;
  readonly clockMs: () => number;
}

/** What the commands of an installation's keeper call, a step each; from this machine alone. */
export const makeAdminApp = ({ clockMs, ...ports }: AdminPorts): Hono => {
  const app = new Hono();
  app.use('/api/v1/admin/*', localOnly());
  app.post('/api/v1/admin/redrive', async (c) => {
    const nowMs = clockMs();
    const { dryRun, untilMs, after } = c.req.query();
    const untilOrNowMs = untilMs === undefined ? nowMs : wholeMs('untilMs', untilMs);
    const page = await redrivePage(ports, {
      dryRun: dryRun === 'true',
      nowMs,
      untilMs: untilOrNowMs,
      limits: DEFAULT_SAMPLE_LIMITS,
      ...(after === undefined ? {} : { after }),
    });
    return c.json({ ...page, untilMs: untilOrNowMs } satisfies RedriveStep);
  });
  app.get('/api/v1/admin/doctor', async (c) => c.json((await examineRoad(ports.catalog, clockMs())) satisfies RoadReport));
  app.get('/api/v1/admin/doctor/:tier{raw|1m|1h}/:dt{[0-9-]{10,13}}', async (c) => {
    const { tier, dt } = c.req.param() as { tier: Tier; dt: string };
    return c.json((await examinePartition(ports, tier, dt)) satisfies PartitionReport);
  });
  app.onError((error, c) => {
    const fault = faultFrom(error);
    return c.json({ status: 'error', error: fault.message }, fault.status, faultHeaders(fault));
  });
  return app;
};

const wholeMs = (name: string, text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new HttpFault(400, `parameter ${name}: found ${JSON.stringify(text.slice(0, 50))}, Unix milliseconds are allowed`);
  return Number(text);
};
