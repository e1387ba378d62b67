import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitsOf, isStaleAt, putStaleAt } from '../../shared/model/stale.ts';
import type { SampleColumns } from '../../shared/storage/hot-read.ts';
import { buildTierObject } from '../../shared/storage/tier-object.ts';
import { readTier } from '../../shared/storage/tier-read.ts';
import { openTierRollup } from '../../shared/storage/tier-rollup.ts';
import { TIER_BUCKET_MS, type TierColumns } from '../../shared/tiers/bucket.ts';
import { joinTiers } from '../../shared/tiers/join-tiers.ts';
import { mergeBuckets } from '../../shared/tiers/merge-buckets.ts';
import { KERNEL_COLUMNS, TIER_KERNELS, type TierKernel } from '../../shared/tiers/window.ts';
import { type Answers, overBuckets, overSamples } from './tiers-windows.ts';

/* Samples to 1m files by the hour, these to a 1h file: what functions make of the files at t, against raw samples at t - 1 ms. */

const START_MS = Date.UTC(2026, 0, 1);
const HOUR_MS = TIER_BUCKET_MS['1h'];
const POINTS = 400;

type Value = number | 'stale';

const withSpecials = (value: fc.Arbitrary<number>): fc.Arbitrary<Value> =>
  fc.oneof({ weight: 30, arbitrary: value }, { weight: 1, arbitrary: fc.constant(Number.NaN) }, { weight: 1, arbitrary: fc.constant<Value>('stale') });
/** Steps of a counter; -1 starts it anew. */
const counterOf = (unit: number): fc.Arbitrary<readonly Value[]> =>
  fc.array(withSpecials(fc.oneof({ weight: 12, arbitrary: fc.nat(5000) }, { weight: 1, arbitrary: fc.constant(-1) })), { minLength: 1, maxLength: POINTS, size: 'max' }).map((steps) => {
    let total = 0;
    return steps.map((step) => (step === 'stale' || Number.isNaN(step) ? step : (total = step === -1 ? 7 * unit : total + step * unit)));
  });
const gaugeOf = (value: fc.Arbitrary<number>): fc.Arbitrary<readonly Value[]> => fc.array(withSpecials(value), { minLength: 1, maxLength: POINTS, size: 'max' });

/** Sums of these are exact, whatever the order; of decimals, as most gauges are, they are not. */
const wholes: fc.Arbitrary<readonly Value[]> = fc.oneof(counterOf(1), counterOf(0.25), gaugeOf(fc.integer({ min: -(2 ** 40), max: 2 ** 40 })));
const decimals: fc.Arbitrary<readonly Value[]> = fc.oneof(counterOf(0.01), gaugeOf(fc.integer({ min: 0, max: 100_000 }).map((value) => value / 100)));

/** Mostly one to six samples a minute, at times none for minutes or hours. */
const gap = fc.oneof({ weight: 30, arbitrary: fc.integer({ min: 1, max: 60_000 }) }, { weight: 3, arbitrary: fc.integer({ min: 60_000, max: 600_000 }) }, { weight: 1, arbitrary: fc.integer({ min: HOUR_MS, max: 4 * HOUR_MS }) });

const samplesOf = (values: fc.Arbitrary<readonly Value[]>): fc.Arbitrary<SampleColumns> =>
  fc.tuple(values, fc.array(gap, { minLength: POINTS, maxLength: POINTS })).map(([given, gaps]) => {
    const columns = { metrics: ['m'], labels: ['{}'], offsets: Uint32Array.of(0, given.length), tMs: new Float64Array(given.length), values: new Float64Array(given.length) };
    let tMs = START_MS;
    given.forEach((value, i) => {
      columns.tMs[i] = tMs += gaps[i] as number;
      if (value === 'stale') putStaleAt(bitsOf(columns.values), i);
      else columns.values[i] = value;
    });
    return columns;
  });

interface Stored {
  readonly samples: SampleColumns;
  /** Reads the columns of a function alone, as a query does. */
  readonly read: (name: string) => Promise<TierColumns>;
}

const readBytes = (bytes: Uint8Array, columns?: (typeof KERNEL_COLUMNS)[string]): Promise<TierColumns> =>
  readTier(async (at, length) => bytes.subarray(at, at + length), bytes.length, { fromMs: -Infinity, toMs: Infinity, ...(columns === undefined ? {} : { columns }) });

/** The 1m file of each hour, as a compaction makes it. */
const minuteFiles = (samples: SampleColumns): readonly Uint8Array[] => {
  const hours = Map.groupBy(samples.tMs.keys(), (i) => Math.floor((samples.tMs[i] as number) / HOUR_MS));
  return [...hours.values()].map((rows) => {
    const rollup = openTierRollup(TIER_BUCKET_MS['1m'], { promotedLabels: [] });
    rollup.series('m', '{}', samples.tMs, samples.values, rows[0] as number, (rows.at(-1) as number) + 1);
    return (rollup.finish() as { readonly bytes: Uint8Array }).bytes;
  });
};

