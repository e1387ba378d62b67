import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compactMinute, type MinuteOptions, type MinuteReport } from '../../../functions/compact/compact.ts';
import { addHotFile, hotFilesOf, hoursWithSamples } from '../../../shared/catalog/hot-files.ts';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';
import { listPartitions, readManifest } from '../../../shared/catalog/partitions.ts';
import { raiseWatermark, refreshShards } from '../../../shared/catalog/watermarks.ts';
import type { CompactPorts } from '../../../shared/compaction/commit-attempt.ts';
import { compactHour, type CompactRun, type CompactSettings, type HourOutcome } from '../../../shared/compaction/compact-hour.ts';
import { type ItemTables, openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import { openObjectDirectory } from '../../../shared/embedded/object-directory.ts';
import { EMPTY_HISTOGRAM } from '../../../shared/histograms/histogram.ts';
import { decodeHistogram, encodeHistogram } from '../../../shared/histograms/histogram-bytes.ts';
import { histogramAt } from '../../../shared/model/histogram-column.ts';
import { hourStartMs } from '../../../shared/model/hour.ts';
import { type SampleBatch, SampleBatchBuilder } from '../../../shared/model/sample-batch.ts';
import { STALE_HIGH, STALE_LOW } from '../../../shared/model/stale.ts';
import { buildHotObjects } from '../../../shared/storage/hot-object.ts';
import { readSamples } from '../../../shared/storage/hot-read.ts';
import { type SortedSamples, sortSamples } from '../../../shared/storage/hot-sort.ts';
import type { ObjectListing } from '../../../shared/storage/object-store.ts';
import { tempFolder } from '../../contract/temp-folder.ts';

export const HOUR = '2026-03-01-10';
export const START_MS = hourStartMs(HOUR);
export const END_MS = START_MS + 3_600_000;

export interface Row {
  readonly metric: string;
  readonly labels?: string;
  /** Seconds after the hour's start. */
  readonly s: number;
  readonly value: number | 'stale' | HistogramName;
}

/** A histogram of so many observations. */
export type HistogramName = 'h1' | 'h2' | 'h3';

export interface CompactRoad {
  readonly ports: CompactPorts & { readonly objects: ObjectListing };
  /** Stores rows as one hot file of each hour, as a store step would. Returns the keys. */
  readonly addHot: (arrivalMs: number, rows: readonly Row[]) => Promise<readonly string[]>;
  readonly compact: (over?: Partial<CompactRun & CompactSettings>, ports?: CompactPorts) => Promise<HourOutcome>;
  readonly minute: (over: Partial<MinuteOptions> & { readonly nowMs: number }, ports?: CompactPorts) => Promise<MinuteReport>;
  readonly watermark: (watermarkMs: number) => Promise<void>;
  /** `metric labels s value` of every sample that a reader finds. */
  readonly read: () => Promise<readonly string[]>;
  readonly keys: () => Promise<readonly string[]>;
}

const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];
const TABLES = LETTERS.flatMap((first) => LETTERS.map((second) => `compact_${first}${second}`));
let tables: Promise<ItemTables> | undefined;
let taken = 0;
let attempts = 0;

/** Many tables in one thread open faster than a thread each. */
const freshTable = async (): Promise<ItemTable> => {
  if (tables === undefined || taken === TABLES.length) {
    tables = openItemTables(':memory:', TABLES, { nowMs: () => START_MS });
    taken = 0;
  }
  return (await tables).table(TABLES[taken++] as string);
};

export const openCompactRoad = async (): Promise<CompactRoad> => {
  const dir = await tempFolder();
  const ports = { objects: await openObjectDirectory(dir), catalog: await freshTable() };
  const settings = { promotedLabels: ['host'], buckets: 1 };
  return {
    ports,
    addHot: (arrivalMs, rows) => addHot(ports, arrivalMs, rows),
    compact: (over = {}, through = ports) => {
      const given = { ...settings, nowMs: END_MS + 600_000, watermarkMs: END_MS + 300_000, attempt: `t${attempts++}`, ...over };
      return compactHour(through, HOUR, given, given);
    },
    minute: (over, through = ports) => compactMinute(through, { ...settings, attempt: `t${attempts++}`, addressOf: (key) => `file:///lake/${key}`, ...over }),
    watermark: async (watermarkMs) => {
      await refreshShards(ports.catalog, [{ shardId: 'shard-0', parentIds: [], startingHashKey: '0', open: true }]);
      await raiseWatermark(ports.catalog, 'shard-0', watermarkMs + 1000);
    },
    read: () => readAll(ports),
    keys: async () => {
      const found = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
      return found.map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1)).sort();
    },
  };
};

