import { compactLakes, type LakesOptions } from '../../../functions/compact/compact-lakes.ts';
import type { MinuteReport } from '../../../functions/compact/compact.ts';
import { storeDelivery, StoreMemory } from '../../../functions/store/store.ts';
import { makeSqlPlan } from '../../../scripts/start/sql-plan.ts';
import { raiseWatermark, refreshShards } from '../../../shared/catalog/watermarks.ts';
import type { CompactPorts } from '../../../shared/compaction/commit-attempt.ts';
import { openDuckDb } from '../../../shared/embedded/duckdb.ts';
import { openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import { openObjectDirectory } from '../../../shared/embedded/object-directory.ts';
import { makeCutByClass } from '../../../shared/lakes/cut-by-class.ts';
import type { RetentionClass } from '../../../shared/lakes/retention-class.ts';
import { formatLabels } from '../../../shared/model/labels.ts';
import type { Matcher } from '../../../shared/promql/matcher.ts';
import type { TierName } from '../../../shared/promql/tier-source.ts';
import type { ObjectListing } from '../../../shared/storage/object-store.ts';
import { listAll } from '../../../shared/storage/object-store.ts';
import { makePieceCache } from '../../../shared/storage/piece-cache.ts';
import { makeSelectSeries } from '../../../shared/storage/select-series.ts';
import { makeSelectTiers } from '../../../shared/storage/select-tiers.ts';
import { listSeries } from '../../../shared/storage/series-lists.ts';
import { openTierRollup } from '../../../shared/storage/tier-rollup.ts';
import { DEFAULT_RETENTION } from '../../../shared/tiers/retention.ts';
import { tempFolder } from '../../contract/temp-folder.ts';
import { ARRIVAL_MS, deliveryOf, frameOf, type Row } from '../store/store-road.ts';

const PROMOTED = ['host'];

export interface ClassRoad {
  readonly ports: CompactPorts & { readonly objects: ObjectListing };
  /** Stores rows as a delivery of their own, which is number `id`. */
  readonly store: (classes: readonly RetentionClass[], id: number, rows: readonly Row[]) => Promise<void>;
  readonly compact: (nowMs: number, over?: Partial<LakesOptions>) => Promise<MinuteReport>;
  readonly watermark: (watermarkMs: number) => Promise<void>;
  /** As SQL names objects. */
  readonly addressOf: (key: string) => string;
  readonly keys: () => Promise<readonly string[]>;
  /** `series s value`, by PromQL and by SQL; s counts from the arrival. */
  readonly promql: () => Promise<readonly string[]>;
  readonly sql: () => Promise<readonly string[]>;
  readonly series: () => Promise<readonly string[]>;
  /** What answers a selector at a time: `tier: series count` of buckets, `raw: series samples`. */
  readonly tiers: (matchers: readonly Matcher[], nowMs: number, prefer?: TierName) => Promise<readonly string[]>;
}

let attempts = 0;

export const openClassRoad = async (): Promise<ClassRoad> => {
  const dir = await tempFolder();
  const catalog = (await openItemTables(':memory:', ['catalog'], { nowMs: () => ARRIVAL_MS })).table('catalog');
  const ports = { objects: await openObjectDirectory(dir), catalog };
  const query = { ...ports, cache: makePieceCache(1e7), limits: { maxSamples: 1000 } };
  const addressOf = (key: string): string => `file://${dir}/${key}`;
  const shown = (series: string, tMs: number, value: number): string => `${series} ${(tMs - ARRIVAL_MS) / 1000} ${value}`;
  return {
    ports,
    addressOf,
    store: async (classes, id, rows) => {
      const delivery = deliveryOf([frameOf(2 * id, rows), frameOf(2 * id + 1, [])], 2 * id + 1);
      await storeDelivery(ports, delivery, { promotedLabels: PROMOTED, memory: new StoreMemory(), cut: makeCutByClass(classes) });
    },
    compact: (nowMs, over = {}) =>
      compactLakes(ports, {
        nowMs,
        attempt: `t${attempts++}`,
        promotedLabels: PROMOTED,
        buckets: 1,
        addressOf,
        openRollup: () => openTierRollup(60_000, { promotedLabels: PROMOTED }),
        ...over,
      }),
    watermark: async (watermarkMs) => {
      await refreshShards(catalog, [{ shardId: 'shard-000000', parentIds: [], startingHashKey: '0', open: true }]);
      await raiseWatermark(catalog, 'shard-000000', watermarkMs + 1000);
    },
    keys: async () => {
      const keys: string[] = [];
      for await (const { key } of listAll(ports.objects, '')) keys.push(key);
      return keys;
    },
    promql: async () => {
      const { labels, offsets, tMs, values } = await makeSelectSeries(query)({ matchers: [], fromMs: -Infinity, toMs: Infinity });
      return labels.flatMap((pairs, k) => Array.from(tMs.subarray(offsets[k], offsets[k + 1]), (t, i) => shown(formatLabels(pairs), t, values[(offsets[k] as number) + i] as number)));
    },
    sql: async () => {
      const runSql = openDuckDb({ plan: makeSqlPlan(query, dir), promotedLabels: PROMOTED, memoryMb: 256, timeoutMs: 20_000 });
      const { rows } = await runSql({ query: 'SELECT metric, host, ts, "value" FROM samples', parameters: [] });
      return rows.map(([metric, host, ts, value]) => shown(`${String(metric)}{host="${String(host)}"}`, Number(ts), Number(value))).sort();
    },
    tiers: async (matchers, nowMs, prefer = 'raw') => {
      const select = makeSelectTiers({ ...query, retention: DEFAULT_RETENTION, nowMs });
      const { raw, buckets, segments } = await select({ matchers, fromMs: ARRIVAL_MS - 3_600_000, toMs: ARRIVAL_MS, prefer, columns: ['count', 'sum'] });
      const sums = buckets.labels.map((labels, k) => {
        const sum = (column: Float64Array): number => column.subarray(buckets.offsets[k], buckets.offsets[k + 1]).reduce((total, value) => total + value, 0);
        return `${segments.map(({ tier }) => tier).join()}: ${formatLabels(labels)} ${sum(buckets.count)} ${sum(buckets.sum)}`;
      });
      return [...raw.labels.map((labels, k) => `raw: ${formatLabels(labels)} ${(raw.offsets[k + 1] as number) - (raw.offsets[k] as number)}`), ...sums];
    },
    series: async () => (await listSeries(query, { selectors: [], fromMs: -Infinity, toMs: Infinity })).found.map(formatLabels),
  };
};
