import { execFile } from 'node:child_process';
import { readFile, statfs } from 'node:fs/promises';
import { cpus, freemem, hostname, loadavg, release, totalmem, uptime } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { promisify } from 'node:util';
import type { MetricRegistry } from '../client/metric-registry.ts';
import { type Reading, parseDiskstats, parseMeminfo, parseNetDev, parseNetstat, parseStat } from './proc-parsers.ts';

/** Reads this host into the registry. A source that is missing (a container without /proc/diskstats) is left out, not reported as 0. */
export interface HostMetrics {
  collect(nowMs: number): Promise<void>;
  close(): void;
}

/** The host's CPU, memory, disk, network under node_exporter's names, and this process' event loop under prom-client's. */
export const openHostMetrics = (registry: MetricRegistry, dataDir: string): HostMetrics => {
  const loop = monitorEventLoopDelay({ resolution: 20 });
  loop.enable();
  return {
    collect: async (nowMs) => {
      const sources = process.platform === 'linux' ? linuxSources() : darwinSources();
      const readings = [...(await Promise.all([...sources, filesystem(dataDir)])).flat(), ...everywhere(nowMs), ...processReadings()];
      for (const [metric, labels, value] of [...readings, ...eventLoop(loop)]) {
        registry.observe(metric, metric.endsWith('_total') ? 'counter' : 'gauge', labels, value);
      }
      loop.reset();
    },
    close: () => void loop.disable(),
  };
};

const linuxSources = (): Promise<readonly Reading[]>[] => [
  fromFile('/proc/stat', parseStat),
  fromFile('/proc/meminfo', parseMeminfo),
  fromFile('/proc/diskstats', parseDiskstats),
  fromFile('/proc/net/dev', parseNetDev),
];

const darwinSources = (): Promise<readonly Reading[]>[] => [
  Promise.resolve([
    ['node_memory_total_bytes', {}, totalmem()],
    ['node_memory_free_bytes', {}, freemem()],
    ...cpus().flatMap((cpu, i): Reading[] =>
      Object.entries({ user: cpu.times.user, nice: cpu.times.nice, system: cpu.times.sys, idle: cpu.times.idle }).map(([mode, ms]) => [
        'node_cpu_seconds_total',
        { cpu: String(i), mode },
        ms / 1000,
      ]),
    ),
  ]),
  promisify(execFile)('netstat', ['-ibn']).then(
    ({ stdout }) => parseNetstat(stdout),
    () => [],
  ),
];

const fromFile = (path: string, parse: (text: string) => Reading[]): Promise<readonly Reading[]> => readFile(path, 'utf8').then(parse, () => []);

const filesystem = async (dataDir: string): Promise<readonly Reading[]> => {
  const stats = await statfs(dataDir).catch(() => undefined);
  if (stats === undefined) return [];
  const labels = { mountpoint: dataDir };
  return [
    ['node_filesystem_size_bytes', labels, stats.blocks * stats.bsize],
    ['node_filesystem_free_bytes', labels, stats.bfree * stats.bsize],
    ['node_filesystem_avail_bytes', labels, stats.bavail * stats.bsize],
    ['node_filesystem_files', labels, stats.files],
    ['node_filesystem_files_free', labels, stats.ffree],
  ];
};

const everywhere = (nowMs: number): readonly Reading[] => {
  const [load1 = 0, load5 = 0, load15 = 0] = loadavg();
  return [
    ['node_load1', {}, load1],
    ['node_load5', {}, load5],
    ['node_load15', {}, load15],
    ['node_time_seconds', {}, nowMs / 1000],
    ['node_boot_time_seconds', {}, Math.round(nowMs / 1000 - uptime())],
    ['node_uname_info', { nodename: hostname(), release: release(), sysname: process.platform === 'darwin' ? 'Darwin' : 'Linux', machine: process.arch }, 1],
  ];
};

const processReadings = (): readonly Reading[] => {
  const { user, system } = process.cpuUsage();
  return [
    ['process_cpu_seconds_total', {}, (user + system) / 1e6],
    ['process_resident_memory_bytes', {}, process.memoryUsage.rss()],
    ['nodejs_heap_size_used_bytes', {}, process.memoryUsage().heapUsed],
  ];
};

const eventLoop = (loop: ReturnType<typeof monitorEventLoopDelay>): readonly Reading[] => {
  // Before the first turn of the sampler the histogram has no mean.
  if (loop.count === 0) return [];
  return [
    ['nodejs_eventloop_lag_mean_seconds', {}, loop.mean / 1e9],
    ['nodejs_eventloop_lag_max_seconds', {}, loop.max / 1e9],
    ['nodejs_eventloop_lag_p99_seconds', {}, loop.percentile(99) / 1e9],
  ];
};
