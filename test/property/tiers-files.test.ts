import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitsOf, putStaleAt } from '../../shared/model/stale.ts';
import { CorruptFileError, UnsupportedFileError } from '../../shared/parquet/errors.ts';
import type { SampleColumns } from '../../shared/storage/hot-read.ts';
import { buildTierObject } from '../../shared/storage/tier-object.ts';
import { readTier, type WantedBuckets } from '../../shared/storage/tier-read.ts';
import { type BucketColumns, newBuckets, type TierColumns } from '../../shared/tiers/bucket.ts';
import { mergeBuckets } from '../../shared/tiers/merge-buckets.ts';
import { rollUp } from '../../shared/tiers/rollup.ts';

const START_MS = 1_789_999_200_000;
const ALL: WantedBuckets = { fromMs: -Infinity, toMs: Infinity };
const NAMES = Object.keys(newBuckets(0)) as (keyof BucketColumns)[];

type Value = number | 'stale';

const special: fc.Arbitrary<Value> = fc.constantFrom<Value>(Number.NaN, Infinity, -Infinity, 0, -0, 'stale', 2 ** 53, -(2 ** 51), 5e-324);
const kinds: readonly fc.Arbitrary<Value>[] = [
  fc.integer({ min: -1000, max: 1000 }),
  fc.integer({ min: -1000, max: 1000 }).map((value) => value / 100),
  fc.integer({ min: 0, max: 1000 }).map((value) => value * 4096 + 34_359_738_368),
  fc.integer({ min: -1000, max: 1000 }).map((value) => 2 ** 49 * Math.sign(value) + value),
  fc.maxSafeInteger(),
  fc.double({ min: -1e15, max: 1e15 }),
  fc.double(),
];
const values = fc.constantFrom(...kinds).chain((kind) => fc.array(fc.oneof({ weight: 12, arbitrary: kind }, { weight: 1, arbitrary: special }), { minLength: 1, maxLength: 60, size: 'max' }));

const samplesOf = (all: readonly (readonly Value[])[], gapMs: number): SampleColumns => {
  const rows = all.flat();
  const offsets = new Uint32Array(all.length + 1);
  all.forEach(({ length }, k) => (offsets[k + 1] = (offsets[k] as number) + length));
  const numbers = Float64Array.from(rows, Number);
  rows.forEach((value, i) => value === 'stale' && putStaleAt(bitsOf(numbers), i));
  return {
    metrics: all.map((_, k) => `m${Math.floor(k / 3)}`),
    labels: all.map((_, k) => ['{}', '{"host":"a"}', '{"host":"b","rack":"1"}'][k % 3] as string),
    offsets,
    tMs: Float64Array.from(all.flatMap((list) => list.map((_, i) => START_MS + i * gapMs + (i % 7)))),
    values: numbers,
  };
};

const tiers: fc.Arbitrary<TierColumns> = fc
  .tuple(fc.array(values, { minLength: 1, maxLength: 8 }), fc.constantFrom(9_000, 25_000, 400_000), fc.boolean())
  .map(([all, gapMs, isHour]) => {
    const minutes = rollUp(samplesOf(all, gapMs), 60_000);
    return isHour ? mergeBuckets(minutes, 3_600_000) : minutes;
  });

const build = (tier: TierColumns, groupRows = 4_000_000): Uint8Array => (buildTierObject(tier, { promotedLabels: ['host'], groupRows }) as { readonly bytes: Uint8Array }).bytes;
const read = (bytes: Uint8Array, want: WantedBuckets = ALL): Promise<TierColumns> => readTier(async (at, length) => bytes.subarray(at, at + length), bytes.length, want);

/** Everything, the doubles as their bits. */
const bitsOfTier = (tier: TierColumns): unknown => {
  const bits = (column: Float64Array | Uint8Array): readonly number[] => [...(column instanceof Float64Array ? bitsOf(Float64Array.from(column)) : column)];
  return { metrics: tier.metrics, labels: tier.labels, offsets: [...tier.offsets], ...Object.fromEntries(NAMES.map((name) => [name, bits(tier[name])])) };
};

describe('tier objects', () => {
  it('give back every bucket bit for bit, in any number of row groups', async () => {
    await fc.assert(
      fc.asyncProperty(tiers, fc.integer({ min: 1, max: 40 }), async (tier, groupRows) => {
        expect(bitsOfTier(await read(build(tier)))).toEqual(bitsOfTier(tier));
        expect(bitsOfTier(await read(build(tier, groupRows)))).toEqual(bitsOfTier(tier));
      }),
    );
  });

  it('give back the wanted metrics, times and columns alone', async () => {
    await fc.assert(
      fc.asyncProperty(tiers, fc.constantFrom('m0', 'm1', 'm2'), fc.integer({ min: 0, max: 9 }), fc.subarray(NAMES), async (tier, metric, minute, columns) => {
        const fromMs = START_MS + minute * 60_000;
        const part = await read(build(tier), { metrics: new Set([metric]), fromMs, toMs: fromMs + 600_000, columns });
        const rows = tier.metrics.flatMap((name, k) =>
          Array.from({ length: (tier.offsets[k + 1] as number) - (tier.offsets[k] as number) }, (_, i) => (tier.offsets[k] as number) + i)
            .filter((row) => name === metric && (tier.startMs[row] as number) >= fromMs && (tier.startMs[row] as number) <= fromMs + 600_000)
            .map((row) => ({ row, series: `${name}${tier.labels[k]}` })),
        );
        const series = part.metrics.flatMap((name, k) => Array.from({ length: (part.offsets[k + 1] as number) - (part.offsets[k] as number) }, () => `${name}${part.labels[k]}`));
        expect(series).toEqual(rows.map((row) => row.series));
        for (const name of NAMES) {
          const isWanted = name === 'startMs' || columns.includes(name);
          expect([name, [...part[name]]]).toEqual([name, isWanted ? rows.map(({ row }) => tier[name][row]) : []]);
        }
      }),
    );
  });

  it('that are damaged are refused or read, and never hang', async () => {
    await fc.assert(
      fc.asyncProperty(tiers, fc.nat(), fc.nat(255), async (tier, at, byte) => {
        const bytes = build(tier).slice();
        bytes[at % bytes.length] = byte;
        await read(bytes).catch((error: unknown) => {
          if (!(error instanceof CorruptFileError || error instanceof UnsupportedFileError)) throw error;
        });
      }),
      { numRuns: 200 },
    );
  });
});
