import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { storeDelivery, StoreMemory, type StorePorts } from '../../../functions/store/store.ts';
import type { StoreReport } from '../../../functions/store/store-report.ts';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';
import { type ItemTables, openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import { openObjectDirectory } from '../../../shared/embedded/object-directory.ts';
import { type MetricMetadata, SampleBatchBuilder } from '../../../shared/model/sample-batch.ts';
import type { ObjectListing, ObjectSweep } from '../../../shared/storage/object-store.ts';
import { encodeFrame } from '../../../shared/wire/frame.ts';
import type { DeliveredRecord, Delivery } from '../../../shared/wire/record-stream.ts';
import { tempFolder } from '../../contract/temp-folder.ts';

/** 2026-03-01T10:59:30Z, so that a flush of a minute lies in two hours. */
export const ARRIVAL_MS = Date.UTC(2026, 2, 1, 10, 59, 30);
export const SHARD = 'shard-000000';

export interface Row {
  readonly metric: string;
  readonly labels?: string;
  readonly tMs: number;
  readonly value: number;
}

/** A frame of `sender`; `id` stands in the last byte of the record id. */
export const frameOf = (id: number, rows: readonly Row[], sender = 'agent', metadata: readonly MetricMetadata[] = []): Uint8Array => {
  const builder = new SampleBatchBuilder();
  for (const { metric, labels = '{"host":"a"}', tMs, value } of rows) {
    builder.series(metric, labels);
    builder.sample(tMs, value);
  }
  for (const each of metadata) builder.describe(each);
  const recordId = new Uint8Array(16);
  new DataView(recordId.buffer).setUint32(12, id);
  return encodeFrame({ recordId, sender, flushIntervalMs: 10_000 }, builder.build());
};

/** Record number n has the sequence n + 1 and arrives n ms after the first. */
export const deliveryOf = (frames: readonly Uint8Array[], firstSequence = 1): Delivery => ({
  shardId: SHARD,
  records: frames.map(
    (data, i): DeliveredRecord => ({ sequence: String(firstSequence + i), arrivalMs: ARRIVAL_MS + firstSequence - 1 + i, partitionKey: `host-${i}`, data }),
  ),
});

export interface StoreRoad {
  readonly ports: StorePorts & { readonly objects: ObjectSweep & ObjectListing };
  /** As a process of its own, unless a memory is given. */
  readonly store: (delivery: Delivery, ports?: StorePorts, memory?: StoreMemory) => Promise<StoreReport>;
  /** Every object by key, in base64. */
  readonly objects: () => Promise<Record<string, string>>;
  /** Everything the catalog holds but the attempts, as text lines. */
  readonly rows: () => Promise<string[]>;
}

const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];
const TABLES = LETTERS.flatMap((first) => LETTERS.slice(0, 8).map((second) => `road_${first}${second}`));
let tables: Promise<ItemTables> | undefined;
let taken = 0;

/** A crash at every effect takes a table per effect: many in one thread open faster than a thread each. */
const freshTable = async (): Promise<ItemTable> => {
  if (tables === undefined || taken === TABLES.length) {
    tables = openItemTables(':memory:', TABLES, { nowMs: () => ARRIVAL_MS });
    taken = 0;
  }
  return (await tables).table(TABLES[taken++] as string);
};

export const openStoreRoad = async (): Promise<StoreRoad> => {
  const dir = await tempFolder();
  const ports = { objects: await openObjectDirectory(dir), catalog: await freshTable() };
  return {
    ports,
    store: (delivery, through = ports, memory = new StoreMemory()) => storeDelivery(through, delivery, { promotedLabels: ['host'], memory }),
    objects: async () => {
      const names = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
      const pairs = names.map(async (entry): Promise<[string, string]> => {
        const path = join(entry.parentPath, entry.name);
        return [path.slice(dir.length + 1), (await readFile(path)).toString('base64')];
      });
      return Object.fromEntries((await Promise.all(pairs)).sort(([a], [b]) => (a < b ? -1 : 1)));
    },
    rows: async () => {
      const hours = (await ports.catalog.query('hours')).map(({ sk }) => `hot/${sk}`);
      const partitions = ['hours', ...hours, 'watermark', 'metadata', 'quarantine', 'gaps'];
      return (await Promise.all(partitions.map((pk) => ports.catalog.query(pk)))).flat().map((item) => JSON.stringify(item));
    },
  };
};

/**
 * Ports of a process that dies at effect number `at`, counted from 0: before the effect comes about, or after. Nothing
 * that it calls afterwards comes about or answers.
 */
export const dyingPorts = (ports: StorePorts, at: number, effectHappens: boolean): { readonly ports: StorePorts; readonly died: () => boolean } => {
  let effects = 0;
  let dead = false;
  const effect = async <T>(run: () => Promise<T>): Promise<T> => {
    if (!dead && effects++ === at) {
      dead = true;
      if (effectHappens) await run();
    }
    if (dead) throw new Error('the process is dead');
    return run();
  };
  const alive = <T>(run: () => Promise<T>): Promise<T> => (dead ? Promise.reject(new Error('the process is dead')) : run());
  return {
    died: () => dead,
    ports: {
      objects: { putIfAbsent: (key, bytes) => effect(() => ports.objects.putIfAbsent(key, bytes)), get: (key, range) => alive(() => ports.objects.get(key, range)) },
      catalog: {
        get: (key) => alive(() => ports.catalog.get(key)),
        query: (pk, range) => alive(() => ports.catalog.query(pk, range)),
        transact: (writes) => effect(() => ports.catalog.transact(writes)),
      },
    },
  };
};
