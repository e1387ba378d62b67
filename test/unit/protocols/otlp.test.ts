import { describe, expect, it } from 'vitest';
import { bitsOf, isStaleAt } from '../../../shared/model/stale.ts';
import type { Decoded } from '../../../shared/protocols/decoded.ts';
import { MalformedBodyError } from '../../../shared/protocols/malformed-body-error.ts';
import { decodeOtlp, encodeOtlpResponse } from '../../../shared/protocols/otlp.ts';
import { decodeOtlpResponse, encodeOtlpRequest } from './otlp-schema.ts';

const T = '1700000000123999999';
const T_MS = 1_700_000_000_123;
const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const RESOURCE = [text('service.name', 'shop'), text('service.namespace', 'web'), text('service.instance.id', 'i-1'), text('host.name', 'h1')];

const request = (metrics: object[], attributes: object[] = []) => ({
  resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ scope: { name: 'lib' }, metrics }] }],
});
const gauge = (dataPoints: object[], more: object = {}) => ({ name: 'g', gauge: { dataPoints }, ...more });
const sum = (dataPoints: object[], more: object = {}) => ({ name: 's', sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints, ...more } });

const rows = ({ batch }: Decoded): string[] => {
  const bits = bitsOf(batch.values);
  return batch.metrics.flatMap((metric, k) => {
    const out: string[] = [];
    for (let i = batch.offsets[k] as number; i < (batch.offsets[k + 1] as number); i++) {
      out.push(`${metric}${batch.labels[k]} ${batch.tMs[i]} ${isStaleAt(bits, i) ? 'stale' : batch.values[i]}`);
    }
    return out;
  });
};

const encodings = [
  ['protobuf', (json: object): Decoded => decodeOtlp(encodeOtlpRequest(json), 'protobuf')],
  ['json', (json: object): Decoded => decodeOtlp(Buffer.from(JSON.stringify(json)), 'json')],
] as const;

