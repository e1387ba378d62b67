import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SampleBatch } from '../../shared/model/sample-batch.ts';
import { lineProtocolBody } from './line-protocol-body.ts';
import { remoteWriteBody } from './remote-write-body.ts';
import { WORKLOAD_START_MS } from './workload.ts';

/** Sends a request to the server; rejects unless it answers 2xx. */
export type Ask = (method: 'GET' | 'POST', path: string, body?: Uint8Array, headers?: Readonly<Record<string, string>>) => Promise<string>;

/** A time-series database from a Debian package: how to run it, load it, and see what it keeps. */
export interface PeerServer {
  readonly name: string;
  readonly package: string;
  readonly program: string;
  /** Arguments; `folder` is its own and empty, and may get a configuration. */
  readonly arguments: (folder: string, port: number, sidePort: number) => readonly string[];
  readonly readyPath: string;
  /** Before the first sample. */
  readonly prepare?: (ask: Ask) => Promise<unknown>;
  readonly send: (ask: Ask, batches: readonly SampleBatch[]) => Promise<unknown>;
  /** Flushes and merges until nothing more changes on disk. */
  readonly settle: (ask: Ask, folder: string) => Promise<unknown>;
  /** Samples that it finds. */
  readonly count: (ask: Ask) => Promise<number>;
  /** Where the samples lie once the server has stopped. */
  readonly storedIn: string;
  /** Of a file below that folder. What can be made anew from the rest, such as a cache, is neither. */
  readonly kindOf: (path: string) => 'samples' | 'index' | 'neither';
}

const END_S = WORKLOAD_START_MS / 1000 + 3600;
const sendRemoteWrite: PeerServer['send'] = (ask, batches) => {
  const headers = { 'content-encoding': 'snappy', 'content-type': 'application/x-protobuf', 'x-prometheus-remote-write-version': '0.1.0' };
  return ask('POST', '/api/v1/write', remoteWriteBody(batches), headers);
};

interface PromqlAnswer {
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

/** Metric by metric: Prometheus refuses series of one sum that differ in their names alone. The window is left-open, so it is wider than the hour. */
const countByPromql: PeerServer['count'] = async (ask) => {
  const names = JSON.parse(await ask('GET', `/api/v1/label/__name__/values?start=${END_S - 3600}&end=${END_S}`)) as { readonly data: readonly string[] };
  let samples = 0;
  for (const name of names.data) {
    const { data } = JSON.parse(await ask('GET', `/api/v1/query?query=sum(count_over_time(${name}[2h]))&time=${END_S}`)) as PromqlAnswer;
    samples += Number(data.result[0]?.value[1] ?? 0);
  }
  return samples;
};

/** Files below the folder: relative paths, and the bytes that they really take where a file has holes. */
export const filesBelow = (folder: string): readonly { readonly path: string; readonly bytes: number }[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { size, blocks } = statSync(path);
      return { path: path.slice(folder.length + 1), bytes: Math.min(size, blocks * 512) };
    });

/** Resolves once the files have been the same for `quietMs`. */
export const untilQuiet = async (folder: string, quietMs: number, isDone: (paths: readonly string[]) => boolean = () => true): Promise<void> => {
  const endMs = performance.now() + 60_000;
  let before = '';
  for (let sinceMs = performance.now(); performance.now() < endMs; await sleep(250)) {
    const files = filesBelow(folder);
    const now = files.map(({ path, bytes }) => `${path} ${bytes}`).join('\n');
    if (now !== before || !isDone(files.map(({ path }) => path))) sinceMs = performance.now();
    else if (performance.now() - sinceMs >= quietMs) return;
    before = now;
  }
  throw new Error(`settle ${folder}: found files that still change after 60 s`);
};

