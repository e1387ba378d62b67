import { describe, expect, it } from 'vitest';
import { SampleBatchBuilder, type SampleBatch } from '../../../shared/model/sample-batch.ts';
import { bitsOf, STALE_HIGH, STALE_LOW } from '../../../shared/model/stale.ts';
import { ParquetFileReader } from '../../../shared/parquet/file-reader.ts';
import { ParquetFileWriter } from '../../../shared/parquet/file-writer.ts';
import { sampleTable, SORTED_BY } from '../../../shared/parquet/schema.ts';
import { columnsOf } from '../../../shared/storage/hot-columns.ts';
import { buildHotObjects, type HotObject } from '../../../shared/storage/hot-object.ts';
import { readSamples, type SampleColumns, type WantedSamples } from '../../../shared/storage/hot-read.ts';
import { sortSamples } from '../../../shared/storage/hot-sort.ts';

const HOUR_14_MS = 1_789_999_200_000;
const OPTIONS = { promotedLabels: ['host', 'constructor'] };

type Series = readonly [metric: string, labels: string, samples: readonly (readonly [tMs: number, value: number | readonly [low: number, high: number]])[]];

const batchOf = (...series: readonly Series[]): SampleBatch => {
  const batch = new SampleBatchBuilder();
  for (const [metric, labels, samples] of series) {
    batch.series(metric, labels);
    for (const [tMs, value] of samples) {
      if (typeof value === 'number') batch.sample(tMs, value);
      else batch.sampleBits(tMs, value[0], value[1]);
    }
  }
  return batch.build();
};

const only = (objects: readonly HotObject[]): HotObject => {
  expect(objects.length).toBe(1);
  return objects[0] as HotObject;
};

const read = (bytes: Uint8Array, want: WantedSamples = { fromMs: -Infinity, toMs: Infinity }): Promise<SampleColumns> =>
  readSamples(async (offset, length) => bytes.subarray(offset, offset + length), bytes.length, want);

const hexOf = (samples: SampleColumns): string[] => {
  const bits = bitsOf(samples.values);
  return Array.from(samples.tMs, (t, i) => `${t}:${(bits[2 * i + 1] as number).toString(16)}:${(bits[2 * i] as number).toString(16)}`);
};

describe('buildHotObjects', () => {
  it('makes nothing of nothing', () => {
    expect(buildHotObjects([], OPTIONS)).toEqual([]);
    expect(buildHotObjects([batchOf(), batchOf(['m', '{}', []])], OPTIONS)).toEqual([]);
  });

  it('cuts by the hour of the samples, in order, and tells what each object holds', () => {
    const objects = buildHotObjects([
      batchOf(['b', '{"host":"x"}', [[HOUR_14_MS + 3_600_000, 3], [HOUR_14_MS + 3_599_999, 2]]], ['a', '{}', [[HOUR_14_MS, 1]]], ['z', '{}', [[-1, 9]]]),
    ], OPTIONS);
    expect(objects.map(({ bytes: _, ...rest }) => rest)).toEqual([
      { hour: '1969-12-31-23', rows: 1, minTMs: -1, maxTMs: -1, minMetric: 'z', maxMetric: 'z' },
      { hour: '2026-09-21-14', rows: 2, minTMs: HOUR_14_MS, maxTMs: HOUR_14_MS + 3_599_999, minMetric: 'a', maxMetric: 'b' },
      { hour: '2026-09-21-15', rows: 1, minTMs: HOUR_14_MS + 3_600_000, maxTMs: HOUR_14_MS + 3_600_000, minMetric: 'b', maxMetric: 'b' },
    ]);
  });

  it('sorts by metric, labels and time in UTF-8 byte order', async () => {
    const object = only(buildHotObjects([batchOf(['😀', '{}', [[2, 1], [1, 2]]], ['～', '{"a":"2"}', [[1, 3]]], ['～', '{"a":"1"}', [[1, 4]]], ['a', '{}', [[1, 5]]])], OPTIONS));
    const samples = await read(object.bytes);
    expect(samples.metrics).toEqual(['a', '～', '～', '😀']);
    expect(samples.labels).toEqual(['{}', '{"a":"1"}', '{"a":"2"}', '{}']);
    expect([...samples.values]).toEqual([5, 4, 3, 2, 1]);
    expect([object.minMetric, object.maxMetric]).toEqual(['a', '😀']);
  });

  const NAN = [0, 0x7ff80000] as const;
  const STALE = [STALE_LOW, STALE_HIGH] as const;
  it.each([
    ['the greater number', [1, 3, 2], 3],
    ['any number before NaN', [NAN, -Infinity], -Infinity],
    ['NaN before a stale marker', [STALE, NAN], NAN],
    ['any number before a stale marker', [STALE, -5], -5],
    ['+0 before -0', [-0, 0], 0],
    ['of two NaNs the one with the lesser bits', [[1, 0x7ff80000] as const, NAN], NAN],
  ])('keeps of one series and time %s', async (_name, values, winner) => {
    const series = values.map((value): SampleBatch => batchOf(['m', '{}', [[HOUR_14_MS, value]]]));
    const wanted = only(buildHotObjects([batchOf(['m', '{}', [[HOUR_14_MS, winner]]])], OPTIONS));
    for (const batches of [series, series.toReversed(), [batchOf(['m', '{}', values.map((value) => [HOUR_14_MS, value] as const)])]]) {
      expect(only(buildHotObjects(batches, OPTIONS)).bytes).toEqual(wanted.bytes);
    }
  });

  it('promotes labels, NULL where a series lacks them and never by inheritance', async () => {
    const { bytes } = only(buildHotObjects([batchOf(['m', '{"host":"a"}', [[1, 1]]], ['m', '{"rack":"r"}', [[1, 1]]])], OPTIONS));
    const file = await ParquetFileReader.open(async (offset, length) => bytes.subarray(offset, offset + length), bytes.length);
    const [group] = file.metadata.rowGroups;
    const columns = await file.readColumns(group as NonNullable<typeof group>, ['host', 'constructor']);
    const host = columns.column('host') as { readonly dictionary: readonly string[]; readonly runs: { readonly ids: Int32Array } };
    expect(host.dictionary).toEqual(['a']);
    expect([...host.runs.ids]).toEqual([0, -1]);
    expect(columns.column('constructor')).toMatchObject({ kind: 'text-runs', dictionary: [] });
  });
});