const storedAs = async (tier: '1m' | '1h', samples: SampleColumns): Promise<Stored> => {
  const minutes = minuteFiles(samples);
  if (tier === '1m') return { samples, read: async (name) => joinTiers(await Promise.all(minutes.map((bytes) => readBytes(bytes, KERNEL_COLUMNS[name])))) };
  const hours = joinTiers((await Promise.all(minutes.map((bytes) => readBytes(bytes)))).map((part) => mergeBuckets(part, HOUR_MS)));
  const { bytes } = buildTierObject(hours, { promotedLabels: [] }) as { readonly bytes: Uint8Array };
  return { samples, read: (name) => readBytes(bytes, KERNEL_COLUMNS[name]) };
};

interface Range {
  readonly range: number;
  readonly first: number;
  readonly step: number;
}

/** In buckets: windows from before the first sample on, aligned with every edge. */
const ranges: Readonly<Record<'1m' | '1h', fc.Arbitrary<Range>>> = {
  '1m': fc.record({ range: fc.integer({ min: 1, max: 90 }), first: fc.integer({ min: -5, max: 60 }), step: fc.integer({ min: 1, max: 30 }) }),
  '1h': fc.record({ range: fc.integer({ min: 1, max: 8 }), first: fc.integer({ min: -1, max: 4 }), step: fc.integer({ min: 1, max: 2 }) }),
};

/** The distance of the doubles around `value`. */
const ulpOf = (value: number): number => 2 ** (Math.max(-1022, Math.floor(Math.log2(Math.abs(value)))) - 52);

const isNear = (a: number | undefined, b: number | undefined): boolean =>
  a === b || Object.is(a, b) || (a !== undefined && b !== undefined && Number.isFinite(a) && Math.abs(a - b) <= 4 * ulpOf(b));

const ABSENT = 'absent_over_time';

/** `absent_over_time` is there where no sample is. */
const absentOf = (answers: Answers): Answers => answers.map((answer) => (answer === undefined ? 1 : undefined));

const absentInRaw = ({ tMs, values }: SampleColumns, edges: readonly number[], rangeMs: number): Answers =>
  edges.map((edgeMs) => {
    const isThere = tMs.some((t, i) => t <= edgeMs - 1 && t > edgeMs - 1 - rangeMs && !isStaleAt(bitsOf(values), i));
    return isThere ? undefined : 1;
  });

const FUNCTIONS = [...Object.keys(TIER_KERNELS), ABSENT];
/** Their terms may cancel, so that of decimals the rounding of great terms is left in a small result. */
const CANCELLING = ['rate', 'increase', 'delta'];
const RUNS = 60;

interface Case extends Range {
  readonly tier: '1m' | '1h';
  readonly stored: Stored;
}

const expectNear = async ({ tier, stored, range, first, step }: Case, name: string): Promise<Answers> => {
  const bucketMs = TIER_BUCKET_MS[tier];
  const { samples } = stored;
  const kernelName = name === ABSENT ? 'present_over_time' : name;
  const spanMs = (samples.tMs.at(-1) as number) - START_MS;
  const windows = { rangeMs: range * bucketMs, firstTMs: START_MS + first * bucketMs, stepMs: step * bucketMs, steps: Math.min(400, Math.ceil(spanMs / (step * bucketMs)) + range + 2) };
  const found = overBuckets({ ...windows, tier: await stored.read(kernelName) }, TIER_KERNELS[kernelName] as TierKernel);
  const edges = Array.from({ length: windows.steps }, (_, i) => windows.firstTMs + i * windows.stepMs);
  const actual = name === ABSENT ? absentOf(found) : found;
  const expected = name === ABSENT ? absentInRaw(samples, edges, windows.rangeMs) : overSamples({ ...windows, samples }, name);
  if (!actual.every((value, i) => isNear(value, expected[i]))) expect([name, ...actual]).toEqual([name, ...expected]);
  return expected;
};

/** Every function over the same files, and that each had something to say. */
const checkAll = async (tier: '1m' | '1h', names: readonly string[], values: fc.Arbitrary<readonly Value[]>): Promise<void> => {
  const answered = new Map(names.map((name) => [name, 0]));
  await fc.assert(
    fc.asyncProperty(samplesOf(values), ranges[tier], async (samples, range) => {
      const stored = await storedAs(tier, samples);
      for (const name of names) {
        const numbers = (await expectNear({ tier, stored, ...range }, name)).filter((value) => value !== undefined && !Number.isNaN(value));
        answered.set(name, (answered.get(name) ?? 0) + numbers.length);
      }
    }),
    { numRuns: RUNS },
  );
  expect([...answered].filter(([, count]) => count < RUNS)).toEqual([]);
};

describe.each(['1m', '1h'] as const)('the files of %s answer at t as raw samples do at t - 1 ms, within 4 ulp', (tier) => {
  it('every function that buckets can answer, of counters and gauges with resets, gaps and NaN', async () => {
    await checkAll(tier, FUNCTIONS, wholes);
  });

  it('those whose terms do not cancel, of decimals', async () => {
    await checkAll(tier, FUNCTIONS.filter((name) => !CANCELLING.includes(name)), decimals);
  });
});

it('every function that buckets can answer is one of these', () => {
  const overTime = ['sum', 'count', 'avg', 'min', 'max', 'first', 'last', 'present', 'absent'].map((of) => `${of}_over_time`);
  expect(FUNCTIONS.toSorted()).toEqual(['rate', 'increase', 'delta', 'resets', 'changes', ...overTime].toSorted());
});