export const victoriaMetrics: PeerServer = {
  name: 'VictoriaMetrics',
  package: 'victoria-metrics',
  program: 'victoria-metrics',
  arguments: (folder, port) => [`-storageDataPath=${folder}/kept`, `-httpListenAddr=127.0.0.1:${port}`, '-retentionPeriod=100y', '-memory.allowedPercent=40'],
  readyPath: '/health',
  send: sendRemoteWrite,
  async settle(ask, folder) {
    // What has just come waits a second in shards of the ingestion before a flush sees it.
    await sleep(1500);
    await ask('GET', '/internal/force_flush');
    await ask('GET', '/internal/force_merge');
    await untilQuiet(join(folder, 'kept'), 2500);
  },
  count: countByPromql,
  storedIn: 'kept',
  kindOf: (path) => (path.startsWith('indexdb/') ? 'index' : path.startsWith('data/') ? 'samples' : 'neither'),
};

/** Its block, as an admin snapshot of the head makes one; the write-ahead log is left out. */
export const prometheus: PeerServer = {
  name: 'Prometheus',
  package: 'prometheus',
  program: 'prometheus',
  arguments(folder, port) {
    writeFileSync(join(folder, 'prometheus.yml'), 'global: { scrape_interval: 1h }\n');
    const flags = ['--web.enable-remote-write-receiver', '--web.enable-admin-api', '--storage.tsdb.retention.time=100y'];
    return [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/kept`, `--web.listen-address=127.0.0.1:${port}`, ...flags];
  },
  readyPath: '/-/ready',
  send: sendRemoteWrite,
  settle: (ask) => ask('POST', '/api/v1/admin/tsdb/snapshot'),
  count: countByPromql,
  storedIn: 'kept/snapshots',
  kindOf: (path) => (path.endsWith('/index') ? 'index' : 'samples'),
};

const influxConfig = (folder: string, port: number, sidePort: number): string => `reporting-disabled = true
bind-address = "127.0.0.1:${sidePort}"
[meta]
  dir = "${folder}/meta"
[data]
  dir = "${folder}/kept"
  wal-dir = "${folder}/wal"
  index-version = "tsi1"
  cache-snapshot-write-cold-duration = "3s"
  compact-full-write-cold-duration = "5s"
  cache-max-memory-size = "4g"
  max-series-per-database = 0
  max-values-per-tag = 0
[http]
  bind-address = "127.0.0.1:${port}"
  log-enabled = false
[monitor]
  store-enabled = false
[subscriber]
  enabled = false
`;

interface InfluxAnswer {
  readonly results: readonly { readonly series?: readonly { readonly values: readonly (readonly (number | null)[])[] }[] }[];
}

const influxDb: PeerServer = {
  name: 'InfluxDB',
  package: 'influxdb',
  program: 'influxd',
  arguments(folder, port, sidePort) {
    writeFileSync(join(folder, 'influx.conf'), influxConfig(folder, port, sidePort));
    return ['run', '-config', join(folder, 'influx.conf')];
  },
  readyPath: '/ping',
  prepare: (ask) => ask('POST', `/query?q=${encodeURIComponent('CREATE DATABASE bench WITH DURATION 0s SHARD DURATION 1d')}`),
  send: (ask, batches) => ask('POST', '/write?db=bench&precision=ms', lineProtocolBody(batches)),
  // Longer than both of its cold durations together: nothing is left in its log, and nothing waits to be merged.
  settle: (_ask, folder) => untilQuiet(folder, 9000, (paths) => paths.some((path) => path.endsWith('.tsm')) && !paths.some((path) => path.endsWith('.tmp'))),
  async count(ask) {
    const answer = JSON.parse(await ask('GET', `/query?db=bench&q=${encodeURIComponent('SELECT count(*) FROM /.*/')}`)) as InfluxAnswer;
    const counts = (answer.results[0]?.series ?? []).flatMap(({ values }) => values.flatMap((row) => row.slice(1)));
    return counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  },
  storedIn: 'kept',
  kindOf: (path) => (path.endsWith('.tsm') ? 'samples' : 'index'),
};

export const PEER_SERVERS: readonly PeerServer[] = [victoriaMetrics, prometheus, influxDb];
