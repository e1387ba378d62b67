import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Hono } from 'hono';
import { SQL_TIMEOUT_MS } from '../../functions/evaluate/evaluate-ports.ts';
import { DEFAULT_BODY_BYTES, DEFAULT_DECODED_BYTES, DEFAULT_IN_FLIGHT_BYTES, makeIngestApp } from '../../functions/ingest/ingest.ts';
import { notify } from '../../functions/notify/notify.ts';
import { makeRulePages } from '../../shared/alerting/rule-pages.ts';
import { makeAlertmanagerApp } from '../../functions/query/alertmanager/alertmanager.ts';
import { DEFAULT_QUERY_LIMITS, makeQueryApp } from '../../functions/query/query.ts';
import { StoreMemory, storeDelivery } from '../../functions/store/store.ts';
import { CHANNELS, type Channel } from '../../shared/alerting/publish.ts';
import type { ItemTable } from '../../shared/catalog/item-table.ts';
import { readOnce } from '../../shared/catalog/read-once.ts';
import { makeAccessTokens } from '../../shared/channels/access-tokens.ts';
import type { ChannelPorts } from '../../shared/channels/channel-ports.ts';
import { makeGuardedFetch } from '../../shared/channels/guarded-fetch.ts';
import { makeIsOpen } from '../../shared/channels/open-address.ts';
import { proxyEnvironment } from '../../shared/channels/proxy-choice.ts';
import { makeSmtpTransport } from '../../shared/channels/smtp-transport.ts';
import { toTextFormat } from '../../shared/client/text-format.ts';
import { openDuckDb } from '../../shared/embedded/duckdb.ts';
import { type FanOut, openFanOut } from '../../shared/embedded/fan-out-queue.ts';
import { openItemTables } from '../../shared/embedded/item-sqlite.ts';
import { type Mapping, startMapping } from '../../shared/embedded/mapping.ts';
import { makeReadSecretFile } from '../../shared/embedded/secret-file.ts';
import { openObjectDirectory } from '../../shared/embedded/object-directory.ts';
import { type EmbeddedStream, openStream } from '../../shared/embedded/stream.ts';
import { messageOf } from '../../shared/errors.ts';
import { localOnly } from '../../shared/http/local-only.ts';
import { makeCutByClass } from '../../shared/lakes/cut-by-class.ts';
import { RangeCache } from '../../shared/promql/range-cache.ts';
import { type RetentionClass, shortestRetention } from '../../shared/lakes/retention-class.ts';
import { DEFAULT_PROMOTED_LABELS } from '../../shared/parquet/schema.ts';
import { limitsFor, type SampleLimits } from '../../shared/protocols/limits.ts';
import type { RuleSet } from '../../shared/rules/rule-group.ts';
import { MAX_SQL_ROWS } from '../../shared/rules/sql-samples.ts';
import type { RunSql } from '../../shared/sql/run-sql.ts';
import type { ObjectListing, ObjectStore, ObjectSweep } from '../../shared/storage/object-store.ts';
import { type PieceCache, makePieceCache } from '../../shared/storage/piece-cache.ts';
import { DEFAULT_MAX_SAMPLES, makeSelectSeries } from '../../shared/storage/select-series.ts';
import { makeRawFirst } from '../../shared/storage/select-tiers.ts';
import { DEFAULT_RETENTION, type Retention } from '../../shared/tiers/retention.ts';
import { makeAdminApp } from '../admin/admin-app.ts';
import { type CompactThread, makeCompactThread } from './compact-thread.ts';
import { type CompactorTiming, runCompactor } from './compactor.ts';
import { runEvaluator } from './evaluator.ts';
import { lakeOf } from './lake.ts';
import { type Say, liveAlertmanager, liveRules } from './live-files.ts';
import { type ProductMetrics, makeProductMetrics } from './product-metrics.ts';
import { makeSqlPlan } from './sql-plan.ts';

export interface InstallationOptions {
  /** Absolute, and ours alone: the lock is held. */
  readonly data: string;
  readonly url: string;
  readonly rules: string;
  readonly alertmanager: string;
  readonly say: Say;
  readonly version: string;
  /** Default {@link DEFAULT_RETENTION}. */
  readonly retention?: Retention;
  readonly classes?: readonly RetentionClass[];
  /** Default: 15 s (slots.ts). */
  readonly latenessMs?: number;
  readonly compactor?: CompactorTiming;
}

/** All the parts, bound to the embedded adapters. */
export interface Installation {
  readonly app: Hono;
  readonly metrics: ProductMetrics;
  /** Starts what works by itself: mapping, evaluator, notifier, compactor. */
  run(): void;
  /** Stores what is in the stream, ends what runs, closes what is open. */
  close(): Promise<void>;
}

