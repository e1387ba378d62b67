import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { bitsOf, isStaleAt } from '../../../shared/model/stale.ts';
import { LabelCache } from '../../../shared/protocols/label-cache.ts';
import { DEFAULT_SAMPLE_LIMITS as LIMITS } from '../../../shared/protocols/limits.ts';
import { MalformedBodyError } from '../../../shared/protocols/malformed-body-error.ts';
import { decodeRemoteWrite } from '../../../shared/protocols/remote-write.ts';

const schema = protobuf.parse(`
  syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3; }
  message MetricMetadata { int32 type = 1; string metric_family_name = 2; string help = 4; string unit = 5; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 3; }
  message Exemplar { repeated Label labels = 1; double value = 2; int64 timestamp = 3; }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
`, { keepCase: true }).root.lookupType('WriteRequest');

const encode = (request: object): Uint8Array => schema.encode(schema.fromObject(request)).finish();
const label = (name: string, value: string) => ({ name, value });
const series = (labels: Record<string, string>, samples: [number, number][]) => ({
  labels: Object.entries(labels).map(([name, value]) => label(name, value)),
  samples: samples.map(([timestamp, value]) => ({ timestamp, value })),
});

describe('remote write', () => {
  it('of two series becomes columns', () => {
    const body = encode({
      timeseries: [series({ __name__: 'up', job: 'node' }, [[1000, 1], [2000, 0.5]]), series({ __name__: 'x', é: '😀"' }, [[-5, -0]])],
      metadata: [{ type: 1, metric_family_name: 'up', help: 'Is it up?', unit: '' }],
    });
    const { batch, rejected } = decodeRemoteWrite(body, LIMITS);
    expect(rejected).toEqual([]);
    expect(batch).toEqual({
      metrics: ['up', 'x'],
      labels: ['{"job":"node"}', '{"é":"😀\\""}'],
      offsets: Uint32Array.of(0, 2, 3),
      tMs: Float64Array.of(1000, 2000, -5),
      values: Float64Array.of(1, 0.5, -0),
      metadata: [{ metric: 'up', type: 'counter', help: 'Is it up?', unit: '' }],
    });
  });

  it('keeps the bits of a stale marker and of another NaN', () => {
    const body = encode({ timeseries: [series({ __name__: 'up' }, [[1, 7], [2, 7]])] });
    const sevens = new Uint8Array(Float64Array.of(7).buffer);
    const first = Buffer.from(body).indexOf(Buffer.from(sevens));
    body.set([2, 0, 0, 0, 0, 0, 0xf0, 0x7f], first);
    body.set([9, 0, 0, 0, 0, 0, 0xf8, 0xff], Buffer.from(body).indexOf(Buffer.from(sevens)));
    const bits = bitsOf(decodeRemoteWrite(body, LIMITS).batch.values);
    expect(isStaleAt(bits, 0)).toBe(true);
    expect([bits[2], bits[3]]).toEqual([9, 0xfff80000]);
  });

  it('sorts labels that come unsorted and drops empty ones', () => {
    const body = encode({ timeseries: [series({ z: '1', __name__: 'up', b: '', a: '2' }, [[1, 1]])] });
    expect(decodeRemoteWrite(body, LIMITS).batch.labels).toEqual(['{"a":"2","z":"1"}']);
  });

  it('takes labels that stand behind samples', () => {
    const labelBytes = encode({ timeseries: [series({ __name__: 'up' }, [])] }).subarray(2);
    const sampleBytes = encode({ timeseries: [series({}, [[5, 2]])] }).subarray(2);
    const inner = Buffer.concat([sampleBytes, labelBytes, encode({ timeseries: [series({ a: 'b' }, [])] }).subarray(2)]);
    const { batch } = decodeRemoteWrite(Buffer.concat([Uint8Array.of(0x0a, inner.length), inner]), LIMITS);
    expect([batch.metrics, batch.labels, [...batch.tMs]]).toEqual([['up'], ['{"a":"b"}'], [5]]);
  });

  it('rejects series with bad labels and keeps the others', () => {
    const twice = { labels: [label('__name__', 'a'), label('x', '1'), label('x', '2')], samples: [{ value: 1, timestamp: 1 }, { value: 1, timestamp: 2 }] };
    const many = series(Object.fromEntries([['__name__', 'm'], ...Array.from({ length: 100_000 }, (_, i) => [`l${i}`, 'v'])]), [[1, 1]]);
    const body = encode({ timeseries: [twice, series({ job: 'x' }, [[1, 1]]), many, series({ __name__: 'ok' }, [[1, 1]])] });
    const { batch, rejected } = decodeRemoteWrite(body, LIMITS);
    expect(batch.metrics).toEqual(['ok']);
    expect(rejected).toEqual([
      { reason: 'labels: label "x" is given twice, a label name stands once', samples: 2, place: 'timeseries[0]' },
      { reason: 'a series without a metric name', samples: 1, place: 'timeseries[1]' },
      { reason: 'more than 64 labels', samples: 1, place: 'timeseries[2]' },
    ]);
  });

  it('passes over exemplars', () => {
    const { batch, rejected } = decodeRemoteWrite(encode({ timeseries: [{ labels: [label('__name__', 'h')], exemplars: [{ value: 1, timestamp: 1 }] }] }), LIMITS);
    expect([batch.metrics, rejected]).toEqual([[], []]);
  });

  it('gives the same through a warm cache, also past its bound', () => {
    const cache = new LabelCache(10_000);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 500; i++) {
        const { batch } = decodeRemoteWrite(encode({ timeseries: [series({ __name__: 'm', i: String(i) }, [[1, i]])] }), LIMITS, cache);
        expect([batch.metrics[0], batch.labels[0], batch.values[0]]).toEqual(['m', `{"i":"${i}"}`, i]);
      }
    }
  });

  it('with a name that is not UTF-8 is refused with the place', () => {
    const body = encode({ timeseries: [series({ __name__: 'upup' }, [[1, 1]])] });
    body[Buffer.from(body).indexOf('upup')] = 0xff;
    expect(() => decodeRemoteWrite(body, LIMITS)).toThrow(MalformedBodyError);
    expect(() => decodeRemoteWrite(body, LIMITS)).toThrow(/byte \d+: a string that is not UTF-8/);
  });

  it.each<[string, number[]]>([
    ['a field longer than the body', [0x0a, 0x7f]],
    ['a length of 2^63', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['a varint without an end', Array.from({ length: 20 }, () => 0xff)],
    ['a label that goes on behind its series', [0x0a, 2, 0x0a, 4, 0x0a, 2, 0x61, 0x62]],
    ['field number 0', [0x02, 0]],
    ['a group', [0x0b, 0x0c]],
  ])('with %s is refused', (_, bytes) => {
    expect(() => decodeRemoteWrite(Uint8Array.from(bytes), LIMITS)).toThrow(MalformedBodyError);
  });
});