const batchOf = (rows: readonly Row[]): SampleBatch => {
  const builder = new SampleBatchBuilder();
  for (const { metric, labels = '{"host":"a"}', s, value } of rows) {
    builder.series(metric, labels);
    if (value === 'stale') builder.sampleBits(START_MS + s * 1000, STALE_LOW, STALE_HIGH);
    else if (typeof value === 'number') builder.sample(START_MS + s * 1000, value);
    else builder.histogram(START_MS + s * 1000, encodeHistogram({ ...EMPTY_HISTOGRAM, count: Number(value.slice(1)), zeroCount: Number(value.slice(1)) }));
  }
  return builder.build();
};

const addHot = async ({ objects, catalog }: CompactPorts, arrivalMs: number, rows: readonly Row[]): Promise<readonly string[]> => {
  const keys: string[] = [];
  for (const { bytes, ...about } of buildHotObjects([batchOf(rows)], { promotedLabels: ['host'] })) {
    const key = `hot/dt=${about.hour}/${arrivalMs}-shard-0-1-2-${Buffer.from(bytes).toString('hex').length}${hashOf(rows)}.parquet`;
    await objects.putIfAbsent(key, bytes);
    await addHotFile(catalog, { ...about, key, bytes: bytes.length });
    keys.push(key);
  }
  return keys;
};

const hashOf = (rows: readonly Row[]): string => Buffer.from(JSON.stringify(rows)).reduce((sum, byte) => (Math.imul(sum, 31) + byte) >>> 0, 7).toString(16);

const readAll = async (ports: CompactPorts): Promise<readonly string[]> => {
  const reader = makeReader(ports);
  for (;;) {
    const found = await reader.next();
    if (found.done === true) return found.value;
  }
};

/**
 * A query in the steps between which anything may happen: hot rows, then the entries, then the manifests, then the files; identity
 * decides between rows that meet.
 */
export async function* makeReader({ objects, catalog }: CompactPorts): AsyncGenerator<undefined, readonly string[]> {
  const hours = await hoursWithSamples(catalog, -Infinity, Infinity);
  const hot = (await Promise.all(hours.map((hour) => hotFilesOf(catalog, hour)))).flat();
  yield;
  const entries = await listPartitions(catalog, 'raw');
  yield;
  const manifests = await Promise.all(entries.map(({ manifestKey }) => readManifest(objects, manifestKey)));
  yield;
  const files = [...hot, ...manifests.flatMap((manifest) => manifest.files)];
  const range = { fromMs: -Infinity, toMs: Infinity };
  const parts = await Promise.all(files.map(({ key, bytes }) => readSamples((offset, length) => objects.get(key, { offset, length }), bytes, range)));
  return linesOf(sortSamples(parts.map((part) => ({ ...part, metadata: [] }))));
}

/** `metric labels s value` of every sample that the rows are, by identity. */
export const samplesOf = (rows: readonly Row[]): readonly string[] => linesOf(sortSamples([batchOf(rows)]));

const linesOf = ({ metrics, labels, metricOf, labelsOf, offsets, tMs, values, histograms }: SortedSamples): readonly string[] => {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  return Array.from(metricOf, (id, k) => {
    const rows: string[] = [];
    for (let i = offsets[k] as number; i < (offsets[k + 1] as number); i++) {
      const histogram = histogramAt(histograms, i);
      const number = bits[2 * i] === STALE_LOW && bits[2 * i + 1] === STALE_HIGH ? 'stale' : Object.is(values[i], -0) ? '-0' : String(values[i]);
      const value = histogram === undefined ? number : `h${decodeHistogram(histogram).count}`;
      rows.push(`${metrics[id]} ${labels[labelsOf[k] as number]} ${((tMs[i] as number) - START_MS) / 1000} ${value}`);
    }
    return rows;
  }).flat();
};

/**
 * Ports of a process that dies at effect number `at`, counted from 0: before the effect comes about, or after. Nothing that it
 * calls afterwards comes about or answers.
 */
export const dyingPorts = ({ objects, catalog }: CompactPorts, at: number, effectHappens: boolean): { readonly ports: CompactPorts; readonly died: () => boolean } => {
  let effects = 0;
  let dead = false;
  const alive = <T>(run: () => Promise<T>): Promise<T> => (dead ? Promise.reject(new Error('the process is dead')) : run());
  const effect = async <T>(run: () => Promise<T>): Promise<T> => {
    if (!dead && effects++ === at) {
      dead = true;
      if (effectHappens) await run();
      throw new Error('the process is dead');
    }
    return alive(run);
  };
  return {
    died: () => dead,
    ports: {
      objects: {
        get: (key, range) => alive(() => objects.get(key, range)),
        putIfAbsent: (key, bytes) => effect(() => objects.putIfAbsent(key, bytes)),
        remove: (keys) => effect(() => objects.remove(keys)),
        replace: (key, bytes) => effect(() => objects.replace(key, bytes)),
      },
      catalog: {
        get: (key) => alive(() => catalog.get(key)),
        query: (pk, range) => alive(() => catalog.query(pk, range)),
        transact: (writes) => effect(() => catalog.transact(writes)),
      },
    },
  };
};