/** Decoded files that queries and rules share: about 16 M samples. */
const CACHE_BYTES = 256 * 1024 * 1024;
const SQL_MEMORY_MB = 1024;
/** Receivers on this machine are what one tries things with; other private networks stay closed, as on AWS. */
const LOOPBACK_TOO = makeIsOpen(['127.0.0.0/8', '::1/128']);
/** One shard takes what one machine sends: shards are for scale, and each costs a heartbeat. */
const SHARDS = 1;

/** Some fifty panels of 100 series with 360 points, 0.6 MB each. */
const RESULT_CACHE_BYTES = 32 * 1024 * 1024;

const retentionOf = ({ retention = DEFAULT_RETENTION }: Pick<InstallationOptions, 'retention'>): Retention => retention;
const classesOf = ({ classes = [] }: Pick<InstallationOptions, 'classes'>): readonly RetentionClass[] => classes;
const limitsOf = (options: InstallationOptions): SampleLimits => limitsFor(shortestRetention(retentionOf(options), classesOf(options)));
const objectsFolder = ({ data }: Pick<InstallationOptions, 'data'>): string => join(data, 'objects');

/** What the steps are made of. */
interface Parts {
  readonly options: InstallationOptions;
  readonly objects: ObjectStore & ObjectSweep & ObjectListing;
  readonly catalog: ItemTable;
  readonly thread: CompactThread;
  readonly alerts: ItemTable;
  readonly stream: EmbeddedStream;
  readonly fanOut: FanOut;
  readonly metrics: ProductMetrics;
  readonly rules: () => Promise<RuleSet>;
  readonly alertmanager: ReturnType<typeof liveAlertmanager>;
  readonly cache: PieceCache;
}

export const openInstallation = async (options: InstallationOptions): Promise<Installation> => {
  const { data } = options;
  await mkdir(options.rules, { recursive: true });
  const objects = await openObjectDirectory(objectsFolder(options));
  const tables = await openItemTables(join(data, 'items.sqlite'), ['catalog', 'alerts', 'queue']);
  const stream = await openStream(join(data, 'stream'), { shardCount: SHARDS, nowMs: Date.now });
  const fanOut = await openFanOut(tables.table('queue'), { channels: CHANNELS, nowMs: Date.now });
  const parts: Parts = {
    options,
    objects,
    catalog: tables.table('catalog'),
    thread: makeCompactThread({ objectsFolder: objectsFolder(options), retention: retentionOf(options), classes: classesOf(options) }, () => tables.share()),
    alerts: tables.table('alerts'),
    stream,
    fanOut,
    metrics: makeProductMetrics(),
    rules: liveRules(options.rules, options.say),
    alertmanager: liveAlertmanager(options.alertmanager, options.say),
    cache: makePieceCache(CACHE_BYTES),
  };
  const running: { stop(): Promise<void> }[] = [];
  return {
    app: makeApp(parts),
    metrics: parts.metrics,
    run: () => void running.push(...runSteps(parts)),
    close: async () => {
      // In the order of the road: what a later part still gives out, an earlier one no longer needs.
      for (const part of running.splice(0)) await part.stop();
      await stream.close();
      await tables.close();
    },
  };
};

const makeApp = (parts: Parts): Hono => {
  const { options, objects, catalog, thread, alerts, stream, metrics, rules, alertmanager, cache } = parts;
  const app = new Hono();
  app.use(localOnly());
  app.get('/metrics', (c) => c.text(toTextFormat(metrics.registry), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }));
  const ingest = makeIngestApp({
    putRecords: stream.putRecords,
    nowMs: Date.now,
    nextRecordId: () => randomBytes(16),
    limits: { bodyBytes: DEFAULT_BODY_BYTES, decodedBytes: DEFAULT_DECODED_BYTES, inFlightBytes: DEFAULT_IN_FLIGHT_BYTES, samples: limitsOf(options) },
    count: metrics.ingested,
  });
  const query = makeQueryApp({
    objects,
    catalog,
    cache,
    nowMs: Date.now,
    limits: DEFAULT_QUERY_LIMITS,
    results: new RangeCache(RESULT_CACHE_BYTES),
    retention: retentionOf(options),
    version: options.version,
    rulePages: makeRulePages({ alerts, rules }),
    runSql: openSql(parts),
  });
  app.route('/', ingest);
  app.route('/', makeAlertmanagerApp({ alerts, rules, alertmanager, nowMs: Date.now, startedAtMs: Date.now(), random: () => randomBytes(16), externalUrl: options.url, version: options.version }));
  app.route('/', query);
  app.route('/', makeAdminApp({ objects, catalog, putRecords: stream.putRecords, clockMs: Date.now, nextAttempt: () => randomBytes(6).toString('hex'), answerCall: thread.answerCall, classes: classesOf(options), ...lakeOf(objectsFolder(options), retentionOf(options)) }));
  app.notFound((c) => c.json({ status: 'error', errorType: 'not_found', error: `${c.req.method} ${c.req.path}: no such route` }, 404));
  return app;
};

