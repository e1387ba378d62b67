import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitsOf, isStaleAt, putStaleAt } from '../../shared/model/stale.ts';
import type { SampleColumns } from '../../shared/storage/hot-read.ts';
import type { BucketColumns, TierColumns } from '../../shared/tiers/bucket.ts';
import { joinTiers } from '../../shared/tiers/join-tiers.ts';
import { mergeBuckets } from '../../shared/tiers/merge-buckets.ts';
import { rollUp } from '../../shared/tiers/rollup.ts';
import { latestKernel, TIER_KERNELS } from '../../shared/tiers/window.ts';
import { type Answers, overBuckets, overSamples } from './tiers-windows.ts';

/* Functions over buckets at t against the engine's own functions over the raw samples at t - 1 ms. */

const FINE_MS = 10_000;
const COARSE_MS = 60_000;

type Value = number | 'stale';

const special: fc.Arbitrary<Value> = fc.constantFrom<Value>(Number.NaN, Infinity, -Infinity, 0, -0, 'stale', 'stale');
/** A counter with resets: steps up, and now and then a small value again. */
const counterStep = fc.oneof({ weight: 8, arbitrary: fc.nat(1000) }, { weight: 1, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.constant<Value>('stale') });
const counter: fc.Arbitrary<readonly Value[]> = fc.array(counterStep, { maxLength: 150, size: 'max' }).map((steps) => {
  let total = 0;
  return steps.map((step) => (step === 'stale' ? step : (total = step === -1 ? 3 : total + step)));
});
const wholeNumbers: fc.Arbitrary<readonly Value[]> = fc.oneof(
  counter,
  fc.array(fc.oneof({ weight: 8, arbitrary: fc.integer({ min: -50, max: 50 }) }, { weight: 1, arbitrary: special }), { maxLength: 150, size: 'max' }),
);
const anyNumbers: fc.Arbitrary<readonly Value[]> = fc.array(
  fc.oneof({ weight: 4, arbitrary: fc.double({ min: 0, max: 1e6, noNaN: true }) }, { weight: 4, arbitrary: fc.double({ min: -1e12, max: 1e12, noNaN: true }) }, { weight: 1, arbitrary: special }),
  { maxLength: 150, size: 'max' },
);
/** Mostly some samples a bucket, at times none for many. */
const gap = fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 1, max: 6000 }) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 300_000 }) });

const seriesOf = (values: fc.Arbitrary<readonly Value[]>): fc.Arbitrary<SampleColumns> =>
  fc.tuple(values, fc.array(gap, { minLength: 150, maxLength: 150 })).map(([given, gaps]) => {
    const columns = { metrics: ['m'], labels: ['{}'], offsets: Uint32Array.of(0, given.length), tMs: new Float64Array(given.length), values: new Float64Array(given.length) };
    let tMs = -200_000;
    given.forEach((value, i) => {
      columns.tMs[i] = tMs += gaps[i] as number;
      if (value === 'stale') putStaleAt(bitsOf(columns.values), i);
      else columns.values[i] = value;
    });
    return columns;
  });

interface Setting {
  readonly samples: SampleColumns;
  readonly unitMs: number;
  readonly tier: TierColumns;
  readonly rangeMs: number;
  readonly firstTMs: number;
  readonly stepMs: number;
  readonly steps: number;
}

const rowsBetween = (tier: TierColumns, fromMs: number, toMs: number): TierColumns => {
  const rows = Array.from(tier.startMs, (_, row) => row).filter((row) => (tier.startMs[row] as number) >= fromMs && (tier.startMs[row] as number) < toMs);
  const from = rows[0] ?? 0;
  const cut = Object.fromEntries(Object.entries(tier).map(([name, column]) => [name, ArrayBuffer.isView(column) ? (column as Float64Array).subarray(from, from + rows.length) : column]));
  return { ...(cut as unknown as TierColumns), offsets: Uint32Array.of(0, rows.length) };
};

/** Windows over fine buckets, over coarse ones, or over coarse ones up to a time and fine ones from there. */
const setting = (values: fc.Arbitrary<readonly Value[]>): fc.Arbitrary<Setting> =>
  fc
    .record({ samples: seriesOf(values), kind: fc.constantFrom('fine', 'coarse', 'mixed'), range: fc.integer({ min: 1, max: 8 }), first: fc.integer({ min: -3, max: 5 }), step: fc.integer({ min: 0, max: 3 }), steps: fc.integer({ min: 1, max: 10 }) })
    .map(({ samples, kind, range, first, step, steps }) => {
      const unitMs = kind === 'fine' ? FINE_MS : COARSE_MS;
      const fine = rollUp(samples, FINE_MS);
      const coarse = mergeBuckets(fine, COARSE_MS);
      const mixed = (): TierColumns => joinTiers([rowsBetween(coarse, -Infinity, first * COARSE_MS), rowsBetween(fine, first * COARSE_MS, Infinity)]);
      const tier = kind === 'fine' ? fine : kind === 'coarse' ? coarse : mixed();
      return { samples, unitMs, tier, rangeMs: range * unitMs, firstTMs: first * unitMs, stepMs: step * unitMs, steps };
    });

