import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { type ColumnNames, DEFAULT_COLUMNS } from '../../../shared/backfill/csv.ts';
import { ParquetParser } from '../../../shared/backfill/parquet-rows.ts';
import { SampleFeed } from '../../../shared/backfill/sample-feed.ts';
import { readParquetSamples } from '../../../shared/embedded/parquet-samples.ts';
import { SampleBatchBuilder } from '../../../shared/model/sample-batch.ts';
import { bitsOf, isStaleAt, STALE_HIGH, STALE_LOW } from '../../../shared/model/stale.ts';
import { buildHotObjects } from '../../../shared/storage/hot-object.ts';
import { tempFolder } from '../../contract/temp-folder.ts';

const T_MS = Date.UTC(2023, 10, 14, 22, 13, 20);

/** Writes what a SELECT gives with DuckDB's own writer, whose codecs and encodings are not ours. */
const written = async (select: string, options = ''): Promise<string> => {
  const file = join(await tempFolder(), "it's.parquet");
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(`COPY (${select}) TO '${file.replaceAll("'", "''")}' (FORMAT parquet${options})`);
  connection.closeSync();
  return file;
};

const samplesOf = async (file: string, columns: ColumnNames = DEFAULT_COLUMNS): Promise<readonly string[]> => {
  const feed = new SampleFeed();
  const parser = new ParquetParser(file, feed);
  for await (const rows of readParquetSamples(file, columns)) parser.push(rows);
  const batch = feed.last();
  return (
    batch?.metrics.flatMap((metric, k) =>
      Array.from({ length: (batch.offsets[k + 1] as number) - (batch.offsets[k] as number) }, (_, i) => {
        const at = (batch.offsets[k] as number) + i;
        return `${metric}${batch.labels[k]} ${batch.tMs[at]} ${isStaleAt(bitsOf(batch.values), at) ? 'stale' : batch.values[at]}`;
      }),
    ) ?? []
  );
};

describe('a Parquet file', () => {
  it('of our own gives every sample back, stale markers too', async () => {
    const builder = new SampleBatchBuilder();
    builder.series('cpu', '{"host":"a","mode":"user"}');
    for (const [i, value] of [1.25, 0.1 + 0.2, -0, Number.NaN, Infinity, 1e300].entries()) builder.sample(T_MS + i * 1000, value);
    builder.sampleBits(T_MS + 6000, STALE_LOW, STALE_HIGH);
    builder.series('up', '{}');
    for (let i = 0; i < 5000; i++) builder.sample(T_MS + i, i);
    const file = join(await tempFolder(), 'ours.parquet');
    await writeFile(file, (buildHotObjects([builder.build()], { promotedLabels: ['host'] })[0] as { bytes: Uint8Array }).bytes);
    const found = await samplesOf(file);
    expect(found.slice(0, 7)).toEqual(
      [1.25, 0.1 + 0.2, 0, Number.NaN, Infinity, 1e300, 'stale'].map((value, i) => `cpu{"host":"a","mode":"user"} ${T_MS + i * 1000} ${value}`),
    );
    expect(found).toHaveLength(5007);
    expect(found.at(-1)).toBe(`up{} ${T_MS + 4999} 4999`);
  });

  it.each([
    { name: 'a map of labels, a timestamp with time zone, gzip', select: `SELECT 'm' AS metric, MAP {'host': 'a', 'none': NULL} AS labels, to_timestamp(1700000000) AS ts, 1.5::DECIMAL(5,2) AS value`, options: ', CODEC gzip' },
    { name: 'JSON text, nanoseconds, an older format', select: `SELECT 'm' AS metric, '{"host":"a"}' AS labels, TIMESTAMP_NS '2023-11-14 22:13:20' AS ts, 1.5::FLOAT AS value`, options: ', PARQUET_VERSION v2, CODEC snappy' },
    { name: 'a struct, seconds', select: `SELECT 'm' AS metric, {'host': 'a'} AS labels, 1700000000 AS ts, 1.5 AS value`, options: ', CODEC brotli' },
    { name: 'label columns, milliseconds', select: `SELECT 'a' AS host, NULL AS none, 'm' AS metric, 1700000000000 AS ts, 1.5 AS value`, options: ', CODEC uncompressed' },
  ])('with $name is read', async ({ select, options }) => {
    expect(await samplesOf(await written(select, options))).toEqual([`m{"host":"a"} ${T_MS} 1.5`]);
  });

  it('with other names of columns is read', async () => {
    const file = await written(`SELECT 'm' AS "na""me", TIMESTAMP '2023-11-14 22:13:20' AS t, 7 AS v`);
    expect(await samplesOf(file, { metric: 'na"me', time: 't', value: 'v' })).toEqual([`m{} ${T_MS} 7`]);
  });

  it.each([
    [`SELECT 'm' AS metric, 1 AS ts`, 'found no column "value"'],
    [`SELECT 'm' AS metric, 'soon' AS ts, 1 AS value`, 'found times of type VARCHAR under "ts"'],
    [`SELECT 'm' AS metric, NULL::BIGINT AS ts, 1 AS value`, 'row 1: found the time null'],
    [`SELECT NULL::VARCHAR AS metric, 1 AS ts, 1 AS value`, 'row 1: found no metric name'],
    [`SELECT 'm' AS metric, '[1]' AS labels, 1 AS ts, 1 AS value`, 'row 1: found labels "[1]"'],
    [`SELECT 'm' AS metric, '{"a":1}' AS labels, 1 AS ts, 1 AS value`, 'row 1: found the label "a" with "1"'],
    [`SELECT 'm' AS metric, 1 AS ts, 'x' AS value`, 'found what does not read as Parquet'],
  ])('of %s is refused: %s', async (select, message) => {
    await expect(written(select).then((file) => samplesOf(file))).rejects.toThrow(message);
  });

  it('that is none is refused', async () => {
    const file = join(await tempFolder(), 'x.parquet');
    await writeFile(file, 'PAR1 and no more');
    await expect(samplesOf(file)).rejects.toThrow('found what does not read as Parquet');
  });
});
