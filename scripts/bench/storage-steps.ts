import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { DuckDBInstance } from '@duckdb/node-api';
import { storeDelivery, StoreMemory } from '../../functions/store/store.ts';
import { compactHour } from '../../shared/compaction/compact-hour.ts';
import type { CompactPorts } from '../../shared/compaction/commit-attempt.ts';
import type { OpenRollup } from '../../shared/compaction/rollup-sink.ts';
import { openItemTables } from '../../shared/embedded/item-sqlite.ts';
import { openObjectDirectory } from '../../shared/embedded/object-directory.ts';
import { HOUR_MS, hourOf } from '../../shared/model/hour.ts';
import type { SampleBatch } from '../../shared/model/sample-batch.ts';
import { DEFAULT_PROMOTED_LABELS } from '../../shared/parquet/schema.ts';
import { readGroups } from '../../shared/storage/merge-read.ts';
import { openTierRollup } from '../../shared/storage/tier-rollup.ts';
import { encodeFrame } from '../../shared/wire/frame.ts';
import type { DeliveredRecord } from '../../shared/wire/record-stream.ts';
import { bestCpuSeconds, cpuSeconds } from './measure.ts';
import { hyparquetBytes, parquetjsBytes } from './peer-writers.ts';
import { rowsOf } from './row-columns.ts';
import { cutScrapes, makeHostBatches, WORKLOAD_START_MS } from './workload.ts';

/** A number that a step found. */
export interface Figure {
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
}

/** One process each: what a step does is all that its process does. `folder` is what the steps of a workload share. */
export type Step = (folder: string, hasJitter: boolean) => Promise<readonly Figure[]>;

const HOSTS = 100;
const STEP_MS = 10_000;
const POINTS = HOUR_MS / STEP_MS;
export const SAMPLES = HOSTS * 100 * POINTS;
const POINTS_PER_OBJECT = 6;
const DELIVERIES = POINTS / POINTS_PER_OBJECT;
const HOUR = hourOf(WORKLOAD_START_MS);
/** parquetjs-lite takes half a minute for all; a fifth has the same bytes a sample. */
const PARQUETJS_HOSTS = 20;
/** As our own compacted files. */
const COMPACTED_ZSTD_LEVEL = 3;

const MINUTE_MS = 60_000;
const promotedLabels = DEFAULT_PROMOTED_LABELS;
const openRollup: OpenRollup = () => openTierRollup(MINUTE_MS, { promotedLabels });

export const bytesPerSample = (bytes: number, metric = 'bytes_per_sample', samples = SAMPLES): Figure => ({
  metric,
  value: Math.round((bytes / samples) * 10_000) / 10_000,
  unit: 'bytes',
});

export const samplesPerCpuSecond = (seconds: number, samples = SAMPLES): Figure => ({
  metric: 'samples_per_cpu_second',
  value: Math.round(samples / seconds),
  unit: 'samples/s',
});

export const hourOfSamples = (hasJitter: boolean, hosts = HOSTS): readonly SampleBatch[] =>
  makeHostBatches({ hosts, pointsPerSeries: POINTS, stepMs: STEP_MS, hasJitter });

/** Writes the deliveries of the hour: of each host one record a minute, as agents send that flush every minute. */
const makeRecords: Step = async (folder, hasJitter) => {
  const batches = hourOfSamples(hasJitter);
  mkdirSync(join(folder, 'deliveries'), { recursive: true });
  for (let i = 0; i < DELIVERIES; i++) {
    const records = batches.map((batch, host): DeliveredRecord => {
      const recordId = new Uint8Array(16);
      new DataView(recordId.buffer).setUint32(12, i * HOSTS + host);
      const cut = cutScrapes(batch, POINTS, i * POINTS_PER_OBJECT, (i + 1) * POINTS_PER_OBJECT);
      return {
        sequence: String(i * HOSTS + host),
        arrivalMs: WORKLOAD_START_MS + (i + 1) * MINUTE_MS,
        partitionKey: `host-${host}`,
        data: encodeFrame({ recordId, sender: `host-${host}`, flushIntervalMs: MINUTE_MS }, cut),
      };
    });
    writeFileSync(join(folder, 'deliveries', String(i)), serialize(records));
  }
  return [];
};