describe.each(encodings)('OTLP in %s', (_, decode) => {
  it('makes job, instance and target_info of the resource', () => {
    const decoded = decode(request([gauge([{ timeUnixNano: T, asDouble: 1.5, attributes: [text('a.b', 'x')] }])], RESOURCE));
    expect(rows(decoded)).toEqual([
      `g{"a_b":"x","instance":"i-1","job":"web/shop"} ${T_MS} 1.5`,
      `target_info{"host_name":"h1","instance":"i-1","job":"web/shop"} ${T_MS} 1`,
    ]);
    expect(decoded.rejected).toEqual([]);
  });

  it('makes no target_info without other attributes or without job and instance', () => {
    const point = [{ timeUnixNano: T, asInt: '-7' }];
    expect(rows(decode(request([gauge(point)], RESOURCE.slice(0, 1))))).toEqual([`g{"job":"shop"} ${T_MS} -7`]);
    expect(rows(decode(request([gauge(point)], RESOURCE.slice(3))))).toEqual([`g{} ${T_MS} -7`]);
  });

  it('names by unit and kind, and keeps the metadata', () => {
    const point = [{ timeUnixNano: T, asInt: '1' }];
    const decoded = decode(
      request([
        { ...gauge(point), name: 'cpu.utilization', unit: '1', description: 'Share of CPU' },
        { ...sum(point), name: 'http.requests', unit: '{request}' },
        { ...sum(point), name: 'net.io', unit: 'By' },
        { ...sum(point, { isMonotonic: false }), name: 'queue.length', unit: '1' },
      ]),
    );
    expect(decoded.batch.metadata).toEqual([
      { metric: 'cpu_utilization_ratio', type: 'gauge', help: 'Share of CPU', unit: '1' },
      { metric: 'http_requests_total', type: 'counter', help: '', unit: '{request}' },
      { metric: 'net_io_bytes_total', type: 'counter', help: '', unit: 'By' },
      { metric: 'queue_length', type: 'gauge', help: '', unit: '1' },
    ]);
  });

  it('makes classic buckets of a histogram', () => {
    const dataPoints = [{ timeUnixNano: T, count: '6', sum: 7.5, bucketCounts: ['1', '2', '3'], explicitBounds: [0.005, 1], attributes: [text('le', 'mine')] }];
    const decoded = decode(request([{ name: 'latency', unit: 's', histogram: { aggregationTemporality: 2, dataPoints } }]));
    expect(rows(decoded)).toEqual([
      `latency_seconds_sum{"le":"mine"} ${T_MS} 7.5`,
      `latency_seconds_count{"le":"mine"} ${T_MS} 6`,
      `latency_seconds_bucket{"le":"0.005"} ${T_MS} 1`,
      `latency_seconds_bucket{"le":"1"} ${T_MS} 3`,
      `latency_seconds_bucket{"le":"+Inf"} ${T_MS} 6`,
    ]);
    expect(decoded.batch.metadata).toEqual([{ metric: 'latency_seconds', type: 'histogram', help: '', unit: 's' }]);
  });

  it('leaves out the sum of a histogram that has none', () => {
    const dataPoints = [{ timeUnixNano: T, count: '2' }];
    expect(rows(decode(request([{ name: 'h', histogram: { aggregationTemporality: 2, dataPoints } }])))).toEqual([`h_count{} ${T_MS} 2`, `h_bucket{"le":"+Inf"} ${T_MS} 2`]);
  });

  it('makes quantile series of a summary', () => {
    const dataPoints = [{ timeUnixNano: T, count: '4', sum: 8, quantileValues: [{ quantile: 0.5, value: 2 }, { quantile: 1, value: 3 }] }];
    expect(rows(decode(request([{ name: 'rpc', summary: { dataPoints } }])))).toEqual([
      `rpc_sum{} ${T_MS} 8`,
      `rpc_count{} ${T_MS} 4`,
      `rpc{"quantile":"0.5"} ${T_MS} 2`,
      `rpc{"quantile":"1"} ${T_MS} 3`,
    ]);
  });

  it('writes a stale marker where no value was recorded', () => {
    expect(rows(decode(request([gauge([{ timeUnixNano: T, flags: 1 }])])))).toEqual([`g{} ${T_MS} stale`]);
  });

  it('rejects per point what it cannot store, and takes the rest', () => {
    const point = { timeUnixNano: T, asInt: '1' };
    const decoded = decode(
      request([
        sum([point, point], { aggregationTemporality: 1 }),
        sum([point], { aggregationTemporality: 0 }),
        { name: 'e', exponentialHistogram: { aggregationTemporality: 2, dataPoints: [{ timeUnixNano: T, count: '1' }] } },
        { ...gauge([point]), name: '' },
        { ...gauge([point]), name: '...' },
        gauge([{ timeUnixNano: T }, { ...point, attributes: [text('.', 'x')] }, point]),
        { name: 'h', histogram: { aggregationTemporality: 2, dataPoints: [{ timeUnixNano: T, count: '1', bucketCounts: ['1'], explicitBounds: [1] }] } },
      ]),
    );
    expect(rows(decoded)).toEqual([`g{} ${T_MS} 1`]);
    expect(decoded.rejected.map(({ reason, samples, place }) => [reason.slice(0, 30), samples, place])).toEqual([
      ['delta temporality cannot be su', 2, 'metric "s"'],
      ['a sum or histogram without a t', 1, 'metric "s"'],
      ['a histogram whose buckets do n', 1, 'metric "e"'],
      ['a metric without a usable name', 2, 'metric ""'],
      ['a data point without a value', 1, 'metric "g"'],
      ['an attribute without a usable ', 1, 'metric "g"'],
      ['a histogram of 1 buckets and 1', 1, 'metric "h"'],
    ]);
  });

  it('writes every type of attribute as text and joins keys that fall together', () => {
    const attributes = [
      { key: 'i', value: { intValue: '9007199254740993' } },
      { key: 'n', value: { intValue: '-3' } },
      { key: 'd', value: { doubleValue: 0.25 } },
      { key: 'b', value: { boolValue: true } },
      { key: 'l', value: { arrayValue: { values: [{ stringValue: 'x' }, { intValue: '2' }] } } },
      { key: 'm', value: { kvlistValue: { values: [{ key: 'z', value: { boolValue: false } }, text('a', '1')] } } },
      { key: 'y', value: { bytesValue: 'AQI=' } },
      text('a_b', 'second'),
      text('a.b', 'first'),
      text('1st', 'x'),
      text('_u', 'y'),
    ];
    const [labels = ''] = decode(request([gauge([{ timeUnixNano: T, asInt: '1', attributes }])])).batch.labels;
    expect(JSON.parse(labels)).toEqual({
      i: '9007199254740993', n: '-3', d: '0.25', b: 'true', l: '["x",2]', m: '{"a":"1","z":false}', y: 'AQI=',
      a_b: 'first;second', key_1st: 'x', key_u: 'y',
    });
  });

  it('rejects a point with too many or too long labels before they are put together', () => {
    const point = (attributes: object[]) => ({ timeUnixNano: T, asInt: '1', attributes });
    const many = Array.from({ length: 65 }, (__, i) => text(`k${i}`, 'v'));
    const decoded = decode(request([gauge([point(many), point([text('a', 'x'.repeat(2049))]), point([text('n'.repeat(1025), 'x')])])]));
    expect(rows(decoded)).toEqual([]);
    expect(decoded.rejected.map(({ reason }) => reason)).toEqual(['more than 64 labels', 'label value longer than 2048 bytes', 'label name longer than 1024 bytes']);
  });

  it('refuses an attribute that nests too deep', () => {
    let value: object = { stringValue: 'x' };
    for (let i = 0; i < 20; i++) value = { arrayValue: { values: [value] } };
    expect(() => decode(request([gauge([{ timeUnixNano: T, asInt: '1', attributes: [{ key: 'k', value }] }])]))).toThrow(MalformedBodyError);
  });

  it('takes an empty request', () => {
    expect(rows(decode({}))).toEqual([]);
  });
});

