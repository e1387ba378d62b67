import { encodeFrame, decodeFrame } from '../../shared/wire/frame.ts';
import type { SampleBatch } from '../../shared/model/sample-batch.ts';
import { DEFAULT_PROMOTED_LABELS } from '../../shared/parquet/schema.ts';
import { buildHotObjects } from '../../shared/storage/hot-object.ts';
import { bestCpuSeconds, type Effort, type Measurement } from './measure.ts';
import { hyparquetBytes, parquetjsBytes } from './peer-writers.ts';
import { rowsOf } from './row-columns.ts';
import { makeHostBatches } from './workload.ts';

const CASES = [
  { name: '10-points', pointsPerSeries: 10, stepMs: 1_000 },
  { name: '6-points', pointsPerSeries: 6, stepMs: 10_000 },
] as const;
const HOSTS = 100;
/** As our own hot objects. */
const HOT_ZSTD_LEVEL = 1;

type Write = (batches: readonly SampleBatch[]) => number | Promise<number>;

const writeOurs: Write = (batches) =>
  buildHotObjects(batches, { promotedLabels: DEFAULT_PROMOTED_LABELS }).reduce((sum, { bytes }) => sum + bytes.length, 0);

/** Who writes, returning the bytes of the file, and how long it is run: a run of parquetjs-lite takes a second. */
const SUBJECTS: readonly { readonly name: string; readonly effort: Effort; readonly write: Write }[] = [
  { name: 'tidemark', effort: { runs: 30, ms: 3000 }, write: writeOurs },
  { name: 'hyparquet-writer', effort: { runs: 6, ms: 1500 }, write: (batches) => hyparquetBytes(rowsOf(batches), HOT_ZSTD_LEVEL) },
  { name: 'parquetjs-lite', effort: { runs: 2, ms: 0 }, write: (batches) => parquetjsBytes(rowsOf(batches)) },
];

/**
 * What the store step does with a batch of records: decode, sort, write Parquet. The peers get the same decoded and sorted
 * rows, and write four columns (metric, labels, ts, value) where we write thirteen.
 */
export async function* hotPath(): AsyncGenerator<Measurement> {
  for (const { name, pointsPerSeries, stepMs } of CASES) {
    const batches = makeHostBatches({ hosts: HOSTS, pointsPerSeries, stepMs, hasJitter: true });
    const records = batches.map((batch, host) =>
      encodeFrame({ recordId: recordIdOf(host), sender: `host-${host}`, flushIntervalMs: pointsPerSeries * stepMs }, batch),
    );
    const samples = batches.reduce((sum, batch) => sum + batch.tMs.length, 0);
    for (const subject of SUBJECTS) {
      let bytes = 0;
      const seconds = await bestCpuSeconds(subject.effort, async () => {
        bytes = await subject.write(records.map((record) => decodeFrame(record).batch));
      });
      const of = { bench: 'hot-path', case: name, subject: subject.name };
      yield { ...of, metric: 'samples_per_cpu_second', value: Math.round(samples / seconds), unit: 'samples/s' };
      yield { ...of, metric: 'bytes_per_sample', value: Math.round((bytes / samples) * 1000) / 1000, unit: 'bytes' };
    }
  }
}

const recordIdOf = (host: number): Uint8Array => {
  const id = new Uint8Array(16);
  new DataView(id.buffer).setUint32(12, host);
  return id;
};
