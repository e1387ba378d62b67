import { Hono } from 'hono';
import { redrivePage } from '../../shared/commands/redrive-page.ts';
import type { RedriveStep } from '../../shared/commands/redrive.ts';
import { DEFAULT_SAMPLE_LIMITS } from '../../shared/protocols/limits.ts';
import type { AdminPorts } from './admin-ports.ts';
import { wholeNumber } from './request-fields.ts';

/** What `tidemark redrive` calls, a page of quarantine objects each. */
export const redriveRoutes = ({ clockMs, ...ports }: AdminPorts): Hono => {
  const app = new Hono();
  app.post('/', async (c) => {
    const nowMs = clockMs();
    const { dryRun, untilMs, after } = c.req.query();
    const untilOrNowMs = untilMs === undefined ? nowMs : wholeNumber('untilMs', untilMs);
    const page = await redrivePage(ports, {
      dryRun: dryRun === 'true',
      nowMs,
      untilMs: untilOrNowMs,
      limits: DEFAULT_SAMPLE_LIMITS,
      ...(after === undefined ? {} : { after }),
    });
    return c.json({ ...page, untilMs: untilOrNowMs } satisfies RedriveStep);
  });
  return app;
};
