import type { Context, Hono } from 'hono';
import type { KeyVariables } from '../../shared/keys/require-scope.ts';
import { formatDurationMs } from '../../shared/model/duration.ts';
import { DEFAULT_LOOKBACK_MS } from '../../shared/promql/engine.ts';
import { success } from './answers.ts';
import type { QueryPorts } from './query-ports.ts';

/**
 * The Prometheus release whose behaviour ours is. Grafana reads it to decide which requests a server knows. There is no
 * `features` key: Grafana takes one for Mimir with a ruler.
 */
const PROMETHEUS_VERSION = '3.5.0';

type Handle = (c: Context) => Promise<Response>;

/** What is asked to find out whether and what we are. */
export const addStatusRoutes = (ports: QueryPorts, get: (path: string, handle: Handle) => void): void => {
  const application = 'tidemark';
  get('/api/v1/status/buildinfo', (c) =>
    success(c, JSON.stringify({ application, version: PROMETHEUS_VERSION, revision: ports.version, branch: '', buildUser: '', buildDate: '', goVersion: '' })),
  );
  // Samples are pushed and alerts are delivered by ourselves, so there are none of either.
  get('/api/v1/targets', (c) => success(c, JSON.stringify({ activeTargets: [], droppedTargets: [] })));
  get('/api/v1/alertmanagers', (c) => success(c, JSON.stringify({ activeAlertmanagers: [], droppedAlertmanagers: [] })));
  get('/api/v1/status/flags', (c) => success(c, JSON.stringify(flagsOf(ports))));
  get('/api/v1/rules', async (c) => success(c, JSON.stringify((await ports.rulePages?.rules(new URL(c.req.url).searchParams)) ?? { groups: [] })));
  get('/api/v1/alerts', async (c) => success(c, JSON.stringify((await ports.rulePages?.alerts()) ?? { alerts: [] })));
};

/** Those of Prometheus' flags that have a meaning here, as texts. */
const flagsOf = ({ limits }: QueryPorts): Record<string, string> => ({
  'query.lookback-delta': formatDurationMs(DEFAULT_LOOKBACK_MS),
  'query.max-samples': String(limits.maxSamples),
  'query.timeout': formatDurationMs(limits.timeoutMs),
});

/** Without a key: load balancers have none. Ready means that the catalog answers. */
export const addHealthRoutes = (ports: QueryPorts, app: Hono<{ Variables: KeyVariables }>): void => {
  app.get('/-/healthy', (c) => c.text('Tidemark is healthy.\n'));
  app.get('/-/ready', async (c) => {
    try {
      await ports.catalog.query('watermark', { limit: 1 });
      return c.text('Tidemark is ready.\n');
    } catch {
      return c.text('Tidemark is not ready: the catalog does not answer.\n', 503);
    }
  });
};
