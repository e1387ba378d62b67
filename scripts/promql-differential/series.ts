import { labelsToJson, makeLabels, METRIC_NAME } from '../../shared/model/labels.ts';
import { STALE_HIGH, STALE_LOW } from '../../shared/model/stale.ts';
import { type SampleBatch, SampleBatchBuilder } from '../../shared/model/sample-batch.ts';
import type { Random } from '../../test/simulation/random.ts';
import { MemorySeries } from '../../test/unit/promql/load.ts';

/** 2025-09-21T14:00:00Z. Always the same, so that a seed is all that it takes to run a query again. */
export const SERIES_START_MS = 1_758_463_200_000;
const SAMPLES = 240;
const STEP_MS = 15_000;
/** Past every multiple of 5 s: see `KNOWN_DIFFERENCES`. */
const PHASE_MS = 4000;
export const SERIES_END_MS = SERIES_START_MS + SAMPLES * STEP_MS;

export interface Shape {
  readonly metric: string;
  /** Whether a sample stands in every step. */
  readonly isGapless: boolean;
  /** Whether its values differ from series to series. */
  readonly isDistinct: boolean;
  readonly keys: readonly string[];
}

type Sample = number | 'stale' | undefined;

/** Far above what a series gains from one sample to the next: see `KNOWN_DIFFERENCES`. */
const HIGH = 10_000;
const eighths = (random: Random, low: number, high: number): number => random.int(low * 8, high * 8) / 8;

const counter = (random: Random): (() => number) => {
  let total = HIGH + random.int(0, HIGH);
  return () => (total += eighths(random, 0, 40));
};

const resetting = (random: Random): (() => number) => {
  let total = HIGH + random.int(0, HIGH);
  return () => {
    total = random.chance(0.05) ? random.int(0, 20) : total + eighths(random, 0, 40);
    return total;
  };
};

const gauge = (random: Random): (() => number) => {
  let level = eighths(random, -50, 50);
  return () => (level += eighths(random, -5, 5));
};

const constant = (random: Random): (() => number) => {
  const value = random.pick([0, 1, 42, -3.5, 1e6]);
  return () => value;
};

/** Single samples that are missing, and pauses longer than the lookback. */
const sparse = (random: Random): (() => Sample) => {
  const next = counter(random);
  let pause = 0;
  return () => {
    const value = next();
    if (random.chance(0.02)) pause = random.int(15, 40);
    return pause-- > 0 || random.chance(0.6) ? undefined : value;
  };
};

/** Runs that end with a stale marker, and pauses. */
const stale = (random: Random): (() => Sample) => {
  const next = counter(random);
  let left = random.int(2, 30);
  let pause = 0;
  return () => {
    const value = next();
    if (pause-- > 0) return undefined;
    if (left-- > 0) return value;
    left = random.int(2, 30);
    pause = random.int(0, 30);
    return 'stale';
  };
};

const INSTANCE_KEYS = ['instance', 'job'];
const MAKERS: readonly (readonly [Shape, (random: Random) => () => Sample])[] = [
  [{ metric: 'requests_total', isGapless: true, isDistinct: true, keys: INSTANCE_KEYS }, counter],
  [{ metric: 'restarts_total', isGapless: true, isDistinct: false, keys: INSTANCE_KEYS }, resetting],
  [{ metric: 'temperature', isGapless: true, isDistinct: false, keys: INSTANCE_KEYS }, gauge],
  [{ metric: 'jobs_total', isGapless: false, isDistinct: true, keys: INSTANCE_KEYS }, sparse],
  [{ metric: 'visits_total', isGapless: false, isDistinct: true, keys: INSTANCE_KEYS }, stale],
  [{ metric: 'limit', isGapless: true, isDistinct: false, keys: INSTANCE_KEYS }, constant],
];
export const BUCKET_METRIC = 'latency_bucket';
const BUCKETS = ['0.1', '0.5', '1', '5', '+Inf'];

export const SHAPES: readonly Shape[] = MAKERS.map(([shape]) => shape);
export const JOBS: readonly string[] = ['a', 'b'];
export const INSTANCES: readonly string[] = ['0', '1', '2'];

const write = (batch: SampleBatchBuilder, metric: string, labels: Readonly<Record<string, string>>, next: () => Sample): void => {
  batch.series(metric, labelsToJson(makeLabels(Object.entries(labels))));
  for (let i = 0; i < SAMPLES; i++) {
    const value = next();
    const tMs = SERIES_START_MS + PHASE_MS + i * STEP_MS;
    if (value === 'stale') batch.sampleBits(tMs, STALE_LOW, STALE_HIGH);
    else if (value !== undefined) batch.sample(tMs, value);
  }
};

/** Every bucket gains at least 1 more than the one below it. */
const writeBuckets = (batch: SampleBatchBuilder, job: string, random: Random): void => {
  const gains = Array.from({ length: SAMPLES }, () => BUCKETS.map(() => random.int(1, 9)));
  BUCKETS.forEach((le, b) => {
    let at = 0;
    let total = HIGH * (b + 1);
    write(batch, BUCKET_METRIC, { job, le }, () => (total += (gains[at++] as number[]).slice(0, b + 1).reduce((sum, gain) => sum + gain, 0)));
  });
};

/** Six shapes of six series each, and classic histograms; sorted by labels, as storage gives them. */
export const makeSeries = (random: Random): SampleBatch => {
  const batch = new SampleBatchBuilder();
  for (const job of JOBS) writeBuckets(batch, job, random);
  for (const [{ metric }, make] of MAKERS) {
    for (const instance of INSTANCES) for (const job of JOBS) write(batch, metric, { instance, job }, make(random));
  }
  return batch.build();
};

export const inMemory = ({ metrics, labels, offsets, tMs, values }: SampleBatch): MemorySeries => {
  const memory = new MemorySeries();
  metrics.forEach((metric, k) => {
    const own = makeLabels([[METRIC_NAME, metric], ...(Object.entries(JSON.parse(labels[k] as string) as object) as [string, string][])]);
    const [from, to] = [offsets[k] as number, offsets[k + 1] as number];
    memory.add(own, { tMs: tMs.slice(from, to), values: values.slice(from, to) });
  });
  return memory;
};
