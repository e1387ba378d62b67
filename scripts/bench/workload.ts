import { labelsToJson, makeLabels } from '../../shared/model/labels.ts';
import { type SampleBatch, SampleBatchBuilder } from '../../shared/model/sample-batch.ts';

/**
 * 2025-09-21T14:00:00Z. On the hour, so that an hour is one partition; on an even one, since Prometheus cuts blocks of two hours;
 * and in the past, since VictoriaMetrics drops what is days ahead of the clock.
 */
export const WORKLOAD_START_MS = 1_758_463_200_000;

export interface WorkloadShape {
  readonly hosts: number;
  readonly pointsPerSeries: number;
  readonly stepMs: number;
  /** Each host has a phase of its own and ±10 ms of noise a scrape; all its series share the scrape's time, as agents do it. */
  readonly hasJitter: boolean;
}

/** Of each scrape's time. Phases keep this far from both ends of a step, so that scrape i lies within step i. */
const NOISE_MS = 10;

type Random = () => number;

/** A 32-bit mixing generator: the same seed gives the same workload everywhere. */
const randomFrom = (seed: number): Random => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
};

/** About normal, from -6 to 6: the sum of twelve uniform numbers has variance 1. */
const deviation = (random: Random): number => {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random();
  return sum;
};

/** Makes a series: called once per series, what it returns once per sample. */
type Metric = { readonly name: string; readonly start: (random: Random) => () => number };

/** A walk between bounds. */
const gauge = (name: string, decimals: number, low: number, high: number, step: number): Metric => ({
  name,
  start(random) {
    const scale = 10 ** decimals;
    let level = low + random() * (high - low);
    return () => {
      level = Math.min(high, Math.max(low, level + deviation(random) * step));
      return Math.round(level * scale) / scale;
    };
  },
});

const counter = (name: string, mean: number, spread: number, unit = 1, decimals = 0): Metric => ({
  name,
  start(random) {
    const scale = 10 ** decimals;
    // As if it had run for up to four months.
    let total = Math.round(Math.floor(random() * 1e6) * mean);
    return () => {
      total += Math.max(0, Math.round((mean + deviation(random) * spread) * scale));
      return (total * unit) / scale;
    };
  },
});

const rareCounter = (name: string, chance: number): Metric => ({
  name,
  start(random) {
    let total = Math.floor(random() * 1000);
    return () => {
      if (random() < chance) total += 1 + Math.floor(random() * 3);
      return total;
    };
  },
});

const constant = (name: string, value: number): Metric => ({ name, start: () => () => value });

const PAGE_BYTES = 4096;

/** A walk in pages that rests at times: `chance` is that of a move. */
const pageWalk = (random: Random, pages: number, step: number, chance: number): (() => number) => {
  let used = Math.floor(random() * pages);
  return () => {
    if (random() < chance) used = Math.min(pages, Math.max(0, used + Math.round(deviation(random) * step)));
    return used * PAGE_BYTES;
  };
};

const bytes = (name: string, highBytes: number, step: number, chance = 1): Metric => ({
  name,
  start: (random) => pageWalk(random, highBytes / PAGE_BYTES, step, chance),
});

/** A quotient: its doubles have a full mantissa. */
const percentage = (name: string, totalBytes: number, step: number): Metric => ({
  name,
  start(random) {
    const next = pageWalk(random, totalBytes / PAGE_BYTES, step, 1);
    return () => (100 * next()) / totalBytes;
  },
});

/** `names` of one subsystem. */
const each = (subsystem: string, names: string, make: (name: string) => Metric): Metric[] => names.split(' ').map((name) => make(`${subsystem}_${name}`));

const GIB = 2 ** 30;

/**
 * 100 metrics of a host in the mix of TSBS' devops use case: 18 whole gauges, 8 gauges with 1-2 decimals, 33 whole counters, 4 with
 * 2 decimals, 10 counters that rarely move, 14 constants, 10 gauges in pages of 4 KiB, 3 percentages of full mantissa.
 */
