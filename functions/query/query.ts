import { type Context, Hono } from 'hono';
import { HttpFault } from '../../shared/http/http-fault.ts';
import { type KeyVariables, requireScope } from '../../shared/keys/require-scope.ts';
import { failure } from './answers.ts';
import { cardinalityRoute } from './cardinality-route.ts';
import { exemplarsRoute } from './exemplars-route.ts';
import { federateRoute } from './federate-route.ts';
import { metadataRoute } from './metadata-route.ts';
import { instantRoute, rangeRoute } from './promql-routes.ts';
import { queryFaultFrom } from './query-fault.ts';
import type { QueryPorts } from './query-ports.ts';
import { alertsRoute, rulesRoute } from './rule-routes.ts';
import { labelNamesRoute, labelValuesRoute, seriesRoute } from './series-routes.ts';
import { runSqlRoute } from './sql-route.ts';
import { addHealthRoutes, addStatusRoutes } from './status-routes.ts';
import { formatRoute, parseRoute } from './syntax-routes.ts';

export * from './query-ports.ts';

type Handle = (c: Context) => Promise<Response>;

/**
 * Prometheus' HTTP API, and SQL. The same app answers on Lambda and on Node. Its middleware is per route, so that it can be
 * mounted beside the ingest app.
 */
export const makeQueryApp = (ports: QueryPorts): Hono<{ Variables: KeyVariables }> => {
  const app = new Hono<{ Variables: KeyVariables }>();
  const route = (methods: readonly string[], path: string, handle: Handle): void => {
    if (ports.keys !== undefined) app.on([...methods], path, requireScope(ports.keys, 'read', failure));
    app.on([...methods], path, (c) => handle(c).catch((error: unknown) => failure(c, queryFaultFrom(error))));
    const Allow = [...methods, 'OPTIONS'].join(', ');
    // As Prometheus answers it. Which other sites may ask is said by the function's address alone: two such headers are none.
    app.options(path, (c) => c.body(null, 204, { Allow }));
    app.all(path, (c) => failure(c, new HttpFault(405, `${c.req.method} ${path}: ${Allow} allowed`), { Allow }));
  };
  const getOrPost = (path: string, handle: Handle): void => route(['GET', 'POST'], path, handle);
  const get = (path: string, handle: Handle): void => route(['GET'], path, handle);
  getOrPost('/api/v1/query', (c) => instantRoute(ports, c));
  getOrPost('/api/v1/query_range', (c) => rangeRoute(ports, c));
  getOrPost('/api/v1/query_exemplars', exemplarsRoute);
  getOrPost('/api/v1/series', (c) => seriesRoute(ports, c));
  getOrPost('/api/v1/labels', (c) => labelNamesRoute(ports, c));
  getOrPost('/api/v1/format_query', formatRoute);
  getOrPost('/api/v1/parse_query', parseRoute);
  get('/api/v1/label/:name/values', (c) => labelValuesRoute(ports, c, c.req.param('name') ?? ''));
  get('/api/v1/metadata', (c) => metadataRoute(ports, c));
  get('/api/v1/rules', (c) => rulesRoute(ports, c));
  get('/api/v1/alerts', (c) => alertsRoute(ports, c));
  get('/api/v1/status/tsdb', (c) => cardinalityRoute(ports, c));
  get('/federate', (c) => federateRoute(ports, c));
  route(['POST'], '/api/v1/sql', (c) => runSqlRoute(ports, c));
  addStatusRoutes(ports, get);
  addHealthRoutes(ports, app);
  app.notFound((c) => failure(c, new HttpFault(404, `${c.req.method} ${c.req.path}: no such route`)));
  return app;
};
