import type { Context, Hono } from 'hono';
import type { KeyVariables } from '../../shared/keys/require-scope.ts';
import { formatDurationMs } from '../../shared/model/duration.ts';
import { DEFAULT_LOOKBACK_MS } from '../../shared/promql/engine.ts';
import { DEFAULT_RETENTION } from '../../shared/tiers/retention.ts';
import { success } from './answers.ts';
import type { QueryPorts } from './query-ports.ts';
import { scrapePoolsRoute, targetsRoute } from './targets-route.ts';

/**
 * The Prometheus release whose behaviour ours is. Grafana reads it to decide which requests a server knows. There is no
 * `features` key: Grafana takes one for Mimir with a ruler.
 */
const PROMETHEUS_VERSION = '3.5.0';

type Handle = (c: Context) => Promise<Response>;

/** What is asked to find out whether and what we are. */
export const addStatusRoutes = (ports: QueryPorts, get: (path: string, handle: Handle) => void): void => {
  const startedMs = ports.nowMs();
  const constant = (path: string, value: unknown): void => get(`/api/v1/${path}`, (c) => success(c, JSON.stringify(value)));
  constant('status/buildinfo', { application: 'tidemark', version: PROMETHEUS_VERSION, revision: ports.version, branch: '', buildUser: '', buildDate: '', goVersion: '' });
  get('/api/v1/status/runtimeinfo', (c) => success(c, JSON.stringify(runtimeInfo(ports, startedMs))));
  constant('status/flags', flagsOf(ports));
  constant('status/config', { yaml: CONFIG_YAML });
  constant('status/walreplay', { min: 0, max: 0, current: 0 });
  get('/api/v1/targets', (c) => targetsRoute(ports, c));
  get('/api/v1/scrape_pools', (c) => scrapePoolsRoute(ports, c));
  // Samples are pushed and alerts are delivered by ourselves, so there are none of either.
  constant('targets/metadata', []);
  constant('alertmanagers', { activeAlertmanagers: [], droppedAlertmanagers: [] });
  constant('notifications', []);
};

/** What a Prometheus that scrapes nothing would have. */
const CONFIG_YAML = 'global: {}\nscrape_configs: []\n';

/** There is no Go here to tell of; nothing is replayed, so nothing can be corrupt. */
const runtimeInfo = ({ nowMs, retention = DEFAULT_RETENTION }: QueryPorts, startedMs: number): object => ({
  startTime: new Date(startedMs).toISOString(),
  CWD: '',
  hostname: '',
  serverTime: new Date(nowMs()).toISOString(),
  reloadConfigSuccess: true,
  lastConfigTime: new Date(startedMs).toISOString(),
  corruptionCount: 0,
  goroutineCount: 0,
  GOMAXPROCS: 1,
  GOMEMLIMIT: 0,
  GOGC: '',
  GODEBUG: '',
  // The longest of the tiers: so far back a query finds anything.
  storageRetention: formatDurationMs(retention['1h']),
});

/** Those of Prometheus' flags that have a meaning here, as texts. */
const flagsOf = ({ limits }: QueryPorts): Record<string, string> => ({
  'enable-feature': '',
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