const METRICS: readonly Metric[] = [
  ...each('cpu', 'user system idle nice iowait irq', (name) => gauge(name, 0, 0, 100, 1)),
  ...each('cpu', 'softirq steal', (name) => gauge(name, 1, 0, 100, 1)),
  ...each('cpu', 'guest guest_nice', (name) => gauge(name, 2, 0, 100, 1)),
  ...each('diskio', 'reads writes', (name) => counter(name, 50, 7)),
  ...each('diskio', 'read_bytes write_bytes', (name) => counter(name, 100, 20, PAGE_BYTES)),
  ...each('diskio', 'read_time write_time io_time', (name) => counter(name, 5, 1)),
  ...each('disk', 'total', (name) => constant(name, 1024 * GIB)),
  ...each('disk', 'used free', (name) => bytes(name, 1024 * GIB, 8, 0.3)),
  ...each('disk', 'used_percent', (name) => gauge(name, 2, 0, 100, 0.02)),
  ...each('disk', 'inodes_total', (name) => constant(name, 2 ** 28)),
  ...each('disk', 'inodes_free inodes_used', (name) => gauge(name, 0, 0, 2 ** 28, 3)),
  ...each('kernel', 'boot_time', (name) => constant(name, 1_757_000_000)),
  ...each('kernel', 'interrupts', (name) => counter(name, 500, 22)),
  ...each('kernel', 'context_switches', (name) => counter(name, 2000, 200)),
  ...each('kernel', 'processes_forked pages_in pages_out', (name) => counter(name, 5, 1)),
  ...each('mem', 'total', (name) => constant(name, 32 * GIB)),
  ...each('mem', 'available used free cached', (name) => bytes(name, 32 * GIB, 256)),
  ...each('mem', 'buffered', (name) => bytes(name, 32 * GIB, 64)),
  ...each('mem', 'used_percent available_percent', (name) => percentage(name, 32 * GIB, 256)),
  ...each('mem', 'buffered_percent', (name) => percentage(name, 32 * GIB, 64)),
  ...each('net', 'bytes_sent bytes_recv', (name) => counter(name, 50_000, 15_000)),
  ...each('net', 'packets_sent packets_recv', (name) => counter(name, 50, 7)),
  ...each('net', 'err_in err_out drop_in drop_out', (name) => rareCounter(name, 0.01)),
  ...each('nginx', 'accepts handled', (name) => counter(name, 5, 1)),
  ...each('nginx', 'requests', (name) => counter(name, 50, 7)),
  ...each('nginx', 'active reading waiting writing', (name) => gauge(name, 0, 0, 100, 1)),
  ...each('postgres', 'backends', (name) => gauge(name, 0, 0, 1000, 1)),
  ...each('postgres', 'commits fetched', (name) => counter(name, 50, 7)),
  ...each('postgres', 'blocks_hit returned', (name) => counter(name, 500, 22)),
  ...each('postgres', 'blocks_read inserted updated deleted', (name) => counter(name, 5, 1)),
  ...each('postgres', 'rollbacks temp_files', (name) => rareCounter(name, 0.05)),
  ...each('postgres', 'conflicts', (name) => rareCounter(name, 0.01)),
  ...each('postgres', 'deadlocks', (name) => rareCounter(name, 0.005)),
  ...each('postgres', 'temp_bytes', (name) => bytes(name, GIB, 16, 0.2)),
  ...each('postgres', 'read_time write_time', (name) => counter(name, 12.5, 3, 1, 2)),
  ...each('redis', 'connections', (name) => counter(name, 5, 1)),
  ...each('redis', 'expired_keys evicted_keys keyspace_misses', (name) => counter(name, 50, 7)),
  ...each('redis', 'keyspace_hits', (name) => counter(name, 500, 22)),
  ...each('redis', 'replication_offset', (name) => counter(name, 5000, 500)),
  ...each('redis', 'cpu_sys', (name) => counter(name, 0.35, 0.05, 1, 2)),
  ...each('redis', 'cpu_user', (name) => counter(name, 0.6, 0.1, 1, 2)),
  ...each('redis', 'operations_per_second', (name) => gauge(name, 0, 0, 10_000, 25)),
  ...each('redis', 'input_kbps output_kbps', (name) => gauge(name, 2, 0, 1000, 5)),
  ...each('redis', 'clients', (name) => gauge(name, 0, 0, 10_000, 1)),
  ...each('redis', 'unsaved_changes', (name) => gauge(name, 0, 0, 10_000, 5)),
  ...each('redis', 'channels', (name) => gauge(name, 0, 0, 100, 0.3)),
  ...each('redis', 'fork_microseconds', (name) => gauge(name, 0, 0, 1000, 0.2)),
  ...each('redis', 'fragmentation_ratio', (name) => gauge(name, 2, 1, 3, 0.005)),
  ...each('redis', 'memory_used', (name) => bytes(name, 16 * GIB, 16)),
  ...each('redis', 'memory_resident', (name) => bytes(name, 16 * GIB, 16, 0.5)),
  ...each('redis', 'sync_partial_ok', (name) => rareCounter(name, 0.002)),
  ...each('redis', 'sync_partial_err', (name) => rareCounter(name, 0.001)),
  ...each('redis', 'memory_peak', (name) => constant(name, 16 * GIB)),
  ...each('redis', 'memory_lua', (name) => constant(name, 36_864)),
  ...each('redis', 'sync_full backlog_active', (name) => constant(name, 1)),
  ...each('redis', 'patterns replicas', (name) => constant(name, 0)),
  ...each('redis', 'backlog_size backlog_length', (name) => constant(name, 2 ** 20)),
  ...each('redis', 'children_cpu_sys', (name) => constant(name, 0.53)),
  ...each('redis', 'children_cpu_user', (name) => constant(name, 1.77)),
];