describe('readSamples', () => {
  const { bytes } = only(
    buildHotObjects([
      batchOf(
        ['cpu', '{"host":"a"}', [[1000, 1.5], [2000, [STALE_LOW, STALE_HIGH]], [3000, [7, 0x7ff80000]], [4000, -0]]],
        ['cpu', '{"host":"b"}', [[1000, 1 / 3], [2000, 4]]],
        ['mem', '{"host":"a"}', [[1000, 4096], [4000, 8192]]],
        ['net', '{"host":"a"}', [[500, 7]]],
      ),
    ], OPTIONS),
  );

  it('gives stale markers and NaN payloads by their bits', async () => {
    const samples = await read(bytes, { metrics: new Set(['cpu']), fromMs: -Infinity, toMs: Infinity });
    expect(hexOf(samples)).toEqual(['1000:3ff80000:0', '2000:7ff00000:2', '3000:7ff80000:7', '4000:80000000:0', '1000:3fd55555:55555555', '2000:40100000:0']);
  });

  it('gives the wanted metrics and times, both ends included, and no series without a sample', async () => {
    const samples = await read(bytes, { metrics: new Set(['mem', 'cpu', 'absent']), fromMs: 1500, toMs: 4000 });
    expect(samples.metrics).toEqual(['cpu', 'cpu', 'mem']);
    expect([...samples.offsets]).toEqual([0, 3, 4, 5]);
    expect([...samples.tMs]).toEqual([2000, 3000, 4000, 2000, 4000]);
    expect((await read(bytes, { metrics: new Set(['net']), fromMs: -Infinity, toMs: Infinity })).values[0]).toBe(7);
  });

  it('joins a series that lies in several row groups, and sorts those of buckets', async () => {
    const parts = [
      batchOf(['a', '{"host":"x"}', [[1, 1]]], ['b', '{"host":"x"}', [[1, 2], [2, 3]]]),
      batchOf(['a', '{"host":"a"}', [[1, 4]]], ['b', '{"host":"x"}', [[3, 5]]]),
    ];
    const writer = new ParquetFileWriter({ columns: sampleTable([]), sortedBy: SORTED_BY, zstdLevel: 3 });
    for (const part of parts) writer.writeRowGroup(part.tMs.length, columnsOf(sortSamples([part]), []));
    const samples = await read(writer.finish({}));
    expect(samples.metrics).toEqual(['a', 'a', 'b']);
    expect(samples.labels).toEqual(['{"host":"a"}', '{"host":"x"}', '{"host":"x"}']);
    expect([...samples.offsets]).toEqual([0, 1, 2, 5]);
    expect([...samples.values]).toEqual([4, 1, 2, 3, 5]);
  });

  it('tells a histogram from a stale marker', async () => {
    const sorted = sortSamples([batchOf(['a', '{}', [[1, 1], [2, [STALE_LOW, STALE_HIGH]], [3, [STALE_LOW, STALE_HIGH]]]])]);
    const histograms = { places: Uint32Array.of(1), bytes: [Uint8Array.of(1, 2)] };
    const writer = new ParquetFileWriter({ columns: sampleTable([]), sortedBy: SORTED_BY, zstdLevel: 1 });
    writer.writeRowGroup(3, columnsOf({ ...sorted, histograms }, []));
    const found = await read(writer.finish({}));
    expect(hexOf(found)).toEqual(['1:3ff00000:0', '2:7ff00000:2', '3:7ff00000:2']);
    expect(found.histograms).toEqual(histograms);
  });

  it('gives memory of its own to the few that are wanted, and that of the file to most', async () => {
    const samples = (count: number): [number, number][] => Array.from({ length: count }, (_, i) => [i, i]);
    const file = only(buildHotObjects([batchOf(['few', '{}', samples(10)], ['most', '{}', samples(90)])], OPTIONS));
    const few = await read(file.bytes, { metrics: new Set(['few']), fromMs: 0, toMs: 3 });
    expect([few.tMs.buffer.byteLength, few.values.buffer.byteLength]).toEqual([32, 32]);
    const most = await read(file.bytes, { metrics: new Set(['most']), fromMs: 20, toMs: Infinity });
    expect([...most.tMs]).toEqual(samples(90).slice(20).map(([tMs]) => tMs));
    expect([...most.values]).toEqual([...most.tMs]);
    expect(most.tMs.buffer.byteLength).toBe(800);
  });

  it('reads a small file in one request, and nothing but the footer where statistics rule the rest out', async () => {
    const reads: number[] = [];
    const counting = async (offset: number, length: number): Promise<Uint8Array> => (reads.push(length), bytes.subarray(offset, offset + length));
    await readSamples(counting, bytes.length, { fromMs: -Infinity, toMs: Infinity });
    expect(reads).toEqual([bytes.length]);
    expect((await readSamples(counting, bytes.length, { metrics: new Set(['zzz']), fromMs: 0, toMs: 9999 })).metrics).toEqual([]);
    expect((await readSamples(counting, bytes.length, { fromMs: 4001, toMs: Infinity })).metrics).toEqual([]);
  });
});