interface OpenPorts {
  readonly ports: CompactPorts;
  readonly close: () => Promise<void>;
}

const openPorts = async (folder: string, catalog: string): Promise<OpenPorts> => {
  const tables = await openItemTables(join(folder, catalog), ['catalog']);
  return { ports: { objects: await openObjectDirectory(join(folder, 'objects')), catalog: tables.table('catalog') }, close: () => tables.close() };
};

/** The store step: decodes the records of a minute, sorts, writes one hot object, and its row into the catalog. */
const store: Step = async (folder) => {
  const { ports, close } = await openPorts(folder, 'catalog.sqlite');
  const memory = new StoreMemory();
  let rows = 0;
  let bytes = 0;
  let seconds = 0;
  for (let i = 0; i < DELIVERIES; i++) {
    const records = deserialize(readFileSync(join(folder, 'deliveries', String(i)))) as readonly DeliveredRecord[];
    seconds += await cpuSeconds(async () => {
      const report = await storeDelivery(ports, { shardId: 'shard-0', records }, { promotedLabels, memory });
      rows += report.rows;
      bytes += report.bytes;
    });
  }
  await close();
  expectSamples('store', rows);
  return [bytesPerSample(bytes), samplesPerCpuSecond(seconds)];
};

const expectSamples = (step: string, samples: number): void => {
  if (samples !== SAMPLES) throw new Error(`${step}: found ${samples} samples, ${SAMPLES} are allowed`);
};

/**
 * Merges all hot objects of the hour. A commit leaves the hot objects where they are for an hour, so a copy of the catalog
 * as it was before is all that the next run needs.
 */
const compact = (prefix: string, rollup?: OpenRollup): Step => async (folder) => {
  let runs = 0;
  const settings = { promotedLabels, buckets: 1, ...(rollup === undefined ? {} : { openRollup: rollup }) };
  const endMs = WORKLOAD_START_MS + HOUR_MS;
  const seconds = await bestCpuSeconds({ runs: 3, ms: 0 }, async () => {
    const catalog = `catalog-${prefix}${runs}.sqlite`;
    copyFileSync(join(folder, 'catalog.sqlite'), join(folder, catalog));
    const { ports, close } = await openPorts(folder, catalog);
    const run = { nowMs: endMs + 10 * MINUTE_MS, watermarkMs: endMs + 5 * MINUTE_MS, attempt: `${prefix}${runs++}` };
    const outcome = await compactHour(ports, HOUR, settings, run);
    await close();
    expectSamples('compact', outcome.kind === 'merged' ? outcome.rows : 0);
  });
  const attempt = `${prefix}${runs - 1}`;
  const minute = rollup === undefined ? [] : [bytesPerSample(bytesOf(folder, '1m', attempt).whole, '1m_bytes_per_sample')];
  const { whole, manifest, seriesIndex } = bytesOf(folder, 'raw', attempt);
  return [
    bytesPerSample(whole),
    samplesPerCpuSecond(seconds),
    bytesPerSample(manifest, 'manifest_bytes_per_sample'),
    bytesPerSample(seriesIndex, 'series_index_bytes_per_sample'),
    ...minute,
  ];
};

/** Of all files of one version of the hour's partition. */
const bytesOf = (folder: string, tier: string, attempt: string): { readonly whole: number; readonly manifest: number; readonly seriesIndex: number } => {
  const partition = join(folder, 'objects', tier, `dt=${HOUR}`);
  const names = readdirSync(partition).filter((name) => new RegExp(`^_?v1-${attempt}\\b`).test(name));
  const sum = (kind: (name: string) => boolean): number => names.filter(kind).reduce((bytes, name) => bytes + statSync(join(partition, name)).size, 0);
  return { whole: sum(() => true), manifest: sum((name) => name.endsWith('.json')), seriesIndex: sum(isSeriesIndex) };
};