/** Equal as numbers, or no further apart than `slack`. */
const expectSame = (actual: Answers, expected: Answers, slack: number): void => {
  const isSame = (a: number | undefined, b: number | undefined): boolean =>
    a === b || Object.is(a, b) || (a !== undefined && b !== undefined && Number.isFinite(a) && Math.abs(a - b) <= slack);
  if (!actual.every((value, i) => isSame(value, expected[i]))) expect(actual).toEqual(expected);
};

/** Every result is a sum of samples at most: its rounding is measured by all of them, extrapolated to at most 3.2 times. */
const roundingOf = ({ samples, rangeMs }: Setting, name: string): number => {
  const total = samples.values.reduce((sum, value) => (Number.isFinite(value) ? sum + Math.abs(value) : sum), 0);
  if (name === 'rate') return (total * 2 ** -50) / (rangeMs / 1000);
  return total * (name === 'increase' || name === 'delta' ? 2 ** -50 : 2 ** -52);
};

const SUMMED = ['rate', 'increase', 'delta', 'sum_over_time', 'avg_over_time'];
const COUNTED_OR_TAKEN = Object.keys(TIER_KERNELS).filter((name) => !SUMMED.includes(name));

describe('functions over buckets at t and over raw samples at t - 1 ms', () => {
  it.each(COUNTED_OR_TAKEN)('%s is equal for any numbers', (name) => {
    fc.assert(fc.property(setting(anyNumbers), (given) => expectSame(overBuckets(given, TIER_KERNELS[name] as never), overSamples(given, name), 0)));
  });

  it.each(Object.keys(TIER_KERNELS))('%s is equal for whole numbers', (name) => {
    fc.assert(
      fc.property(setting(wholeNumbers), (given) => {
        // The mean alone divides before it adds.
        const slack = name === 'avg_over_time' ? 1e-12 : 0;
        expectSame(overBuckets(given, TIER_KERNELS[name] as never), overSamples(given, name), slack);
      }),
    );
  });

  it.each(SUMMED)('%s is equal to the last bits for any numbers', (name) => {
    fc.assert(fc.property(setting(anyNumbers), (given) => expectSame(overBuckets(given, TIER_KERNELS[name] as never), overSamples(given, name), roundingOf(given, name))));
  });

  it('an instant selector finds the newest sample within the lookback, none behind a stale marker', () => {
    fc.assert(
      fc.property(setting(fc.oneof(wholeNumbers, anyNumbers)), fc.integer({ min: 1, max: COARSE_MS }), ({ ...given }, shorterMs) => {
        const lookbackMs = Math.max(1, given.rangeMs - shorterMs);
        const { tMs, values } = given.samples;
        const expected = Array.from({ length: given.steps }, (_, step) => {
          const endMs = given.firstTMs + step * given.stepMs - 1;
          const newest = tMs.findLastIndex((t) => t <= endMs);
          return newest < 0 || (tMs[newest] as number) <= endMs - lookbackMs || isStaleAt(bitsOf(values), newest) ? undefined : values[newest];
        });
        expectSame(overBuckets(given, latestKernel(lookbackMs)), expected, 0);
      }),
    );
  });
});

const EXACT: readonly (keyof BucketColumns)[] = ['startMs', 'count', 'min', 'max', 'firstMs', 'first', 'lastMs', 'last', 'resets', 'changes', 'staleEnd'];

describe('merged buckets', () => {
  it('are those of the raw samples, but for the last bits of sum and corr', () => {
    fc.assert(
      fc.property(seriesOf(anyNumbers), (samples) => {
        const merged = mergeBuckets(rollUp(samples, FINE_MS), COARSE_MS);
        const direct = rollUp(samples, COARSE_MS);
        for (const name of EXACT) expect([name, merged[name]]).toEqual([name, direct[name]]);
        const slack = samples.values.reduce((sum, value) => (Number.isFinite(value) ? sum + Math.abs(value) : sum), 0) * 2 ** -50;
        for (const name of ['sum', 'corr'] as const) expectSame([...merged[name]], [...direct[name]], slack);
      }),
    );
  });

  it('are those of the raw samples wholly, where these are whole numbers', () => {
    fc.assert(
      fc.property(seriesOf(wholeNumbers), (samples) => {
        expect(mergeBuckets(rollUp(samples, FINE_MS), COARSE_MS)).toEqual(rollUp(samples, COARSE_MS));
      }),
    );
  });

  it('do not depend on the steps taken, where the numbers are whole', () => {
    fc.assert(
      fc.property(seriesOf(wholeNumbers), (samples) => {
        const fine = rollUp(samples, FINE_MS);
        expect(mergeBuckets(mergeBuckets(fine, 3 * FINE_MS), 3 * COARSE_MS)).toEqual(mergeBuckets(mergeBuckets(fine, COARSE_MS), 3 * COARSE_MS));
      }),
    );
  });
});

describe('joined tiers', () => {
  it('are the tier they were cut from', () => {
    fc.assert(
      fc.property(seriesOf(anyNumbers), fc.integer({ min: -20, max: 60 }), (samples, cut) => {
        const tier = rollUp(samples, FINE_MS);
        const joined = joinTiers([rowsBetween(tier, cut * FINE_MS, Infinity), rowsBetween(tier, -Infinity, cut * FINE_MS)]);
        expect(joined).toEqual(tier);
      }),
    );
  });
});
