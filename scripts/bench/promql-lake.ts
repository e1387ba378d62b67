import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { storeDelivery, StoreMemory } from '../../functions/store/store.ts';
import { compactHour } from '../../shared/compaction/compact-hour.ts';
import { openItemTables } from '../../shared/embedded/item-sqlite.ts';
import { openObjectDirectory } from '../../shared/embedded/object-directory.ts';
import { HOUR_MS, hourOf } from '../../shared/model/hour.ts';
import type { SampleBatch } from '../../shared/model/sample-batch.ts';
import { DEFAULT_PROMOTED_LABELS } from '../../shared/parquet/schema.ts';
import { openTierRollup } from '../../shared/storage/tier-rollup.ts';
import { encodeFrame } from '../../shared/wire/frame.ts';
import { HOURS, POINTS, POINTS_PER_HOUR } from './promql-workload.ts';
import { cutScrapes } from './workload.ts';

const MINUTE_MS = 60_000;
const promotedLabels = DEFAULT_PROMOTED_LABELS;

/** Fills the folder of an installation with the samples as a day leaves them: compacted hours, raw and by the minute. */
export const makeLake = async (folder: string, startMs: number, batch: SampleBatch): Promise<void> => {
  mkdirSync(folder, { recursive: true });
  const tables = await openItemTables(join(folder, 'items.sqlite'), ['catalog', 'alerts', 'queue']);
  const ports = { objects: await openObjectDirectory(join(folder, 'objects')), catalog: tables.table('catalog') };
  const settings = { promotedLabels, buckets: 1, openRollup: () => openTierRollup(MINUTE_MS, { promotedLabels }) };
  for (let hour = 0; hour < HOURS; hour++) {
    const fromMs = startMs + hour * HOUR_MS;
    const cut = cutScrapes(batch, POINTS, hour * POINTS_PER_HOUR, (hour + 1) * POINTS_PER_HOUR);
    const recordId = new Uint8Array(16).fill(hour + 1);
    const data = encodeFrame({ recordId, sender: 'bench', flushIntervalMs: MINUTE_MS }, cut);
    const record = { sequence: String(hour), arrivalMs: fromMs + HOUR_MS, partitionKey: 'bench', data };
    await storeDelivery(ports, { shardId: 'bench', records: [record] }, { promotedLabels, memory: new StoreMemory() });
    const run = { nowMs: fromMs + HOUR_MS + 10 * MINUTE_MS, watermarkMs: fromMs + HOUR_MS + 5 * MINUTE_MS, attempt: `bench${hour}` };
    const outcome = await compactHour(ports, hourOf(fromMs), settings, run);
    if (outcome.kind !== 'merged' || outcome.rows !== cut.tMs.length) throw new Error(`compact ${hourOf(fromMs)}: found ${JSON.stringify(outcome)}, ${cut.tMs.length} merged rows are allowed`);
  }
  await tables.close();
};