describe('OTLP/JSON', () => {
  const decode = (json: string): Decoded => decodeOtlp(Buffer.from(json), 'json');

  it('takes integers as numbers, enums by name, doubles as text, and passes over unknown keys', () => {
    const body = request([
      { name: 'a', new: 1, sum: { isMonotonic: false, aggregationTemporality: 'AGGREGATION_TEMPORALITY_CUMULATIVE', dataPoints: [{ timeUnixNano: 1_000_000_000, asInt: 7, x: {} }] } },
      gauge([{ timeUnixNano: T, asDouble: '-Infinity' }, { timeUnixNano: T, asDouble: 'NaN', attributes: null }]),
    ]);
    expect(rows(decode(JSON.stringify(body)))).toEqual(['a{} 1000 7', `g{} ${T_MS} -Infinity`, `g{} ${T_MS} NaN`]);
  });

  it.each([
    ['[]', 'body'],
    ['nonsense', 'body'],
    ['{"resourceMetrics":{}}', 'resourceMetrics'],
    ['{"resourceMetrics":[1]}', 'resourceMetrics[0]'],
    [JSON.stringify(request([{ name: 5 }])), 'resourceMetrics[0].scopeMetrics[0].metrics[0].name'],
    [JSON.stringify(request([gauge([{ timeUnixNano: 'now' }])])), 'resourceMetrics[0].scopeMetrics[0].metrics[0].gauge.dataPoints[0].timeUnixNano'],
    [JSON.stringify(request([gauge([{ asDouble: 'x' }])])), 'resourceMetrics[0].scopeMetrics[0].metrics[0].gauge.dataPoints[0].asDouble'],
    ['{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"\\ud800"}]}]}]}', 'resourceMetrics[0].scopeMetrics[0].metrics[0].name'],
  ])('%.70s is refused at %s', (json, place) => {
    let caught: unknown;
    try {
      decode(json);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(MalformedBodyError);
    expect((caught as MalformedBodyError).place).toBe(place);
  });
});

describe('an OTLP answer', () => {
  it('is empty when all was taken', () => {
    expect(encodeOtlpResponse('protobuf', 0, '').length).toBe(0);
    expect(Buffer.from(encodeOtlpResponse('json', 0, '')).toString()).toBe('{}');
  });

  it('tells what was rejected and why', () => {
    expect(decodeOtlpResponse(encodeOtlpResponse('protobuf', 300, 'delta é'))).toEqual({ partialSuccess: { rejectedDataPoints: 300, errorMessage: 'delta é' } });
    expect(JSON.parse(Buffer.from(encodeOtlpResponse('json', 300, 'delta é')).toString())).toEqual({ partialSuccess: { rejectedDataPoints: '300', errorMessage: 'delta é' } });
  });
});
