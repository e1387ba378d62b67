import type { Context } from 'hono';
import { listMetadata } from '../../shared/catalog/metric-metadata.ts';
import { success } from './answers.ts';
import { limitParameter } from './params.ts';
import type { QueryPorts } from './query-ports.ts';

/** `{ metric: [{ type, help, unit }] }`, from which Grafana takes its hints; `metric` and `limit` narrow it. */
export const metadataRoute = async (ports: QueryPorts, c: Context): Promise<Response> => {
  const params = new URL(c.req.url).searchParams;
  // Prometheus' own default here, which clients send.
  const limit = params.get('limit') === '-1' ? Infinity : limitParameter(params);
  const metric = params.get('metric') ?? '';
  const all = await listMetadata(ports.catalog, metric === '' ? undefined : metric);
  const entries = all
    .slice(0, Math.min(limit, all.length))
    // By hand: an object would move a metric named 1 to the front and lose one named __proto__.
    .map(({ metric: name, type, help, unit }) => `${JSON.stringify(name)}:[${JSON.stringify({ type, help, unit })}]`);
  return success(c, `{${entries.join(',')}}`);
};