/** People and rules have one each: neither waits for the statements of the other. */
const openSql = ({ options, objects, catalog, cache }: Parts, limits: { readonly maxRows?: number } = {}): RunSql =>
  openDuckDb({
    plan: makeSqlPlan({ objects, catalog, cache }, objectsFolder(options)),
    promotedLabels: DEFAULT_PROMOTED_LABELS,
    memoryMb: SQL_MEMORY_MB,
    timeoutMs: SQL_TIMEOUT_MS,
    ...limits,
  });

/** In the order in which they stop: first what makes records, then what stores them, then what tells people. */
const runSteps = (parts: Parts): { stop(): Promise<void> }[] => {
  const { options, objects, catalog, alerts, alertmanager, stream, fanOut, metrics, cache } = parts;
  const { say } = options;
  const evaluator = runEvaluator({
    ports: {
      objects,
      removeObjects: (keys) => objects.remove(keys),
      alerts,
      catalog,
      openSelect: () => makeSelectSeries({ objects, catalog: readOnce(catalog), cache, limits: { maxSamples: DEFAULT_MAX_SAMPLES } }),
      openTiers: (select) => makeRawFirst({ objects, catalog: readOnce(catalog), cache, limits: { maxSamples: DEFAULT_MAX_SAMPLES }, retention: retentionOf(options), nowMs: Date.now() }, select),
      // A statement reads the catalog itself, and with it what was stored the moment before.
      sql: { run: openSql(parts, { maxRows: MAX_SQL_ROWS }), dollars: () => 0, behindMs: 0 },
      rules: parts.rules,
      alertmanager,
      putRecords: stream.putRecords,
      listShards: stream.listShards,
      publish: fanOut.publish,
      clockMs: Date.now,
      externalUrl: options.url,
      ...(options.latenessMs === undefined ? {} : { latenessMs: options.latenessMs }),
    },
    holder: randomBytes(8).toString('hex'),
    metrics,
    say,
    warn: (line) => void process.stderr.write(`${line}\n`),
  });
  const outgoing = outgoingOf(parts.options);
  return [evaluator, runMapping(parts), ...CHANNELS.map((channel) => runNotifier(parts, channel, outgoing)), compactorOf(parts)];
};

const compactorOf = ({ options, thread, metrics }: Parts): { stop(): Promise<void> } => {
  const compactor = runCompactor({ compact: thread.compact, ...(options.compactor === undefined ? {} : { timing: options.compactor }), metrics, say: options.say });
  return {
    stop: async () => {
      await compactor.stop();
      await thread.close();
    },
  };
};

const runMapping = ({ options, objects, catalog, stream, metrics }: Parts): Mapping => {
  const memory = new StoreMemory();
  const settings = { promotedLabels: DEFAULT_PROMOTED_LABELS, memory, limits: limitsOf(options), cut: makeCutByClass(classesOf(options)) };
  return startMapping({
    stream,
    deliver: async (delivery) => metrics.stored(await storeDelivery({ objects, catalog }, delivery, settings)),
    nowMs: Date.now,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
    onError: (subject, error) => {
      metrics.failed('store');
      options.say(`store: ${subject}: ${messageOf(error)}`);
    },
  });
};

/** Files that the Alertmanager file names are looked for from its own folder. */
const outgoingOf = ({ alertmanager }: Pick<InstallationOptions, 'alertmanager'>): ChannelPorts => {
  const [fetch, readSecret] = [makeGuardedFetch(LOOPBACK_TOO, proxyEnvironment(process.env)), makeReadSecretFile(dirname(alertmanager))];
  return { fetch, readSecret, tokens: makeAccessTokens(fetch, readSecret), createTransport: makeSmtpTransport(LOOPBACK_TOO) };
};

const runNotifier = ({ alerts, alertmanager, fanOut, metrics }: Parts, channel: Channel, outgoing: ChannelPorts): { stop(): Promise<void> } =>
  fanOut.consume(channel, async (published) => {
    const outcome = await notify({ alerts, alertmanager, ...outgoing }, published, { nowMs: Date.now() });
    metrics.notified(channel, outcome.outcome);
    return outcome;
  });
