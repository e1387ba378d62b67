import * as fc from 'fast-check';
import { compressSync } from 'snappy';
import { describe, expect, it } from 'vitest';
import type { Decoded } from '../../shared/protocols/decoded.ts';
import { decodeInfluxLines } from '../../shared/protocols/influx-line.ts';
import { decodeJsonPush } from '../../shared/protocols/json-push.ts';
import { DEFAULT_SAMPLE_LIMITS as LIMITS } from '../../shared/protocols/limits.ts';
import { MalformedBodyError } from '../../shared/protocols/malformed-body-error.ts';
import { decodeOtlp } from '../../shared/protocols/otlp.ts';
import { decodePlainLines } from '../../shared/protocols/plain-line.ts';
import { decodeRemoteWrite } from '../../shared/protocols/remote-write.ts';
import { decodeSnappy } from '../../shared/protocols/snappy.ts';
import { encodeOtlpRequest } from '../unit/protocols/otlp-schema.ts';

const decoders: Record<string, (body: Uint8Array) => Decoded | Uint8Array> = {
  'remote write': (body) => decodeRemoteWrite(body, LIMITS),
  'OTLP protobuf': (body) => decodeOtlp(body, 'protobuf'),
  'OTLP JSON': (body) => decodeOtlp(body, 'json'),
  'plain lines': (body) => decodePlainLines(body, 0),
  'Influx lines': (body) => decodeInfluxLines(body, 'ns', 0),
  'JSON push': (body) => decodeJsonPush(body, 0),
  snappy: (body) => decodeSnappy(body, 1 << 20),
};

/** Either decodes, or says that the body is malformed; a batch that comes back is whole. */
const survives = (decode: (body: Uint8Array) => Decoded | Uint8Array, body: Uint8Array): void => {
  let decoded: Decoded | Uint8Array;
  try {
    decoded = decode(body);
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedBodyError);
    return;
  }
  if (decoded instanceof Uint8Array) return;
  const { batch } = decoded;
  expect(batch.offsets.length).toBe(batch.metrics.length + 1);
  expect(batch.labels.length).toBe(batch.metrics.length);
  expect(batch.offsets.at(-1)).toBe(batch.tMs.length);
  expect(batch.values.length).toBe(batch.tMs.length);
  for (const metric of batch.metrics) expect(metric).not.toBe('');
  for (const labels of batch.labels) expect(typeof JSON.parse(labels)).toBe('object');
};

const writeRequest = (() => {
  const sample = Uint8Array.of(0x12, 11, 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, 5);
  const label = (name: string, value: string): Buffer => Buffer.concat([Uint8Array.of(0x0a, name.length + value.length + 4, 0x0a, name.length), Buffer.from(name), Uint8Array.of(0x12, value.length), Buffer.from(value)]);
  const series = Buffer.concat([label('__name__', 'up'), label('job', 'node'), sample, sample]);
  return Buffer.concat([Uint8Array.of(0x0a, series.length), series, Uint8Array.of(0x0a, series.length), series]);
})();
const otlp = {
  resourceMetrics: [{
    resource: { attributes: [{ key: 'service.name', value: { stringValue: 'x' } }, { key: 'l', value: { arrayValue: { values: [{ intValue: '1' }] } } }] },
    scopeMetrics: [{ metrics: [
      { name: 'g', gauge: { dataPoints: [{ timeUnixNano: '1', asDouble: 1 }] } },
      { name: 'h', histogram: { aggregationTemporality: 2, dataPoints: [{ timeUnixNano: '1', count: '3', sum: 1, bucketCounts: ['1', '2'], explicitBounds: [1] }] } },
      { name: 's', summary: { dataPoints: [{ timeUnixNano: '1', count: '3', sum: 1, quantileValues: [{ quantile: 0.5, value: 1 }] }] } },
    ] }],
  }],
};
const bodies: Record<string, Uint8Array> = {
  'remote write': writeRequest,
  'OTLP protobuf': encodeOtlpRequest(otlp),
  'OTLP JSON': Buffer.from(JSON.stringify(otlp)),
  'plain lines': Buffer.from('CPU.load host=a,region=b 1613707265.5 50\nup 1\n'),
  'Influx lines': Buffer.from('cpu\\ x,host=a,r="q v=1.5,s="te\\"xt\n",i=2i,b=t 1613707265000000000\nm v=1\n'),
  'JSON push': Buffer.from('{"samples":[{"metric":"up","labels":{"a":"b"},"ts":1,"value":"NaN"},{"metric":"x","value":1}]}'),
  snappy: compressSync(Buffer.from('abcabcabcabcabcabcdefgabc'.repeat(9))),
};

