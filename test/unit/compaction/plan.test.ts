import { describe, expect, it } from 'vitest';
import type { HotFile } from '../../../shared/catalog/hot-files.ts';
import type { PartitionEntry, Tier } from '../../../shared/catalog/partitions.ts';
import { arrivalMsOf, isClosed, lateDelayMs, OPEN_HOT_FILES, planExpiry, planRaw, type RawHour, takeOldest } from '../../../shared/compaction/plan.ts';
import { hourStartMs } from '../../../shared/model/hour.ts';
import { DEFAULT_RETENTION } from '../../../shared/tiers/retention.ts';

const HOUR = '2026-03-01-10';
const MINUTE = 60_000;
const END_MS = hourStartMs(HOUR) + 60 * MINUTE;
const CLOSED = { nowMs: END_MS + 6 * MINUTE, watermarkMs: END_MS + 5 * MINUTE };
const OPEN = { nowMs: END_MS, watermarkMs: END_MS - MINUTE };

const hot = (arrivalMs: number, rows = 10, hour = HOUR): HotFile => ({
  hour,
  key: `hot/dt=${hour}/${arrivalMs}-s-1-2-ab.parquet`,
  bytes: 100,
  rows,
  minTMs: 0,
  maxTMs: 1,
  minMetric: 'a',
  maxMetric: 'b',
});
const entryOf = (about: Partial<PartitionEntry> = {}): PartitionEntry => ({
  tier: 'raw', dt: HOUR, version: 1, manifestKey: 'm', files: 1, rows: 1, bytes: 1, minTMs: 0, maxTMs: 1, mergedHotCount: 1, isClosed: true, lateMerges: 0, ...about,
});
const rawHour = (hotFiles: readonly HotFile[], entry?: PartitionEntry, merged: readonly HotFile[] = []): RawHour => ({
  hour: hotFiles[0]?.hour ?? HOUR,
  hotFiles,
  entry,
  mergedKeys: new Set(merged.map(({ key }) => key)),
});
const many = (count: number): readonly HotFile[] => Array.from({ length: count }, (_, i) => hot(END_MS - 60_000 + i));
const whys = (hours: readonly RawHour[], clock: typeof OPEN | { nowMs: number; watermarkMs: undefined }): readonly string[] =>
  planRaw(hours, clock).map((due) => (due.kind === 'merge' ? due.why : due.kind));

describe('what is due', () => {
  it('closes an hour once the watermark has passed its end by five minutes', () => {
    expect(whys([rawHour(many(1))], CLOSED)).toEqual(['closed']);
    expect(whys([rawHour(many(1))], { ...CLOSED, watermarkMs: CLOSED.watermarkMs - 1 })).toEqual([]);
    expect(whys([rawHour(many(1))], { nowMs: CLOSED.nowMs, watermarkMs: undefined })).toEqual([]);
    expect(whys([rawHour(many(1), entryOf({ isClosed: false }))], CLOSED)).toEqual(['closed']);
    expect(isClosed(HOUR, undefined)).toBe(false);
  });

  it('merges an open hour from 60 hot files on that no version lists', () => {
    const files = many(OPEN_HOT_FILES);
    expect(whys([rawHour(files)], OPEN)).toEqual(['open']);
    expect(whys([rawHour(files.slice(1))], OPEN)).toEqual([]);
    expect(whys([rawHour(files, entryOf(), files.slice(0, 1))], OPEN)).toEqual(['clean']);
  });

  it('waits for late samples a quarter of an hour, doubling with each merge up to six hours', () => {
    expect([0, 1, 2, 3, 4, 5, 50].map((merges) => lateDelayMs(merges) / MINUTE)).toEqual([15, 30, 60, 120, 240, 360, 360]);
    const arrivalMs = END_MS + 20 * MINUTE;
    const late = (lateMerges: number, minutes: number): readonly string[] =>
      whys([rawHour([hot(arrivalMs), hot(arrivalMs + 1)], entryOf({ lateMerges }))], { nowMs: arrivalMs + minutes * MINUTE, watermarkMs: arrivalMs });
    expect([late(0, 14), late(0, 15), late(1, 29), late(1, 30), late(9, 359), late(9, 360)].map((due) => due.length)).toEqual([0, 1, 0, 1, 0, 1]);
    expect(late(0, 15)).toEqual(['late']);
  });

  it('takes 60 late files at once, however new', () => {
    expect(whys([rawHour(many(60), entryOf({ lateMerges: 9 }))], CLOSED)).toEqual(['late']);
  });

  it('cleans up rows that are merged, and has nothing to do for an hour without rows', () => {
    const files = many(2);
    expect(whys([rawHour(files, entryOf(), files)], CLOSED)).toEqual(['clean']);
    expect(whys([rawHour([], entryOf())], CLOSED)).toEqual([]);
  });

  it('comes in the order of need', () => {
    const at = (hour: string, files: number): readonly HotFile[] => Array.from({ length: files }, (_, i) => hot(1000 + i, 1, hour));
    const leftOver = at('2026-03-01-06', 1);
    const hours = [
      rawHour(leftOver, entryOf(), leftOver),
      rawHour(at('2026-03-01-11', 60)),
      rawHour(at('2026-03-01-08', 1), entryOf()),
      rawHour(at('2026-03-01-10', 1)),
      rawHour(at('2026-03-01-09', 1)),
    ];
    expect(whys(hours, CLOSED)).toEqual(['closed', 'closed', 'late', 'open', 'clean']);
  });
});

describe('a run', () => {
  it('takes the oldest files that fit, and one in any case', () => {
    const files = [hot(1, 5), hot(2, 5), hot(3, 5)];
    expect([1, 9, 10, 14, 15, 99].map((maxRows) => takeOldest(files, maxRows).length)).toEqual([1, 1, 2, 2, 3, 3]);
  });

  it('reads the arrival off a key', () => {
    expect(arrivalMsOf(hot(1_772_361_570_000).key)).toBe(1_772_361_570_000);
    expect(arrivalMsOf('hot/dt=x/other.parquet')).toBe(0);
  });
});

describe('expiry', () => {
  const DAY = 86_400_000;
  it.each<{ tier: Tier; dt: string; days: number; endMs: number }>([
    { tier: 'raw', dt: HOUR, days: 7, endMs: END_MS },
    { tier: '1m', dt: HOUR, days: 30, endMs: END_MS },
    { tier: '1h', dt: '2026-03-01', days: 365, endMs: hourStartMs('2026-03-02-00') },
  ])('takes a $tier partition out $days days after its end', ({ tier, dt, days, endMs }) => {
    const entry = entryOf({ tier, dt });
    expect(planExpiry([entry], DEFAULT_RETENTION, endMs + days * DAY, new Set())).toEqual([{ kind: 'expire', entry }]);
    expect(planExpiry([entry], DEFAULT_RETENTION, endMs + days * DAY - 1, new Set())).toEqual([]);
  });

  it('leaves a raw hour with hot rows to be merged first', () => {
    const entry = entryOf();
    expect(planExpiry([entry], DEFAULT_RETENTION, END_MS + 8 * DAY, new Set([HOUR]))).toEqual([]);
    expect(planExpiry([{ ...entry, tier: '1m' }], DEFAULT_RETENTION, END_MS + 31 * DAY, new Set([HOUR]))).toHaveLength(1);
  });
});
