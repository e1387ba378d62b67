import type { Tier } from '../catalog/partitions.ts';
import { type Coverage, isCovered } from '../compaction/coverage.ts';
import { DEFAULT_SAMPLE_LIMITS, type SampleLimits } from '../protocols/limits.ts';
import type { Retention } from '../tiers/retention.ts';

/** The partition that samples of an hour go to. */
export interface Place {
  readonly tier: Tier;
  readonly dt: string;
}

/**
 * Where samples of an hour go by their age: the finest tier that still covers it. Undefined when none does. The compactor makes the
 * 1m partition out of the raw one exactly as long as this says raw, so that a filled cell is never made anew without its samples.
 */
export const placeOf = (hour: string, coverage: Coverage, nowMs: number): Place | undefined => {
  const places: readonly Place[] = [
    { tier: 'raw', dt: hour },
    { tier: '1m', dt: hour },
    { tier: '1h', dt: hour.slice(0, 10) },
  ];
  return places.find((place) => isCovered(coverage, place, nowMs));
};

/** A backfill may be as old as the oldest tier. */
export const backfillLimits = (retention: Retention): SampleLimits => ({ ...DEFAULT_SAMPLE_LIMITS, ageMs: retention['1h'] });
