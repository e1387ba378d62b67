import { describe, expect, it } from 'vitest';
import { decodeOtlp } from '../../../shared/protocols/otlp.ts';
import { encodeOtlpRequest } from './otlp-schema.ts';

const message = (field: number, ...parts: (Uint8Array | string)[]): Uint8Array => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array)));
  const length = body.length < 128 ? [body.length] : [(body.length & 127) | 128, body.length >> 7];
  return Buffer.concat([Buffer.from([field * 8 + 2, ...length]), body]);
};
const attribute = (key: string, value: string): Uint8Array => message(7, message(1, key), message(2, message(1, value)));
const NO_VALUE = Buffer.from([0x21, 0, 0, 0, 0, 0, 0, 0, 0]); // as_double: 0
const body = (...points: Uint8Array[]): Uint8Array => message(1, message(2, message(2, message(1, 'g'), message(5, ...points))));
const labelsOf = (bytes: Uint8Array): readonly string[] => decodeOtlp(bytes, 'protobuf').batch.labels;

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const T = '1700000000123000000';

describe('attributes of OTLP points', () => {
  it('are taken in one run or in several, and one point leaves those of another alone', () => {
    const split = message(1, attribute('a', '1'), NO_VALUE, attribute('b', '2'), NO_VALUE, attribute('c', '3'));
    const whole = message(1, NO_VALUE, attribute('a', '1'));
    expect(labelsOf(body(split, whole, message(1, NO_VALUE), split))).toEqual(['{"a":"1","b":"2","c":"3"}', '{"a":"1"}', '{}']);
  });

  it('are refused where the last of a run goes on behind its point', () => {
    const bytes = Buffer.from(body(message(1, NO_VALUE, attribute('a', '1'))));
    bytes[bytes.length - 10] = (bytes[bytes.length - 10] as number) + 1;
    expect(() => labelsOf(bytes)).toThrow(/decode otlp: byte \d+/);
  });

  it('that are equal under two resources are two label sets', () => {
    const resource = (name: string) => ({
      resource: { attributes: [text('service.name', name)] },
      scopeMetrics: [{ metrics: [{ name: 'g', gauge: { dataPoints: [{ timeUnixNano: T, asDouble: 1, attributes: [text('a', '1')] }] } }] }],
    });
    expect(labelsOf(encodeOtlpRequest({ resourceMetrics: [resource('x'), resource('y')] }))).toEqual(['{"a":"1","job":"x"}', '{"a":"1","job":"y"}']);
  });

  it('that leave no room for the label of a bucket refuse the whole point, not some of its series', () => {
    const attributes = Array.from({ length: 64 }, (_, i) => text(`k${i}`, 'v'));
    const dataPoints = [{ timeUnixNano: T, count: 3, sum: 2, bucketCounts: [1, 2], explicitBounds: [1], attributes }];
    const decoded = decodeOtlp(encodeOtlpRequest({ resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'h', histogram: { aggregationTemporality: 2, dataPoints } }] }] }] }), 'protobuf');
    expect([decoded.batch.tMs.length, decoded.rejected]).toEqual([0, [{ reason: 'more than 64 labels', samples: 1, place: 'metric "h"' }]]);
  });
});
