import { describe, expect, it } from 'vitest';
import { decodeHistogram, HISTOGRAM_BUCKETS_MAX } from '../../../shared/histograms/histogram-bytes.ts';
import { bitsOf, isStaleAt } from '../../../shared/model/stale.ts';
import { decodeOtlp, type OtlpEncoding } from '../../../shared/protocols/otlp.ts';
import { encodeOtlpRequest } from './otlp-schema.ts';

const T = '1700000000000000000';

const bodyOf = (encoding: OtlpEncoding, temporality: number, dataPoints: readonly object[]): Uint8Array => {
  const metric = { name: 'rpc.time', unit: 's', exponentialHistogram: { aggregationTemporality: temporality, dataPoints } };
  const request = { resourceMetrics: [{ scopeMetrics: [{ metrics: [metric] }] }] };
  return encoding === 'json' ? Buffer.from(JSON.stringify(request)) : encodeOtlpRequest(request);
};

const POINT = {
  timeUnixNano: T, count: '10', sum: 7.5, scale: 1, zeroCount: '2', zeroThreshold: 0.25, min: -3, max: 9,
  positive: { offset: -1, bucketCounts: ['3', '0', '4'] }, negative: { offset: 2, bucketCounts: ['1'] },
};

describe.each(['protobuf', 'json'] as const)('an exponential histogram in %s', (encoding) => {
  const decode = (...points: object[]) => decodeOtlp(bodyOf(encoding, 2, points), encoding);

  it('becomes a native one: the scale is the schema, and a bucket is named by its upper bound', () => {
    const { batch, rejected } = decode(POINT);
    expect(rejected).toEqual([]);
    expect([batch.metrics, batch.tMs[0], batch.metadata[0]?.type]).toEqual([['rpc_time_seconds'], 1_700_000_000_000, 'histogram']);
    expect(decodeHistogram(batch.histograms?.bytes[0] as Uint8Array)).toEqual({
      schema: 1, counterResetHint: 'unknown', count: 10, sum: 7.5, zeroThreshold: 0.25, zeroCount: 2,
      positive: { indices: Int32Array.of(0, 2), counts: Float64Array.of(3, 4) },
      negative: { indices: Int32Array.of(3), counts: Float64Array.of(1) },
      customBounds: undefined,
    });
  });

  it('of a finer scale than 8 is lowered to it', () => {
    const { batch } = decode({ timeUnixNano: T, count: '7', scale: 10, positive: { offset: 3, bucketCounts: ['1', '2', '4'] } });
    // Four buckets of scale 10 are one of scale 8: 0 to 3 are bucket 1 there, 4 to 7 bucket 2.
    expect(decodeHistogram(batch.histograms?.bytes[0] as Uint8Array)).toMatchObject({ schema: 8, positive: { indices: Int32Array.of(1, 2), counts: Float64Array.of(1, 6) } });
  });

  it('without a recorded value is a stale marker', () => {
    const { batch } = decode({ timeUnixNano: T, flags: 1 });
    expect([batch.histograms, isStaleAt(bitsOf(batch.values), 0)]).toEqual([undefined, true]);
  });

  it('is rejected with what is wrong with it, the others taken', () => {
    const many = Array.from({ length: HISTOGRAM_BUCKETS_MAX + 1 }, () => '1');
    const { batch, rejected } = decode({ ...POINT, scale: -5 }, { ...POINT, scale: 21 }, { ...POINT, count: '11' }, { ...POINT, positive: { offset: 0, bucketCounts: many } }, POINT);
    expect(batch.histograms?.bytes.length).toBe(1);
    expect(rejected.map(({ reason }) => reason)).toEqual([
      'an exponential histogram of scale -5, -4 to 20 allowed',
      'an exponential histogram of scale 21, -4 to 20 allowed',
      'a histogram whose buckets do not make up its count',
      'a histogram of more than 2048 buckets, or with one beyond 32 bits',
    ]);
  });

  it('of delta temporality is rejected', () => {
    expect(decodeOtlp(bodyOf(encoding, 1, [POINT]), encoding).rejected).toMatchObject([{ samples: 1, reason: expect.stringContaining('delta temporality') as string }]);
  });
});