describe.each(Object.entries(decoders))('%s', (name, decode) => {
  const body = bodies[name] as Uint8Array;

  it('survives random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => survives(decode, bytes)), { numRuns: 300 });
  });

  it('survives every truncation of a real body', () => {
    for (let length = 0; length <= body.length; length++) survives(decode, body.subarray(0, length));
  });

  it('survives damage to a real body', () => {
    const damage = fc.array(fc.tuple(fc.nat({ max: body.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, (changes) => {
        const damaged = Uint8Array.from(body);
        for (const [at, byte] of changes) damaged[at] = byte;
        survives(decode, damaged);
      }),
      { numRuns: 500 },
    );
  });
});

describe('text of the characters that matter', () => {
  const hostile = fc.string({ unit: fc.constantFrom('a', '1', '.', '-', 'e', 'i', ',', '=', ' ', '"', '\\', '\n', '\r', '#', 't', 'é', '\0'), maxLength: 40 });
  it.each(['plain lines', 'Influx lines'])('survives as %s', (name) => {
    fc.assert(fc.property(hostile, (text) => survives(decoders[name] as (body: Uint8Array) => Decoded, Buffer.from(text))), { numRuns: 2000 });
  });
});

describe('a snappy block', () => {
  it('of any bytes from the native encoder comes back', () => {
    const bytes = fc.array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 80 }), fc.integer({ min: 1, max: 60 })), { maxLength: 20 });
    fc.assert(
      fc.property(bytes, (parts) => {
        const plain = Buffer.concat(parts.flatMap(([part, times]) => Array.from({ length: times }, () => part)));
        expect(Buffer.from(decodeSnappy(compressSync(plain), plain.length)).equals(plain)).toBe(true);
      }),
    );
  });
});

/** A million bytes of hostile input take milliseconds when work is linear and minutes when it is not. */
const BOUND_MS = 5000;

describe('large hostile bodies', () => {
  const many = 1_000_000;
  const point = { timeUnixNano: '1', asInt: '1', attributes: Array.from({ length: 64 }, (_, i) => ({ key: `k${i}`, value: { stringValue: 'x'.repeat(2000) } })) };
  const histogram = { ...point, count: '1', bucketCounts: Array.from({ length: 1000 }, () => '1'), explicitBounds: Array.from({ length: 999 }, (_, i) => i) };
  const wrap = (metrics: object[]): Uint8Array => encodeOtlpRequest({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
  it.each<[string, keyof typeof decoders, () => Uint8Array]>([
    ['one line of backslashes', 'Influx lines', () => Buffer.alloc(many, '\\')],
    ['quotes without an end', 'Influx lines', () => Buffer.from('m v="\n'.repeat(many / 6))],
    ['bad lines', 'Influx lines', () => Buffer.from('m v\n'.repeat(many / 4))],
    ['carriage returns', 'Influx lines', () => Buffer.alloc(many, '\r')],
    ['spaces', 'plain lines', () => Buffer.alloc(many, ' ')],
    ['words', 'plain lines', () => Buffer.from('a '.repeat(many / 2))],
    ['labels', 'plain lines', () => Buffer.from(`m ${Array.from({ length: 100_000 }, (_, i) => `l${i}=v`).join(',')} 1`)],
    ['a number of digits', 'plain lines', () => Buffer.from(`m ${'1'.repeat(many)}x`)],
    ['long labels that differ at their end', 'plain lines', () => Buffer.from(Array.from({ length: 2000 }, (_, i) => `m l=${'x'.repeat(17_000)}${i} 1`).join('\n'))],
    ['long tags that differ at their end', 'Influx lines', () => Buffer.from(Array.from({ length: 2000 }, (_, i) => `m,l=${'x'.repeat(17_000)}${i} v=1`).join('\n'))],
    ['nested arrays', 'JSON push', () => Buffer.alloc(many, '[')],
    ['empty series', 'remote write', () => Buffer.alloc(many, Uint8Array.of(0x0a, 0))],
    ['empty points', 'OTLP protobuf', () => Buffer.alloc(8 * many, Uint8Array.of(0x0a, 0))],
    ['a histogram that unfolds', 'OTLP protobuf', () => wrap([{ name: 'h', histogram: { aggregationTemporality: 2, dataPoints: Array.from({ length: 20 }, () => histogram) } }])],
  ])('%s, as %s, are done with in time', (_, name, make) => {
    const body = make();
    const start = performance.now();
    survives(decoders[name] as (bytes: Uint8Array) => Decoded, body);
    expect(performance.now() - start).toBeLessThan(BOUND_MS);
  });
});
