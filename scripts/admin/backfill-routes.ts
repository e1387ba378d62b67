import { Hono } from 'hono';
import { commitStep } from '../../shared/backfill/commit-step.ts';
import { judgePiece } from '../../shared/backfill/judge-piece.ts';
import type { CommitStep, PieceReport } from '../../shared/backfill/report.ts';
import { takePiece } from '../../shared/backfill/take-piece.ts';
import { beginBackfill } from '../../shared/catalog/backfill-files.ts';
import { readBody } from '../../shared/http/read-body.ts';
import { openTierRollup } from '../../shared/storage/tier-rollup.ts';
import { TIER_BUCKET_MS } from '../../shared/tiers/bucket.ts';
import type { AdminPorts } from './admin-ports.ts';

/** A frame of a million samples has 2 to 7 MB; the command keeps below 24 MiB. */
const PIECE_BYTES = 25 * 1024 * 1024;

/** What `tidemark backfill` calls: a run, its pieces, and then its steps until the last. */
export const backfillRoutes = ({ objects, catalog, clockMs, nextAttempt, promotedLabels, buckets }: AdminPorts): Hono => {
  const app = new Hono();
  app.post('/', async (c) => {
    const nowMs = clockMs();
    const run = `${nowMs}.${nextAttempt()}`;
    await beginBackfill(catalog, run, nowMs);
    return c.json({ run });
  });
  app.post('/judge', async (c) => c.json((await judgePiece({ objects, catalog }, await readBody(c.req.raw, PIECE_BYTES), clockMs())) satisfies PieceReport));
  app.post('/:run{[0-9]{1,15}\\.[A-Za-z0-9]{1,60}}/pieces', async (c) => {
    const frame = await readBody(c.req.raw, PIECE_BYTES);
    return c.json((await takePiece({ objects, catalog }, frame, { run: c.req.param('run'), nowMs: clockMs(), promotedLabels })) satisfies PieceReport);
  });
  app.post('/:run{[0-9]{1,15}\\.[A-Za-z0-9]{1,60}}/step', async (c) => {
    const openRollup = () => openTierRollup(TIER_BUCKET_MS['1m'], { promotedLabels });
    const options = { run: c.req.param('run'), nowMs: clockMs(), nextAttempt, promotedLabels, buckets, openRollup };
    return c.json((await commitStep({ objects, catalog }, options)) satisfies CommitStep);
  });
  return app;
};
