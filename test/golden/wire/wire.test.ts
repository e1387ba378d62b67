import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cutHistograms } from '../../../shared/model/histogram-column.ts';
import { SampleBatchBuilder } from '../../../shared/model/sample-batch.ts';
import { decodeFrame, encodeFrame, FrameError } from '../../../shared/wire/frame.ts';

interface Vector {
  readonly recordId: string;
  readonly sender: string;
  readonly flushIntervalMs: number;
  readonly series: readonly {
    readonly metric: string;
    readonly labels: string;
    readonly tMs: readonly number[];
    readonly valueBits: readonly string[];
    /** In hex, by place; the value there is the stale marker. */
    readonly histograms?: Readonly<Record<string, string>>;
  }[];
  readonly metadata: readonly { readonly metric: string; readonly type: string; readonly help: string; readonly unit: string }[];
}

const folder = new URL('./', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
const bytesOf = (name: string): Buffer => Buffer.from(read(`${name}.hex`).replaceAll('\n', ''), 'hex');
const names = readdirSync(folder).filter((file) => file.endsWith('.hex')).map((file) => file.slice(0, -4));
const good = names.filter((name) => !name.startsWith('refused-'));
const refused = names.filter((name) => name.startsWith('refused-'));

const batchOf = (vector: Vector) => {
  const builder = new SampleBatchBuilder();
  for (const { metric, labels, tMs, valueBits, histograms } of vector.series) {
    builder.series(metric, labels);
    valueBits.forEach((bits, i) => {
      const histogram = histograms?.[i];
      if (histogram !== undefined) builder.histogram(tMs[i] as number, Buffer.from(histogram, 'hex'));
      else builder.sampleBits(tMs[i] as number, Number.parseInt(bits.slice(8), 16), Number.parseInt(bits.slice(0, 8), 16));
    });
  }
  for (const metadata of vector.metadata) builder.describe(metadata);
  return builder.build();
};

describe.each(good)('frame %s', (name) => {
  const vector = JSON.parse(read(`${name}.json`)) as Vector;

  it('decodes to what stands beside it', () => {
    const { header, batch } = decodeFrame(bytesOf(name));
    expect({ ...header, recordId: Buffer.from(header.recordId).toString('hex') }).toEqual({
      recordId: vector.recordId,
      sender: vector.sender,
      flushIntervalMs: vector.flushIntervalMs,
    });
    const bits = new BigUint64Array(batch.values.slice().buffer);
    const series = batch.metrics.map((metric, k) => {
      const [start, end] = [batch.offsets[k] as number, batch.offsets[k + 1] as number];
      const valueBits = Array.from(bits.subarray(start, end), (value) => value.toString(16).padStart(16, '0'));
      const held = cutHistograms(batch.histograms, start, end);
      const histograms = held && { histograms: Object.fromEntries(held.bytes.map((bytes, i) => [String(held.places[i]), Buffer.from(bytes).toString('hex')])) };
      return { metric, labels: batch.labels[k], tMs: [...batch.tMs.subarray(start, end)], valueBits, ...histograms };
    });
    expect(series).toEqual(vector.series);
    expect(batch.metadata).toEqual(vector.metadata);
  });
});

// Compressors differ in their output from version to version, so the compressed ones are only read.
describe.each(good.filter((name) => !/-(?:zstd|deflate)$/.test(name)))('frame %s', (name) => {
  const vector = JSON.parse(read(`${name}.json`)) as Vector;

  it('is what the writer writes, byte for byte', () => {
    const { sender, flushIntervalMs } = vector;
    const header = { recordId: Buffer.from(vector.recordId, 'hex'), sender, flushIntervalMs };
    expect(Buffer.from(encodeFrame(header, batchOf(vector), 'none')).toString('hex')).toBe(bytesOf(name).toString('hex'));
  });
});

it.each(refused)('frame %s is refused for the reason beside it', (name) => {
  const { error } = JSON.parse(read(`${name}.json`)) as { readonly error: string };
  const decode = (): unknown => decodeFrame(bytesOf(name));
  expect(decode).toThrow(FrameError);
  expect(decode).toThrow(error);
});
