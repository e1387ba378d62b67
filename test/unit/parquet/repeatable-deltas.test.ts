import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../../shared/parquet/byte-reader.ts';
import { ByteWriter } from '../../../shared/parquet/byte-writer.ts';
import { areRepeatable, writeRepeatableDeltas } from '../../../shared/parquet/delta-binary-packed.ts';
import { readDeltas } from '../../../shared/parquet/delta-reader.ts';
import { ParquetFileReader } from '../../../shared/parquet/file-reader.ts';
import { MergeWriter } from '../../../shared/storage/merge-writer.ts';
import { readSamples } from '../../../shared/storage/hot-read.ts';

const write = (values: readonly number[]): Buffer => {
  const out = new ByteWriter(1);
  writeRepeatableDeltas(out, Float64Array.from(values));
  return out.written();
};

describe('deltas that repeat in bytes', () => {
  it.each([
    ['none', []],
    ['one', [7]],
    ['equal ones', [5, 5, 5]],
    ['regular ones', Array.from({ length: 3000 }, (_, i) => i * 10_000 - 2 ** 40)],
    ['a block and one', Array.from({ length: 1026 }, (_, i) => i * i)],
    ['a jump back', Array.from({ length: 2500 }, (_, i) => 1_789_999_200_000 + (i % 360) * 10_000 + ((i * 7919) % 900))],
    ['the widest', [0, 2 ** 31, 1, 5]],
  ])('give back %s', (_name, values) => {
    const bytes = write(values);
    expect(areRepeatable(Float64Array.from(values))).toBe(true);
    expect([...readDeltas(new ByteReader(bytes), values.length, 0, Infinity)]).toEqual(values);
    expect([...readDeltas(new ByteReader(bytes), values.length, 3, 1500)]).toEqual(values.slice(3, 1500));
  });

  it('are refused beyond 32 bits', () => {
    const values = [0, 2 ** 31, -1];
    expect(areRepeatable(Float64Array.from(values))).toBe(false);
    expect(() => write(values)).toThrow('found some of 5 bytes, 4 are allowed');
  });

  it('are the same bytes wherever they stand in a block', () => {
    const times = Array.from({ length: 300 }, (_, i) => i * 10_000 + ((i * 7919) % 900));
    const bytes = write([0, 5, -3_600_000, ...times, -7, ...times]);
    const part = bytes.subarray(20, 20 + 2 * 290);
    expect([bytes.indexOf(part), bytes.indexOf(part, 21) > 800]).toEqual([20, true]);
  });
});

describe('times that the series of a host share', () => {
  const HOSTS = 60;
  const METRICS = 6;

  const fileOf = (pointsOf: (host: number) => number, jitterMs: (host: number, i: number) => number) => {
    const writer = new MergeWriter({ promotedLabels: [] });
    for (let metric = 0; metric < METRICS; metric++) {
      for (let host = 0; host < HOSTS; host++) {
        const tMs = Float64Array.from({ length: pointsOf(host) }, (_, i) => i * 10_000 + jitterMs(host, i));
        writer.series(`m${metric}`, `{"host":"${String(host).padStart(3, '0')}"}`, [{ tMs, values: new Float64Array(tMs.length).fill(1), start: 0, end: tMs.length }]);
      }
    }
    return writer.finish() as NonNullable<ReturnType<MergeWriter['finish']>>;
  };
  const timesOf = async ({ bytes }: { readonly bytes: Uint8Array }) => {
    const file = await ParquetFileReader.open(async (offset, length) => bytes.subarray(offset, offset + length), bytes.length);
    const [chunk] = (file.metadata.rowGroups[0]?.chunks ?? []).filter(({ name }) => name === 'ts');
    return (chunk?.storedBytes ?? NaN) / file.metadata.rows;
  };
  const jitter = (host: number, i: number): number => Math.floor(((host * 360 + i) * 0.6180339887 * ((i % 7) + 1) % 1) * 900);

  it('take the bytes of one metric, whatever the number of its rows', async () => {
    const odd = await timesOf(fileOf((host) => 357 + (host % 3), jitter));
    const even = await timesOf(fileOf(() => 360, jitter));
    expect(odd).toBeLessThan(0.4);
    expect(Math.abs(odd - even)).toBeLessThan(0.03);
  });

  it('are cut into pages as told where they are regular', async () => {
    expect(await timesOf(fileOf((host) => 357 + (host % 3), () => 0))).toBeLessThan(0.02);
  });

  it('are read as they were written', async () => {
    const { bytes, rows } = fileOf((host) => 357 + (host % 3), jitter);
    const { offsets, tMs, labels } = await readSamples(async (offset, length) => bytes.subarray(offset, offset + length), bytes.length, { fromMs: -Infinity, toMs: Infinity, metrics: new Set(['m4']) });
    expect([labels.length, tMs.length * METRICS]).toEqual([HOSTS, rows]);
    const from = offsets[17] as number;
    expect([...tMs.subarray(from, from + 3)]).toEqual([0, 1, 2].map((i) => i * 10_000 + jitter(17, i)));
  });
});
