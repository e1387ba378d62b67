import type { Context } from 'hono';
import { listSenders, type Sender } from '../../shared/catalog/senders.ts';
import { formatDurationMs } from '../../shared/model/duration.ts';
import { success } from './answers.ts';
import type { QueryPorts } from './query-ports.ts';

/** All senders are one pool: nobody scrapes them. */
const POOL = 'senders';

/** A sender that is silent for three flushes is down, but not before a rule would take its series for gone; the list itself is up to two minutes old. */
const MISSED_FLUSHES = 3;
const SILENT_MS = 300_000;

/**
 * `/api/v1/targets`: the senders of the last day, in the shape of what Prometheus scrapes. `state` and `scrapePool` narrow it. What
 * Prometheus has no field for stands in `tidemark`, with lateness the greatest arrival less time of the last minutes.
 */
export const targetsRoute = async (ports: QueryPorts, c: Context): Promise<Response> => {
  const params = new URL(c.req.url).searchParams;
  const state = (params.get('state') ?? '').toLowerCase();
  const wanted = ['', 'any', 'active'].includes(state) && ['', POOL].includes(params.get('scrapePool') ?? '');
  const nowMs = ports.nowMs();
  const activeTargets = wanted ? (await listSenders(ports.catalog, nowMs)).map((sender) => targetOf(sender, nowMs)) : [];
  return success(c, JSON.stringify({ activeTargets, droppedTargets: [], droppedTargetCounts: {} }));
};

/** `/api/v1/scrape_pools`. */
export const scrapePoolsRoute = async (ports: QueryPorts, c: Context): Promise<Response> => {
  const senders = await listSenders(ports.catalog, ports.nowMs());
  return success(c, JSON.stringify({ scrapePools: senders.length === 0 ? [] : [POOL] }));
};

const targetOf = ({ sender, shardId, firstSeenMs, lastSeenMs, flushIntervalMs, samples, latenessMs }: Sender, nowMs: number): object => {
  const silentMs = nowMs - lastSeenMs;
  const isUp = silentMs <= Math.max(SILENT_MS, MISSED_FLUSHES * flushIntervalMs);
  const interval = formatDurationMs(flushIntervalMs);
  return {
    discoveredLabels: { job: POOL, sender },
    labels: { job: POOL, sender },
    scrapePool: POOL,
    scrapeUrl: '',
    globalUrl: '',
    lastError: isUp ? '' : `nothing arrived for ${Math.round(silentMs / 1000)} s`,
    lastScrape: new Date(lastSeenMs).toISOString(),
    lastScrapeDuration: 0,
    health: isUp ? 'up' : 'down',
    scrapeInterval: interval,
    scrapeTimeout: interval,
    tidemark: { shard: shardId, firstSeen: new Date(firstSeenMs).toISOString(), samples, ...(latenessMs === undefined ? {} : { latenessSeconds: latenessMs / 1000 }) },
  };
};
