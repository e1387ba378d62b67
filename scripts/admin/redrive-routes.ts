import { Hono } from 'hono';
import { redrivePage } from '../../shared/commands/redrive-page.ts';
import type { FailedBatchPage, RedriveStep } from '../../shared/commands/redrive.ts';
import { shortestRetention } from '../../shared/lakes/retention-class.ts';
import { limitsFor } from '../../shared/protocols/limits.ts';
import type { AdminPorts } from './admin-ports.ts';
import { takeFailedBatches } from './failed-batches.ts';
import { wholeNumber } from './request-fields.ts';

/** What `tidemark redrive` calls: the batches that Lambda gave up first, then a page of quarantine objects each. */
export const redriveRoutes = (adminPorts: AdminPorts): Hono => {
  const { clockMs, ...ports } = adminPorts;
  const app = new Hono();
  app.post('/failed-batches', async (c) => {
    const { dryRun, after } = c.req.query();
    return c.json((await takeFailedBatches(adminPorts, { isDry: dryRun === 'true', ...(after === undefined ? {} : { after }) })) satisfies FailedBatchPage);
  });
  app.post('/', async (c) => {
    const nowMs = clockMs();
    const { dryRun, untilMs, after } = c.req.query();
    const untilOrNowMs = untilMs === undefined ? nowMs : wholeNumber('untilMs', untilMs);
    const page = await redrivePage(ports, {
      dryRun: dryRun === 'true',
      nowMs,
      untilMs: untilOrNowMs,
      limits: limitsFor(shortestRetention(adminPorts.retention, adminPorts.classes)),
      ...(after === undefined ? {} : { after }),
    });
    return c.json({ ...page, untilMs: untilOrNowMs } satisfies RedriveStep);
  });
  return app;
};