/** Of the files of a partition those beginning with an underscore hold no samples. */
const isSeriesIndex = (name: string): boolean => name.startsWith('_') && name.endsWith('.parquet');

/** The rollup alone: 1m buckets of the compacted hour's decoded samples, and their Parquet file. */
const rollUp: Step = async (folder) => {
  const partition = join(folder, 'objects', 'raw', `dt=${HOUR}`);
  const name = readdirSync(partition).find((each) => each.endsWith('.parquet') && !isSeriesIndex(each)) as string;
  const bytes = readFileSync(join(partition, name));
  const groups: SampleBatch[] = [];
  for await (const group of readGroups((offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)), bytes.length)) groups.push(group);
  expectSamples('roll up', groups.reduce((sum, { tMs }) => sum + tMs.length, 0));
  let rows = 0;
  let tierBytes = 0;
  const seconds = await bestCpuSeconds({ runs: 3, ms: 0 }, () => {
    const rollup = openTierRollup(MINUTE_MS, { promotedLabels });
    for (const { metrics, labels, offsets, tMs, values } of groups) {
      metrics.forEach((metric, k) => rollup.series(metric, labels[k] as string, tMs, values, offsets[k] as number, offsets[k + 1] as number));
    }
    const built = rollup.finish();
    rows = built?.rows ?? 0;
    tierBytes = built?.bytes.length ?? 0;
  });
  return [bytesPerSample(tierBytes), samplesPerCpuSecond(seconds), bytesPerSample(tierBytes, 'bytes_per_row', rows)];
};

/** One run, cold: it takes a second or more, in which a warm-up is lost. */
const hyparquet: Step = async (_folder, hasJitter) => {
  const rows = rowsOf(hourOfSamples(hasJitter));
  let bytes = 0;
  const seconds = await cpuSeconds(() => {
    bytes = hyparquetBytes(rows, COMPACTED_ZSTD_LEVEL);
  });
  return [bytesPerSample(bytes), samplesPerCpuSecond(seconds)];
};

const parquetjs: Step = async (_folder, hasJitter) => {
  const rows = rowsOf(hourOfSamples(hasJitter, PARQUETJS_HOSTS));
  let bytes = 0;
  const seconds = await cpuSeconds(async () => {
    bytes = await parquetjsBytes(rows);
  });
  return [bytesPerSample(bytes, undefined, rows.values.length), samplesPerCpuSecond(seconds, rows.values.length)];
};

/** Does the whole of a compaction: reads our hot objects, sorts, and writes one file. Samples never stand twice in this workload. */
const duckdb: Step = async (folder) => {
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  const file = join(folder, 'duckdb.parquet');
  const value = 'coalesce("value", (vbase + vmul * voff) / vdiv)';
  const seconds = await cpuSeconds(() =>
    connection.run(
      `COPY (SELECT metric, labels, ts, ${value} AS "value" FROM read_parquet('${join(folder, 'objects/hot')}/*/*.parquet', hive_partitioning = false)
       ORDER BY metric, labels, ts) TO '${file}'
       (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL ${COMPACTED_ZSTD_LEVEL}, PARQUET_VERSION v2, ROW_GROUP_SIZE 4000000)`,
    ),
  );
  return [bytesPerSample(statSync(file).size), samplesPerCpuSecond(seconds)];
};

export const STEPS = {
  'make-records': makeRecords,
  store,
  compact: compact('a'),
  'compact-and-roll-up': compact('b', openRollup),
  'roll-up': rollUp,
  hyparquet,
  parquetjs,
  duckdb,
} as const satisfies Readonly<Record<string, Step>>;
