import { readdirSync, readFileSync } from 'node:fs';
import { bitsOf, putStaleAt } from '../../../shared/model/stale.ts';
import type { SampleColumns } from '../../../shared/storage/hot-read.ts';
import type { TierColumns } from '../../../shared/tiers/bucket.ts';

/** A bucket as it stands in a golden file: times as ISO text, NaN as text. */
export type GoldenBucket = Readonly<Record<string, number | string | null>>;

/** A golden file: one series' samples at equal distances (null for none), its buckets, their averages, and longer buckets. */
export interface TierCase {
  readonly firstAt: string;
  readonly stepMs: number;
  readonly values: readonly (number | 'NaN' | 'stale' | null)[];
  readonly bucketMs: number;
  readonly buckets: readonly GoldenBucket[];
  /** With one decimal. */
  readonly averages: readonly string[];
  readonly mergedMs: number;
  readonly merged: readonly GoldenBucket[];
}

export const TIER_CASES: readonly (readonly [name: string, tierCase: TierCase])[] = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.json'))
  .map((name) => [name, JSON.parse(readFileSync(`${import.meta.dirname}/${name}`, 'utf8')) as TierCase]);

export const samplesOf = ({ firstAt, stepMs, values }: TierCase): SampleColumns => {
  const there = values.flatMap((value, i) => (value === null ? [] : [{ value, tMs: Date.parse(firstAt) + i * stepMs }]));
  const numbers = Float64Array.from(there, ({ value }) => Number(value));
  there.forEach(({ value }, i) => {
    if (value === 'stale') putStaleAt(bitsOf(numbers), i);
  });
  return { metrics: ['m'], labels: ['{"host":"a"}'], offsets: Uint32Array.of(0, there.length), tMs: Float64Array.from(there, ({ tMs }) => tMs), values: numbers };
};

const timeText = (tMs: number): string | null => (Number.isNaN(tMs) ? null : new Date(tMs).toISOString().replace('.000Z', 'Z'));
const numberText = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

export const goldenBuckets = (tier: TierColumns): readonly GoldenBucket[] =>
  Array.from(tier.startMs, (startMs, row) => {
    const at = (column: Float64Array): number => column[row] as number;
    return {
      start: timeText(startMs),
      count: at(tier.count),
      sum: numberText(at(tier.sum)),
      min: numberText(at(tier.min)),
      max: numberText(at(tier.max)),
      firstAt: timeText(at(tier.firstMs)),
      first: numberText(at(tier.first)),
      lastAt: timeText(at(tier.lastMs)),
      last: numberText(at(tier.last)),
      corr: at(tier.corr),
      resets: at(tier.resets),
      changes: at(tier.changes),
      staleEnd: tier.staleEnd[row] as number,
    };
  });
