import { Hono } from 'hono';
import { parseMatchers } from '../../functions/query/match-parameter.ts';
import { invalidParameter, parseTimeMs } from '../../functions/query/params.ts';
import type { Tier } from '../../shared/catalog/partitions.ts';
import type { DeletePlan } from '../../shared/commands/delete.ts';
import { readCoverage } from '../../shared/compaction/coverage.ts';
import { planDeletion } from '../../shared/deletion/plan-deletion.ts';
import type { Selection } from '../../shared/deletion/selection.ts';
import { HttpFault } from '../../shared/http/http-fault.ts';
import { readBody } from '../../shared/http/read-body.ts';
import { inLake, type LakePartition } from '../../shared/lakes/lake-partition.ts';
import { adminLakes } from './admin-lakes.ts';
import type { AdminPorts } from './admin-ports.ts';
import { answerLakeCalls } from './lake-calls.ts';

/** A selector is at most 256 KiB; escaped for a form, thrice that. */
const FORM_BYTES = 1024 * 1024;

/** What `tidemark delete` calls: the plan once, then a partition each. */
export const deleteRoutes = (ports: AdminPorts): Hono => {
  const { answerCall = answerLakeCalls(ports) } = ports;
  const app = new Hono();
  app.post('/', async (c) => {
    const { selection } = await formOf(c.req.raw);
    return c.json({ ...selection, partitions: await planAll(ports, selection) } satisfies DeletePlan);
  });
  app.post('/:tier{raw|1m|1h}/:dt{[0-9-]{10,13}}', async (c) => {
    const { tier, dt } = c.req.param() as { tier: Tier; dt: string };
    const { selection, isDry } = await formOf(c.req.raw);
    return c.json(await answerCall({ kind: 'delete', class: c.req.query('class'), tier, dt, selection, isDry, nowMs: ports.clockMs() }));
  });
  return app;
};

const planAll = async (ports: AdminPorts, selection: Selection): Promise<DeletePlan['partitions']> => {
  const partitions: LakePartition[] = [];
  for (const { name, ports: lake } of await adminLakes(ports)) {
    const steps = await planDeletion(lake.catalog, selection, await readCoverage(lake.catalog, lake.retention), lake.clockMs());
    partitions.push(...inLake<LakePartition>(steps, name));
  }
  return partitions;
};

const formOf = async (request: Request): Promise<{ readonly selection: Selection; readonly isDry: boolean }> => {
  const form = new URLSearchParams(Buffer.from(await readBody(request, FORM_BYTES)).toString());
  const match = form.get('match');
  if (match === null) throw new HttpFault(400, 'parameter match: found none, a selector such as up{job="node"} is allowed');
  const selection: Selection = { matchers: parseMatchers(match), fromMs: timeOf(form, 'from'), toMs: timeOf(form, 'to') };
  return { selection, isDry: form.get('dryRun') === 'true' };
};

const timeOf = (form: URLSearchParams, name: 'from' | 'to'): number => {
  const text = form.get(name) ?? '';
  const tMs = parseTimeMs(text);
  if (tMs === undefined) throw invalidParameter(name, `found ${JSON.stringify(text.slice(0, 100))}, Unix seconds or RFC 3339 are allowed`);
  return tMs;
};
