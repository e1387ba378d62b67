import { labelsToJson, makeLabels } from '../../shared/model/labels.ts';
import { type SampleBatch, SampleBatchBuilder } from '../../shared/model/sample-batch.ts';

/** 2026-09-21T14:00:00Z: on the hour, so that batches of minutes lie in one partition. */
export const WORKLOAD_START_MS = 1_789_999_200_000;

export interface WorkloadShape {
  readonly hosts: number;
  readonly pointsPerSeries: number;
  readonly stepMs: number;
  /** Each host has a phase of its own and ±10 ms of noise a scrape; all its series share the scrape's time, as agents do it. */
  readonly hasJitter: boolean;
}

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

const gauge = (name: string, decimals: number, high: number, step: number): Metric => ({
  name,
  start(random) {
    const scale = 10 ** decimals;
    let level = random() * high;
    return () => {
      level = Math.min(high, Math.max(0, level + deviation(random) * step));
      return Math.round(level * scale) / scale;
    };
  },
});

const counter = (name: string, mean: number, spread: number, unit: number, decimals: number): Metric => ({
  name,
  start(random) {
    const scale = 10 ** decimals;
    let total = Math.floor(random() * 1e6) * Math.max(1, Math.round(mean));
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
    return () => (random() < chance ? ++total : total);
  },
});

const constant = (name: string, value: number): Metric => ({ name, start: () => () => value });

const bytes = (name: string, pages: number, step: number): Metric => ({
  name,
  start(random) {
    let used = Math.floor(random() * pages);
    return () => {
      used = Math.min(pages, Math.max(0, used + Math.round(deviation(random) * step)));
      return used * 4096;
    };
  },
});

/** A quotient: its doubles have a full mantissa. */
const percentage = (name: string, total: number): Metric => ({
  name,
  start(random) {
    let used = Math.floor(random() * total);
    return () => {
      used = Math.min(total, Math.max(0, used + Math.round(deviation(random) * 64)));
      return (100 * used) / total;
    };
  },
});

const many = (count: number, make: (i: number) => Metric): Metric[] => Array.from({ length: count }, (_, i) => make(i));

/** 100 metrics in the mix of a host agent (TSBS' devops use case): see the counts. */
const METRICS: readonly Metric[] = [
  ...many(18, (i) => gauge(`cpu_gauge_${i}`, 0, 100 * 10 ** (i % 3), 1 + (i % 4))),
  ...many(8, (i) => gauge(`load_decimal_${i}`, 1 + (i % 2), 100, 0.3)),
  ...many(33, (i) => counter(`net_counter_${i}`, [5, 50, 500, 5000][i % 4] as number, [1, 7, 22, 400][i % 4] as number, 1, 0)),
  ...many(4, (i) => counter(`disk_seconds_${i}`, 0.4 + i * 3, 0.1 + i, 1, 2)),
  ...many(10, (i) => rareCounter(`errors_${i}`, 0.001 * (i + 1))),
  ...many(14, (i) => constant(`limit_${i}`, [0, 1, 0.53, 36_864, 34_359_738_368][i % 5] as number)),
  ...many(10, (i) => bytes(`memory_bytes_${i}`, 8_388_608 >> (i % 3), 16 << (i % 3))),
  ...many(3, (i) => percentage(`memory_percent_${i}`, 8_388_608)),
];

const REGIONS = ['us-east-1', 'us-west-2', 'eu-west-1', 'eu-central-1', 'ap-southeast-1', 'ap-northeast-1'];

const labelsOfHost = (host: number, random: Random): string => {
  const region = REGIONS[Math.floor(random() * REGIONS.length)] as string;
  return labelsToJson(
    makeLabels([
      ['host', `host-${host}`],
      ['region', region],
      ['zone', `${region}${'abc'[Math.floor(random() * 3)]}`],
      ['rack', String(Math.floor(random() * 100))],
      ['service', `service-${Math.floor(random() * 20)}`],
      ['team', ['payments', 'search', 'games', 'platform'][Math.floor(random() * 4)] as string],
      ['os', 'debian-13'],
      ['arch', random() < 0.5 ? 'arm64' : 'x86_64'],
      ['env', random() < 0.8 ? 'production' : 'staging'],
    ]),
  );
};

/** One batch for each host, 100 series each. */
export const makeHostBatches = ({ hosts, pointsPerSeries, stepMs, hasJitter }: WorkloadShape, seed = 1): readonly SampleBatch[] => {
  const random = randomFrom(seed);
  return Array.from({ length: hosts }, (_, host) => {
    const labels = labelsOfHost(host, random);
    const phaseMs = hasJitter ? Math.floor(random() * stepMs) : 0;
    const times = Array.from({ length: pointsPerSeries }, (_point, i) => {
      const noiseMs = hasJitter ? Math.floor(random() * 21) - 10 : 0;
      return WORKLOAD_START_MS + 60_000 + phaseMs + i * stepMs + noiseMs;
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
