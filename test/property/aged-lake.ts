import * as fc from 'fast-check';
import { listPartitions, removeEntryWrite, type Tier } from '../../shared/catalog/partitions.ts';
import { expiredMark } from '../../shared/compaction/coverage.ts';
import { HOUR_MS } from '../../shared/model/hour.ts';
import type { SelectSeries } from '../../shared/promql/series-source.ts';
import type { SelectTiers } from '../../shared/promql/tier-source.ts';
import { makePieceCache } from '../../shared/storage/piece-cache.ts';
import { makeSelectSeries } from '../../shared/storage/select-series.ts';
import { makeSelectTiers } from '../../shared/storage/select-tiers.ts';
import { openTierRollup } from '../../shared/storage/tier-rollup.ts';
import { DEFAULT_RETENTION } from '../../shared/tiers/retention.ts';
import { type CompactRoad, openCompactRoad, type Row, START_MS } from '../unit/compact/compact-road.ts';

/** Midnight after the first samples. */
export const MIDNIGHT_MS = START_MS + 14 * HOUR_MS;
const LIMITS = { maxSamples: 10_000_000 };

/** Samples of 30 hours from START_MS on: counters with resets and gauges of eighths, so that sums are exact. */
export const history: fc.Arbitrary<readonly Row[]> = fc
  .array(fc.record({ gapS: fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 5, max: 90 }) }, { weight: 2, arbitrary: fc.integer({ min: 90, max: 2000 }) }, { weight: 1, arbitrary: fc.constantFrom(60, 3600, 9000) }), kind: fc.nat(20), by: fc.integer({ min: 0, max: 80 }) }), { minLength: 100, maxLength: 260, size: 'max' })
  .map((moves) => {
    const rows: Row[] = [];
    let s = 0;
    let total = 0;
    for (const { gapS, kind, by } of moves) {
      s += gapS;
      if (s >= 30 * 3600) break;
      total = kind === 0 ? by : total + by;
      rows.push({ metric: 'c_total', labels: '{"host":"a"}', s, value: total }, { metric: 'g', labels: '{"host":"a"}', s: s + 1, value: kind === 1 ? 'stale' : kind === 2 ? Number.NaN : (by - 40) / 8 });
      if (kind > 10) rows.push({ metric: 'c_total', labels: '{"host":"b"}', s: s + 2, value: total * 2 }, { metric: 'g', labels: '{"host":"b"}', s, value: by });
    }
    return rows;
  });

export interface AgedLake {
  readonly road: CompactRoad;
  /** All raw samples, whatever expires. */
  readonly whole: SelectSeries;
  readonly tiers: () => SelectTiers;
  /** What expiry does to the partitions of a tier that begin before. */
  readonly forget: (tier: Tier, beforeMs: number) => Promise<void>;
}

/** Stores the rows hour by hour and compacts them, days included. */
export const openAgedLake = async (rows: readonly Row[], nowMs: number): Promise<AgedLake> => {
  const road = await openCompactRoad();
  await road.watermark(nowMs);
  await road.addHot(START_MS, rows);
  for (let minute = 0; minute < 3; minute++) await road.minute({ nowMs: nowMs + minute * 60_000, openRollup: () => openTierRollup(60_000, { promotedLabels: ['host'] }) });
  const block = await makeSelectSeries({ ...road.ports, cache: makePieceCache(0), limits: LIMITS })({ matchers: [], fromMs: -Infinity, toMs: Infinity });
  return {
    road,
    whole: async ({ matchers }) => {
      const [name] = matchers.filter((matcher) => matcher.name === '__name__');
      const kept = block.labels.flatMap((labels, k) => (labels.some(([key, value]) => key === '__name__' && value === name?.value) ? [k] : []));
      const from = block.offsets[kept[0] ?? 0] as number;
      const to = kept.length === 0 ? from : (block.offsets[(kept.at(-1) as number) + 1] as number);
      const offsets = Uint32Array.from([...kept.map((k) => (block.offsets[k] as number) - from), to - from]);
      return { labels: kept.map((k) => block.labels[k] as (typeof block.labels)[number]), offsets, tMs: block.tMs.subarray(from, to), values: block.values.subarray(from, to) };
    },
    tiers: () => makeSelectTiers({ ...road.ports, cache: makePieceCache(1e6), limits: LIMITS, retention: DEFAULT_RETENTION, nowMs }),
    forget: async (tier, beforeMs) => {
      const old = (await listPartitions(road.ports.catalog, tier)).filter(({ minTMs }) => minTMs < beforeMs);
      for (const entry of old) await road.ports.catalog.transact([expiredMark(entry), removeEntryWrite(entry)]);
    },
  };
};
