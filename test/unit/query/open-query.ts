import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { DEFAULT_QUERY_LIMITS, makeQueryApp, type QueryPorts } from '../../../functions/query/query.ts';
import { addHotFile } from '../../../shared/catalog/hot-files.ts';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';
import { raiseWatermark, refreshShards } from '../../../shared/catalog/watermarks.ts';
import { openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import { openObjectDirectory } from '../../../shared/embedded/object-directory.ts';
import { SampleBatchBuilder } from '../../../shared/model/sample-batch.ts';
import { STALE_HIGH, STALE_LOW } from '../../../shared/model/stale.ts';
import { buildHotObjects } from '../../../shared/storage/hot-object.ts';
import type { ObjectStore } from '../../../shared/storage/object-store.ts';
import { makePieceCache } from '../../../shared/storage/piece-cache.ts';

export const NOW_MS = Date.UTC(2026, 0, 1, 12);

/** Canonical labels JSON, and samples as [offset from NOW_MS, value]. */
export type SeriesText = readonly [metric: string, labelsJson: string, ...samples: (readonly [tMs: number, value: number | 'stale'])[]];

export interface OpenQuery {
  readonly app: Hono<never>;
  readonly objects: ObjectStore;
  readonly catalog: ItemTable;
  readonly dir: string;
  /** Stores one hot object per hour and names it in the catalog. */
  store(...series: SeriesText[]): Promise<void>;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  close(): Promise<void>;
}

/** The app over a folder and a table in memory, as one machine has them. */
export const openQuery = async (ports: Partial<QueryPorts> = {}): Promise<OpenQuery> => {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-query-'));
  const objects = await openObjectDirectory(dir);
  const tables = await openItemTables(':memory:', ['catalog']);
  const catalog = tables.table('catalog');
  const cache = makePieceCache(64 * 1024 * 1024);
  const app = makeQueryApp({ objects, catalog, cache, nowMs: () => NOW_MS, limits: DEFAULT_QUERY_LIMITS, version: '0.1.0', ...ports });
  let files = 0;
  return {
    app: app as unknown as Hono<never>,
    objects,
    catalog,
    dir,
    async store(...series) {
      for (const object of buildHotObjects([batchOf(series)], { promotedLabels: ['host'] })) {
        const { bytes, ...row } = object;
        const key = `hot/dt=${object.hour}/${String(files++).padStart(6, '0')}.parquet`;
        await objects.putIfAbsent(key, bytes);
        await addHotFile(catalog, { ...row, key, bytes: bytes.length });
      }
    },
    get: async (path, headers = {}) => app.request(path, { headers }),
    async close() {
      await tables.close();
      await rm(dir, { recursive: true });
    },
  };
};

export const markStored = async (catalog: ItemTable, watermarkMs: number): Promise<void> => {
  await raiseWatermark(catalog, 'shard-0', watermarkMs + 1000);
  await refreshShards(catalog, [{ shardId: 'shard-0', parentIds: [], startingHashKey: '0', open: true }]);
};

const batchOf = (series: readonly SeriesText[]): ReturnType<SampleBatchBuilder['build']> => {
  const builder = new SampleBatchBuilder();
  for (const [metric, labels, ...samples] of series) {
    builder.series(metric, labels);
    for (const [tMs, value] of samples) {
      if (value === 'stale') builder.sampleBits(NOW_MS + tMs, STALE_LOW, STALE_HIGH);
      else builder.sample(NOW_MS + tMs, value);
    }
  }
  return builder.build();
};
