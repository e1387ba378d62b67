import { describe, expect, it } from 'vitest';
import { PermanentError } from '../../../shared/errors.ts';
import { crc32c } from '../../../shared/model/crc32c.ts';
import { SampleBatchBuilder } from '../../../shared/model/sample-batch.ts';
import { DEFAULT_FRAME_CAPS, decodeFrame, encodeFrame, encodeFrames, isHeartbeat } from '../../../shared/wire/frame.ts';

const header = { recordId: new Uint8Array(16), sender: 'host-a', flushIntervalMs: 10_000 };
const nextRecordId = (): Uint8Array => new Uint8Array(16);

/** `series` series of one sample with labels of their own and values that do not compress. */
const wide = (series: number, text: string) => {
  const builder = new SampleBatchBuilder();
  let state = 1;
  for (let i = 0; i < series; i++) {
    builder.series(`m${i % 50}`, `{"i":"${i}","text":"${text}"}`);
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    builder.sample(1_700_000_000_000 + (state % 60_000), Math.sqrt(state));
  }
  return builder.build();
};

describe('CRC-32C', () => {
  it('of the check text is the published value, in one part or two', () => {
    const bytes = Buffer.from('123456789');
    // RFC 3720, appendix B.4, and the CRC catalogue's "check".
    expect(crc32c(bytes)).toBe(0xe3069283);
    expect(crc32c(bytes.subarray(5), crc32c(bytes.subarray(0, 5)))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  });
});

describe('a frame', () => {
  it('without series is a heartbeat, with metadata alone it is none', () => {
    const builder = new SampleBatchBuilder();
    expect(isHeartbeat(decodeFrame(encodeFrame(header, builder.build())))).toBe(true);
    builder.describe({ metric: 'up', type: 'gauge', help: '', unit: '' });
    expect(isHeartbeat(decodeFrame(encodeFrame(header, builder.build())))).toBe(false);
  });

  it('decodes from the middle of a larger buffer', () => {
    const frame = encodeFrame(header, wide(3, 'x'));
    const around = Buffer.concat([Uint8Array.of(1, 2, 3), frame, Uint8Array.of(4)]);
    expect(decodeFrame(around.subarray(3, 3 + frame.length)).batch.metrics).toEqual(['m0', 'm1', 'm2']);
  });

  it('honours caps that are lower', () => {
    const frame = encodeFrame(header, wide(3, 'x'));
    expect(() => decodeFrame(frame, { ...DEFAULT_FRAME_CAPS, series: 2 })).toThrow('2 allowed');
    expect(() => decodeFrame(frame, { ...DEFAULT_FRAME_CAPS, bodyBytes: 10 })).toThrow('10 allowed');
  });

  it.each([
    ['a record id of 15 bytes', { ...header, recordId: new Uint8Array(15) }],
    ['a sender that is no text', { ...header, sender: '\ud800' }],
    ['a sender that is too long', { ...header, sender: 'x'.repeat(1025) }],
    ['an interval below 0', { ...header, flushIntervalMs: -1 }],
  ])('with %s is not written', (_, bad) => {
    expect(() => encodeFrame(bad, wide(1, 'x'))).toThrow(PermanentError);
  });

  it.each(['', '[]', '{"a":1}', '{"a"}', '{"a":"b"', 'x{"a":"b"}', '{"a":"\\x"}'])('is not written for labels %j', (labels) => {
    const builder = new SampleBatchBuilder();
    builder.series('up', labels);
    expect(() => encodeFrame(header, builder.build())).toThrow(PermanentError);
  });
});

describe('frames of a large batch', () => {
  it('stay under 900,000 bytes and lose nothing', () => {
    const batch = wide(120_000, 'x');
    const frames = encodeFrames(nextRecordId, header, batch);
    expect(frames.length).toBeGreaterThan(1);
    expect(Math.max(...frames.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(900_000);
    const decoded = frames.map(({ bytes }) => decodeFrame(bytes).batch);
    expect(decoded.flatMap(({ labels }) => labels)).toEqual(batch.labels);
    expect(decoded.flatMap(({ values }) => [...values])).toEqual([...batch.values]);
  });

  it('are split where labels unfold past what a decoder takes, however well they compress', () => {
    const batch = wide(20_000, 'x'.repeat(1000));
    expect(() => encodeFrame(header, batch)).toThrow(PermanentError);
    const frames = encodeFrames(nextRecordId, header, batch);
    expect(frames.flatMap(({ bytes }) => decodeFrame(bytes).batch.labels)).toEqual(batch.labels);
  });

  it('of one series are split by its samples', () => {
    const builder = new SampleBatchBuilder();
    builder.series('m', '{}');
    for (let i = 0; i < 300_000; i++) builder.sample(i * 1000, Math.sqrt(i));
    const frames = encodeFrames(nextRecordId, header, builder.build());
    expect(frames.length).toBeGreaterThan(1);
    expect(frames.reduce((samples, frame) => samples + frame.samples, 0)).toBe(300_000);
    expect(frames.flatMap(({ bytes }) => [...decodeFrame(bytes).batch.tMs]).every((t, i) => t === i * 1000)).toBe(true);
  });

  it('are none for an empty batch', () => {
    expect(encodeFrames(nextRecordId, header, new SampleBatchBuilder().build())).toEqual([]);
  });

  it('cannot be cut below one sample', () => {
    const builder = new SampleBatchBuilder();
    builder.series('m', `{"a":"${Array.from({ length: 500 }, (_, i) => Math.imul(i, 0x9e3779b1).toString(36)).join('')}"}`);
    builder.sample(1, 1);
    expect(() => encodeFrames(nextRecordId, header, builder.build(), 500)).toThrow(PermanentError);
  });
});
