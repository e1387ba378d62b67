import { Hono } from 'hono';
import { parseMatchers } from '../../functions/query/match-parameter.ts';
import { invalidParameter, parseTimeMs } from '../../functions/query/params.ts';
import type { Tier } from '../../shared/catalog/partitions.ts';
import type { DeletePlan, DeleteStep } from '../../shared/commands/delete.ts';
import { readCoverage } from '../../shared/compaction/coverage.ts';
import { deleteBuckets, findBuckets } from '../../shared/deletion/delete-buckets.ts';
import { deleteSamples, findSamples } from '../../shared/deletion/delete-samples.ts';
import { planDeletion } from '../../shared/deletion/plan-deletion.ts';
import type { Selection } from '../../shared/deletion/selection.ts';
import { HttpFault } from '../../shared/http/http-fault.ts';
import { readBody } from '../../shared/http/read-body.ts';
import { adminLake, adminLakes } from './admin-lakes.ts';
import type { AdminPorts } from './admin-ports.ts';
import { newRun, rewriteSettings } from './rewrite-settings.ts';

/** A selector is at most 256 KiB; escaped for a form, thrice that. */
const FORM_BYTES = 1024 * 1024;

/** What `tidemark delete` calls: the plan once, then a partition each. */
export const deleteRoutes = (ports: AdminPorts): Hono => {
  const app = new Hono();
  app.post('/', async (c) => {
    const { selection } = await formOf(c.req.raw);
    return c.json({ ...selection, partitions: await planAll(ports, selection) } satisfies DeletePlan);
  });
  app.post('/:tier{raw|1m|1h}/:dt{[0-9-]{10,13}}', async (c) => {
    const { tier, dt } = c.req.param() as { tier: Tier; dt: string };
    const { selection, isDry } = await formOf(c.req.raw);
    return c.json((await stepOf(await adminLake(ports, c.req.query('class')), tier, dt, selection, isDry)) satisfies DeleteStep);
  });
  return app;
};

const planAll = async (ports: AdminPorts, selection: Selection): Promise<DeletePlan['partitions']> => {
  const partitions: DeletePlan['partitions'][number][] = [];
  for (const { name, ports: lake } of await adminLakes(ports)) {
    const steps = await planDeletion(lake.catalog, selection, await readCoverage(lake.catalog, lake.retention), lake.clockMs());
    partitions.push(...steps.map((step) => (name === undefined ? step : { ...step, class: name })));
  }
  return partitions;
};

const stepOf = async (ports: AdminPorts, tier: Tier, dt: string, selection: Selection, isDry: boolean): Promise<DeleteStep> => {
  const settings = rewriteSettings(ports);
  if (tier !== 'raw') {
    const rows = isDry ? await findBuckets(ports, tier, dt, selection) : await deleteBuckets(ports, tier, dt, selection, settings, newRun(ports));
    return { [tier]: rows };
  }
  // They go with the raw samples that they are made of.
  const minutes = isDry ? undefined : await findBuckets(ports, '1m', dt, selection);
  const { samples } = isDry ? await findSamples(ports, dt, selection) : await deleteSamples(ports, dt, selection, settings, newRun(ports));
  const left = minutes === undefined ? undefined : await findBuckets(ports, '1m', dt, selection);
  return { raw: samples, ...(minutes === undefined || left === undefined ? {} : { '1m': minutes - left }) };
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