const REGIONS = ['us-east-1', 'us-west-2', 'eu-west-1', 'eu-central-1', 'ap-southeast-1', 'ap-northeast-1'];

const labelsOfHost = (host: number, random: Random): string => {
  const pick = (values: readonly string[]): string => values[Math.floor(random() * values.length)] as string;
  const region = pick(REGIONS);
  return labelsToJson(
    makeLabels([
      ['host', `host-${host}`],
      ['region', region],
      ['zone', region + pick(['a', 'b', 'c'])],
      ['rack', String(Math.floor(random() * 100))],
      ['service', `service-${Math.floor(random() * 20)}`],
      ['version', pick(['1', '2'])],
      ['team', pick(['payments', 'search', 'games', 'platform'])],
      ['os', pick(['debian-12', 'debian-13', 'ubuntu-24.04'])],
      ['arch', pick(['arm64', 'x86_64'])],
      ['env', pick(['production', 'staging', 'test'])],
    ]),
  );
};

/** One batch for each host, 100 series each. Scrape i lies in [WORKLOAD_START_MS + i * stepMs, WORKLOAD_START_MS + (i + 1) * stepMs). */
export const makeHostBatches = ({ hosts, pointsPerSeries, stepMs, hasJitter }: WorkloadShape, seed = 1): readonly SampleBatch[] => {
  const random = randomFrom(seed);
  return Array.from({ length: hosts }, (_, host) => {
    const labels = labelsOfHost(host, random);
    const phaseMs = hasJitter ? NOISE_MS + Math.floor(random() * (stepMs - 2 * NOISE_MS)) : 0;
    const times = Array.from({ length: pointsPerSeries }, (_point, i) => {
      const noiseMs = hasJitter ? Math.floor(random() * (2 * NOISE_MS + 1)) - NOISE_MS : 0;
      return WORKLOAD_START_MS + phaseMs + i * stepMs + noiseMs;
    });
    const batch = new SampleBatchBuilder();
    for (const { name, start } of METRICS) {
      const next = start(random);
      batch.series(name, labels);
      for (const tMs of times) batch.sample(tMs, next());
    }
    return batch.build();
  });
};

/** The scrapes `from` to `to` (exclusive) of batches in which every series has `points` of them. */
export const cutScrapes = (batch: SampleBatch, points: number, from: number, to: number): SampleBatch => {
  const cut = new SampleBatchBuilder();
  batch.metrics.forEach((metric, k) => {
    cut.series(metric, batch.labels[k] as string);
    for (let i = k * points + from; i < k * points + to; i++) cut.sample(batch.tMs[i] as number, batch.values[i] as number);
  });
  return cut.build();
};
