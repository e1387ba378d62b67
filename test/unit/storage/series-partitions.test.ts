import { describe, expect, it } from 'vitest';
import type { PartitionEntry, Tier } from '../../../shared/catalog/partitions.ts';
import { HOUR_MS, hourStartMs } from '../../../shared/model/hour.ts';
import { choosePartitions } from '../../../shared/storage/series-partitions.ts';

const DAY = '2026-01-02';
const DAY_START_MS = hourStartMs(`${DAY}-00`);
const hour = (h: number): string => `${DAY}-${String(h).padStart(2, '0')}`;

const entry = (tier: Tier, dt: string, version: number, builtFrom?: Readonly<Record<string, number>>): PartitionEntry => {
  const startMs = hourStartMs(tier === '1h' ? `${dt}-00` : dt);
  const lastMs = { raw: HOUR_MS - 1000, '1m': HOUR_MS - 60_000, '1h': 23 * HOUR_MS }[tier];
  const about = { files: 1, rows: 1, bytes: 1, mergedHotCount: 0, isClosed: true, lateMerges: 0 };
  return { tier, dt, version, manifestKey: `${tier}/${dt}`, minTMs: startMs, maxTMs: startMs + lastMs, ...about, ...(builtFrom === undefined ? {} : { builtFrom }) };
};

const HOURS = Array.from({ length: 24 }, (_, h) => h);
const RAW = HOURS.map((h) => entry('raw', hour(h), 2));
const MINUTES = HOURS.map((h) => entry('1m', hour(h), 3, { [hour(h)]: 2 }));
const DAYS = [entry('1h', DAY, 1, Object.fromEntries(HOURS.map((h) => [hour(h), 3])))];
const ALL = { raw: RAW, minutes: MINUTES, days: DAYS };
const EVER = { fromMs: -Infinity, toMs: Infinity };
const chosen = (entries: Parameters<typeof choosePartitions>[0], range = EVER): readonly string[] => choosePartitions(entries, range).map(({ tier, dt }) => `${tier} ${dt}`);

describe('the partitions that hold all series of a time', () => {
  it('are the days where they are whole, and raw hours elsewhere', () => {
    expect(chosen(ALL)).toEqual([`1h ${DAY}`]);
    expect(chosen({ ...ALL, days: [] })).toEqual(HOURS.map((h) => `raw ${hour(h)}`));
    expect(chosen({ ...ALL, raw: RAW.slice(20), days: [] })).toEqual([...[20, 21, 22, 23].map((h) => `raw ${hour(h)}`), ...HOURS.slice(0, 20).map((h) => `1m ${hour(h)}`)]);
  });

  it('are hours at the ends of the range, as long as there are any', () => {
    const range = { fromMs: DAY_START_MS + 22 * HOUR_MS + 5, toMs: Infinity };
    expect(chosen(ALL, range)).toEqual([`raw ${hour(22)}`, `raw ${hour(23)}`]);
    expect(chosen({ ...ALL, raw: [] }, range)).toEqual([`1m ${hour(22)}`, `1m ${hour(23)}`]);
    expect(chosen({ raw: [], minutes: MINUTES.slice(23), days: DAYS }, range)).toEqual([`1h ${DAY}`, `1m ${hour(23)}`]);
    expect(chosen({ raw: [], minutes: [], days: DAYS }, range)).toEqual([`1h ${DAY}`]);
    expect(chosen(ALL, { fromMs: DAY_START_MS - 10, toMs: DAY_START_MS - 1 })).toEqual([]);
    expect(chosen(ALL, { fromMs: DAY_START_MS + 24 * HOUR_MS, toMs: Infinity })).toEqual([]);
  });

  it('are a day and the hours that changed since it was built', () => {
    const minutes = MINUTES.map((each, h) => (h === 4 ? entry('1m', hour(4), 4, { [hour(4)]: 3 }) : each));
    const raw = RAW.map((each, h) => (h === 4 ? entry('raw', hour(4), 3) : each));
    expect(chosen({ raw, minutes, days: DAYS })).toEqual([`1h ${DAY}`, `raw ${hour(4)}`]);
    expect(chosen({ raw: [], minutes, days: DAYS })).toEqual([`1h ${DAY}`, `1m ${hour(4)}`]);
  });

  it('are both tiers of an hour where one was not made of the other', () => {
    const raw = [entry('raw', hour(4), 3), entry('raw', hour(5), 1)];
    expect(chosen({ raw, minutes: [MINUTES[4] as PartitionEntry], days: [] })).toEqual([`raw ${hour(4)}`, `1m ${hour(4)}`, `raw ${hour(5)}`]);
    expect(chosen({ raw, minutes: MINUTES, days: DAYS })).toEqual([`1h ${DAY}`, `raw ${hour(4)}`, `1m ${hour(4)}`, `raw ${hour(5)}`, `1m ${hour(5)}`]);
  });

  it('count the last bucket of a tier as a whole', () => {
    const lastMs = DAY_START_MS + 4 * HOUR_MS - 1;
    expect(chosen({ raw: [], minutes: MINUTES, days: [] }, { fromMs: lastMs, toMs: lastMs })).toEqual([`1m ${hour(3)}`]);
  });
});
