import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PermanentError } from '../../shared/errors.ts';
import { encodeHistogram } from '../../shared/histograms/histogram-bytes.ts';
import { histogramAt } from '../../shared/model/histogram-column.ts';
import { labelsToJson, makeLabels } from '../../shared/model/labels.ts';
import { type SampleBatch, SampleBatchBuilder } from '../../shared/model/sample-batch.ts';
import { decodeFrame, encodeFrame, encodeFrames, FrameError, isHeartbeat } from '../../shared/wire/frame.ts';
import { anyHistogram } from '../support/any-histogram.ts';

const text = fc.string({ unit: fc.constantFrom('a', 'b', '"', '\\', '\n', 'é', '😀', '\uffff', '\0', '1', '_'), minLength: 1, maxLength: 6 });
const labels = fc.dictionary(text, text, { maxKeys: 4 }).map((pairs) => labelsToJson(makeLabels(Object.entries(pairs))));
const bits = fc.tuple(fc.nat({ max: 0xffffffff }), fc.nat({ max: 0xffffffff }));
const STALE: [number, number] = [2, 0x7ff00000];
const halves = (value: number): [number, number] => {
  const words = new Uint32Array(Float64Array.of(value).buffer);
  return [words[0] as number, words[1] as number];
};
const value = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -1000, max: 1000 }).map((n) => halves(n)) },
  { weight: 3, arbitrary: fc.integer({ min: -100_000, max: 100_000 }).map((n) => halves(n / 100)) },
  { weight: 1, arbitrary: fc.constantFrom<[number, number]>(STALE, halves(-0), halves(0.1 + 0.2), halves(2 ** 51), halves(2 ** 51 + 1), halves(-(2 ** 60))) },
  { weight: 1, arbitrary: bits },
);
const edgeMs = 2 ** 50;
const tMs = fc.oneof(fc.integer({ min: 1.7e12, max: 1.7e12 + 50 }), fc.maxSafeInteger().map((n) => n % (edgeMs + 1)), fc.constantFrom(edgeMs, -edgeMs));
/** Some take more than the frames that a batch is split into here. */
const histogram = anyHistogram.map(encodeHistogram).filter(({ length }) => length < 100);
const series = fc.record({ metric: text, labels, samples: fc.array(fc.tuple(tMs, fc.oneof({ weight: 20, arbitrary: value }, { weight: 1, arbitrary: histogram })), { maxLength: 12 }) });
const metadata = fc.array(fc.record({ metric: text, type: fc.constantFrom('counter', ''), help: text, unit: fc.constant('') }), { maxLength: 3 });

const batches = fc.tuple(fc.array(series, { maxLength: 12 }), metadata).map(([all, described]): SampleBatch => {
  const builder = new SampleBatchBuilder();
  for (const one of all) {
    builder.series(one.metric, one.labels);
    for (const [t, each] of one.samples) {
      if (each instanceof Uint8Array) builder.histogram(t, each);
      else builder.sampleBits(t, ...each);
    }
  }
  for (const one of described) builder.describe(one);
  return builder.build();
});
const header = fc.record({
  recordId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  sender: fc.string({ unit: 'binary', maxLength: 20 }),
  flushIntervalMs: fc.nat(),
});
const codec = fc.constantFrom('none' as const, 'zstd' as const, 'deflate' as const);

const flat = (batch: SampleBatch): string[] => {
  const words = new Uint32Array(batch.values.slice().buffer);
  return batch.metrics.flatMap((metric, k) => {
    const rows: string[] = [];
    for (let i = batch.offsets[k] as number; i < (batch.offsets[k + 1] as number); i++) {
      const bytes = histogramAt(batch.histograms, i) ?? new Uint8Array(0);
      rows.push(`${metric}${batch.labels[k]} ${batch.tMs[i]} ${words[2 * i]} ${words[2 * i + 1]} ${Buffer.from(bytes).toString('hex')}`);
    }
    return rows;
  });
};

describe('a frame', () => {
  it('gives back header, series, every bit of every value, and metadata', () => {
    fc.assert(
      fc.property(header, batches, codec, (head, batch, packed) => {
        const frame = decodeFrame(encodeFrame(head, batch, packed));
        expect(frame.header).toEqual(head);
        expect(frame.batch.metrics).toEqual(batch.metrics);
        expect(frame.batch.labels).toEqual(batch.labels);
        expect(frame.batch.offsets).toEqual(batch.offsets);
        expect(frame.batch.metadata).toEqual(batch.metadata);
        expect(flat(frame.batch)).toEqual(flat(batch));
        expect(isHeartbeat(frame)).toBe(batch.metrics.length + batch.metadata.length === 0);
      }),
    );
  });

  it('of a split batch stays under the limit, and together they are the batch', () => {
    fc.assert(
      fc.property(batches, codec, fc.integer({ min: 300, max: 900 }), (batch, packed, maxBytes) => {
        let next = 0;
        const frames = encodeFrames(() => new Uint8Array(16).fill(++next), { sender: 's', flushIntervalMs: 10 }, batch, maxBytes, packed);
        const decoded = frames.map((frame) => decodeFrame(frame.bytes));
        expect(decoded.flatMap((frame) => flat(frame.batch))).toEqual(flat(batch));
        expect(decoded.flatMap((frame) => frame.batch.metadata)).toEqual(batch.metadata);
        expect(frames.map((frame) => frame.recordId[0])).toEqual(frames.map((_, i) => i + 1));
        expect(frames.reduce((samples, frame) => samples + frame.samples, 0)).toBe(batch.tMs.length);
        for (const frame of frames) expect(frame.bytes.length).toBeLessThanOrEqual(maxBytes);
      }),
    );
  });

  it('that is damaged, cut or extended is a FrameError', () => {
    fc.assert(
      fc.property(header, batches, codec, fc.nat(), fc.integer({ min: 1, max: 255 }), (head, batch, packed, at, flip) => {
        const bytes = encodeFrame(head, batch, packed);
        const damaged = bytes.slice();
        damaged[at % bytes.length] = (damaged[at % bytes.length] as number) ^ flip;
        expect(() => decodeFrame(damaged)).toThrow(FrameError);
        expect(() => decodeFrame(bytes.subarray(0, at % bytes.length))).toThrow(FrameError);
        expect(() => decodeFrame(Buffer.concat([bytes, Uint8Array.of(flip)]))).toThrow(FrameError);
      }),
    );
  });
});

describe('hostile bytes', () => {
  it('that are random are a FrameError', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void expect(() => decodeFrame(bytes)).toThrow(FrameError)));
  });
});

describe('encoding', () => {
  it('of times outside the range is a PermanentError', () => {
    fc.assert(
      fc.property(fc.constantFrom(0.5, Number.NaN, Infinity, 2 ** 50 + 1, -(2 ** 51)), (t) => {
        const builder = new SampleBatchBuilder();
        builder.series('up', '{}');
        builder.sample(t, 1);
        const head = { recordId: new Uint8Array(16), sender: '', flushIntervalMs: 0 };
        expect(() => encodeFrame(head, builder.build())).toThrow(PermanentError);
      }),
    );
  });
});
