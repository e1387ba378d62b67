import { describe, expect, it } from 'vitest';
import { commonUnitMs, exactTier, tierSteps } from '../../../shared/promql/tier-steps.ts';
import type { TierSegment } from '../../../shared/promql/tier-source.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const SEGMENTS: readonly TierSegment[] = [
  { tier: '1h', fromMs: 0, endMs: 10 * HOUR },
  { tier: '1m', fromMs: 10 * HOUR, endMs: 20 * HOUR },
];

/** The window of one time. */
const windowAt = (tMs: number, rangeMs: number, isInstant = false): unknown => {
  const { isTier, fromMs, endMs, widenedTo, tiers } = tierSteps(SEGMENTS, { startMs: tMs, stepMs: 0, steps: 1 }, rangeMs, isInstant);
  return isTier[0] === 0 ? 'raw' : [fromMs[0], endMs[0], widenedTo, [...tiers].sort().join()];
};

describe('windows over segments', () => {
  it('are those of the query where they begin and end with buckets, or with samples', () => {
    expect(windowAt(5 * HOUR, 2 * HOUR)).toEqual([3 * HOUR, 5 * HOUR, undefined, '1h']);
    expect(windowAt(11 * HOUR + MINUTE, 5 * MINUTE)).toEqual([11 * HOUR - 4 * MINUTE, 11 * HOUR + MINUTE, undefined, '1m']);
    expect(windowAt(12 * HOUR, 12 * HOUR)).toEqual([0, 12 * HOUR, undefined, '1h,1m']);
    expect(windowAt(20 * HOUR + 7, 7 + MINUTE)).toEqual([20 * HOUR - MINUTE, 20 * HOUR + 7, undefined, '1m']);
    expect(windowAt(20 * HOUR + 7, 7)).toBe('raw');
  });

  it('end with the last bucket that is over, and are never shorter than asked for', () => {
    expect(windowAt(5 * HOUR + 30 * MINUTE, 30 * MINUTE)).toEqual([4 * HOUR, 5 * HOUR, '1h', '1h']);
    expect(windowAt(15 * HOUR + 45_000, 30_000)).toEqual([15 * HOUR - MINUTE, 15 * HOUR, '1m', '1m']);
    expect(windowAt(10 * HOUR + 30 * MINUTE, HOUR)).toEqual([9 * HOUR, 10 * HOUR + 30 * MINUTE, '1h', '1h,1m']);
    expect(windowAt(15 * HOUR, 5 * MINUTE + 1)).toEqual([15 * HOUR - 6 * MINUTE, 15 * HOUR, '1m', '1m']);
  });

  it('of an instant selector reach back over its lookback to a whole bucket, which changes nothing', () => {
    expect(windowAt(5 * HOUR, 5 * MINUTE, true)).toEqual([4 * HOUR, 5 * HOUR, undefined, '1h']);
    expect(windowAt(5 * HOUR + 1, 5 * MINUTE, true)).toEqual([4 * HOUR, 5 * HOUR, '1h', '1h']);
  });

  it('have as tier the longest whose buckets all of them begin and end with', () => {
    expect(exactTier({ startMs: 2 * HOUR, stepMs: HOUR, steps: 3 }, 6 * HOUR)).toBe('1h');
    expect(exactTier({ startMs: 2 * HOUR, stepMs: MINUTE, steps: 3 }, 6 * HOUR)).toBe('1m');
    expect(exactTier({ startMs: 2 * HOUR, stepMs: 15_000, steps: 3 }, 6 * HOUR)).toBeUndefined();
    expect(exactTier({ startMs: 2 * HOUR, stepMs: 15_000, steps: 1 }, 6 * HOUR)).toBe('1h');
    expect(exactTier({ startMs: 2 * HOUR, stepMs: HOUR, steps: 3 }, 90_000)).toBeUndefined();
  });

  it('share a unit with which every one of them begins and ends', () => {
    expect(commonUnitMs({ startMs: 30_000, stepMs: 45_000, steps: 2 }, 300_000)).toBe(15_000);
    expect(commonUnitMs({ startMs: -7, stepMs: 0, steps: 1 }, 300_000)).toBe(1);
    expect(commonUnitMs({ startMs: 0, stepMs: 0, steps: 1 }, HOUR)).toBe(MINUTE);
  });
});
