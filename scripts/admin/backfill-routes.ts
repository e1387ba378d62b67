import { Hono } from 'hono';
import { beginBackfill } from '../../shared/catalog/backfill-files.ts';
import { readBody } from '../../shared/http/read-body.ts';
import type { AdminPorts } from './admin-ports.ts';
import { answerLakeCalls } from './lake-calls.ts';

/** A frame of a million samples has 2 to 7 MB; the command keeps below 24 MiB. */
const PIECE_BYTES = 25 * 1024 * 1024;

/** What `tidemark backfill` calls: a run, its pieces, and then its steps until the last. */
export const backfillRoutes = (ports: AdminPorts): Hono => {
  const { catalog, clockMs, nextAttempt, answerCall = answerLakeCalls(ports) } = ports;
  const app = new Hono();
  app.post('/', async (c) => {
    const nowMs = clockMs();
    const run = `${nowMs}.${nextAttempt()}`;
    await beginBackfill(catalog, run, nowMs);
    return c.json({ run });
  });
  app.post('/judge', async (c) => c.json(await answerCall({ kind: 'judge', frame: await readBody(c.req.raw, PIECE_BYTES), nowMs: clockMs() })));
  app.post('/:run{[0-9]{1,15}\\.[A-Za-z0-9]{1,60}}/pieces', async (c) => {
    const frame = await readBody(c.req.raw, PIECE_BYTES);
    return c.json(await answerCall({ kind: 'piece', run: c.req.param('run'), frame, nowMs: clockMs() }));
  });
  app.post('/:run{[0-9]{1,15}\\.[A-Za-z0-9]{1,60}}/step', async (c) => c.json(await answerCall({ kind: 'step', run: c.req.param('run'), nowMs: clockMs() })));
  return app;
};
