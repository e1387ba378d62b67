import type { Context } from 'hono';
import { listMetadata } from '../../shared/catalog/metric-metadata.ts';
import { HttpFault } from '../../shared/http/http-fault.ts';
import { success } from './answers.ts';
import type { QueryPorts } from './query-ports.ts';

/** `{ metric: [{ type, help, unit }] }`, from which Grafana takes its hints; `metric` and `limit` narrow it. */
export const metadataRoute = async (ports: QueryPorts, c: Context): Promise<Response> => {
  const params = new URL(c.req.url).searchParams;
  const limit = countParameter(params, 'limit');
  // The catalog keeps one description of each metric, so every limit of them but a malformed one is kept.
  countParameter(params, 'limit_per_metric');
  const metric = params.get('metric') ?? '';
  const all = await listMetadata(ports.catalog, metric === '' ? undefined : metric);
  const entries = all
    .slice(0, Math.min(limit, all.length))
    // By hand: an object would move a metric named 1 to the front and lose one named __proto__.
    .map(({ metric: name, type, help, unit }) => `${JSON.stringify(name)}:[${JSON.stringify({ type, help, unit })}]`);
  return success(c, `{${entries.join(',')}}`);
};

/** Here a negative number, and not 0, means no limit (web/api/v1, metricMetadata). */
const countParameter = (params: URLSearchParams, name: string): number => {
  const text = params.get(name) ?? '';
  if (text === '') return Infinity;
  if (!/^[+-]?\d{1,18}$/.test(text)) throw new HttpFault(400, `${name} must be a number`);
  return Number(text) < 0 ? Infinity : Number(text);
};
