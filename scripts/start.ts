import type { Server } from 'node:http';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { serve } from '@hono/node-server';
import { parseLatenessMs } from '../shared/alerting/slots.ts';
import { connect } from '../shared/client/connect.ts';
import { openHostMetrics } from '../shared/embedded/host-metrics.ts';
import { acquireLock } from '../shared/embedded/lock.ts';
import { PermanentError, messageOf } from '../shared/errors.ts';
import { parseRetentionClasses, type RetentionClass } from '../shared/lakes/retention-class.ts';
import { parseRetention } from '../shared/tiers/retention.ts';
import type { CompactorTiming } from './start/compactor.ts';
import { type Installation, openInstallation } from './start/installation.ts';

export interface StartOptions {
  readonly port: number;
  readonly data: string;
  readonly rules?: string;
  readonly alertmanager?: string;
  /** The product's. */
  readonly version: string;
  /** How long each tier is kept, such as `raw=7d,1m=30d,1h=365d`. */
  readonly retention?: string;
  /** A JSON file with a list of {"name", "match", "retention"}: series that are kept for another time. */
  readonly retentionClasses?: string;
  /** How late after its own time a sample may arrive and still count for rules, such as `15s`. */
  readonly lateness?: string;
  readonly compactor?: CompactorTiming;
}

/** How often the host's own metrics are pushed. */
const HOST_METRICS_EVERY_MS = 5000;
const HOST = '127.0.0.1';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/**
 * All of Tidemark in one process, until Ctrl-C. Rejects with one clear line when the folder or the port cannot be had; then
 * nothing was changed.
 */
export const start = async (options: StartOptions): Promise<void> => {
  const data = resolve(options.data);
  const retention = parseRetention(options.retention ?? '');
  const classes = options.retentionClasses === undefined ? [] : readClasses(options.retentionClasses);
  const latenessMs = options.lateness === undefined ? undefined : parseLatenessMs(options.lateness);
  const url = `http://${HOST}:${options.port}`;
  const lock = await acquireLock(data);
  try {
    const installation = await openInstallation({
      data,
      url,
      rules: resolve(options.rules ?? join(data, 'rules')),
      alertmanager: resolve(options.alertmanager ?? join(data, 'alertmanager.yml')),
      say,
      version: options.version,
      retention,
      classes,
      ...(latenessMs === undefined ? {} : { latenessMs }),
      ...(options.compactor === undefined ? {} : { compactor: options.compactor }),
    });
    const server = await listen(installation, options.port).catch(async (error: unknown) => {
      await installation.close();
      throw error;
    });
    await lock.announce(url);
    installation.run();
    const stopHost = pushHostMetrics(installation, url, data);
    say(banner(url, data));
    await untilSignal();
    say('stopping: taking no more samples, storing what is in the stream');
    await stopHost();
    await new Promise((done) => {
      server.close(done);
      server.closeIdleConnections();
    });
    await installation.close();
  } finally {
    await lock.release();
  }
};

const readClasses = (file: string): readonly RetentionClass[] => {
  let settings: unknown;
  try {
    settings = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new PermanentError(`read retention classes of ${file}: ${messageOf(cause)}`, { cause });
  }
  return parseRetentionClasses(settings);
};

const listen = (installation: Installation, port: number): Promise<Server> =>
  new Promise((done, fail) => {
    const server = serve({ fetch: installation.app.fetch, port, hostname: HOST }, () => {
      server.off('error', fail);
      done(server);
    }) as Server;
    server.once('error', (error: NodeJS.ErrnoException) => {
      const found = error.code === 'EADDRINUSE' ? 'it is taken by another process' : messageOf(error);
      fail(new PermanentError(`listen on ${HOST}:${port}: ${found}; choose another with --port`, { cause: error }));
    });
  });

/** The first user of the product is the machine it runs on: through the client library and the front door, as any sender. */
const pushHostMetrics = ({ metrics }: Installation, url: string, data: string): (() => Promise<void>) => {
  const labels = { instance: hostname(), job: 'tidemark' };
  let problem: string | undefined;
  const connection = connect({
    url,
    sender: `tidemark/${hostname()}`,
    labels,
    flushIntervalMs: HOST_METRICS_EVERY_MS,
    beforeFlush: () => host.collect(Date.now()),
    onFlush: (report) => {
      if (report.problem !== undefined && report.problem !== problem) say(`host metrics: ${report.problem}`);
      problem = report.problem;
    },
  });
  const host = openHostMetrics(connection.client.registry, data);
  const own = connect({ url, sender: 'tidemark/self', flushIntervalMs: HOST_METRICS_EVERY_MS, registry: metrics.registry });
  void host.collect(Date.now()).then(() => connection.client.flush());
  return async () => {
    await Promise.all([connection.close(), own.close()]);
    host.close();
  };
};

const banner = (url: string, data: string): string => `tidemark is at ${url}, everything is kept in ${data}

  PromQL   npx tidemark query 'sum by (mode) (rate(node_cpu_seconds_total[1m]))'
  SQL      npx tidemark sql 'SELECT metric, count(*) AS samples FROM samples GROUP BY metric'
  push     npx tidemark push 'CPU.load host=webserver01,region=us-west 50'
  Grafana  a Prometheus data source with the address ${url}
  itself   ${url}/metrics

Ctrl-C stops it.`;

const untilSignal = (): Promise<void> =>
  new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
  });

