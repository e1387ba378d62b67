import { describe, expect, it } from 'vitest';
import { CUSTOM_SCHEMA, type Histogram } from '../../../shared/histograms/histogram.ts';
import { decodeHistogram, HISTOGRAM_BUCKETS_MAX } from '../../../shared/histograms/histogram-bytes.ts';
import { bitsOf, isStaleAt } from '../../../shared/model/stale.ts';
import type { Decoded } from '../../../shared/protocols/decoded.ts';
import { BodyTooLargeError } from '../../../shared/protocols/body-too-large-error.ts';
import { DEFAULT_SAMPLE_LIMITS as LIMITS } from '../../../shared/protocols/limits.ts';
import { decodeRemoteWrite } from '../../../shared/protocols/remote-write.ts';
import { encodeHistograms } from './prompb-schema.ts';

const decode = (...histograms: object[]): Decoded => decodeRemoteWrite(encodeHistograms({ __name__: 'h', job: 'a' }, histograms), LIMITS);

const only = (sent: object): Histogram => {
  const { batch, rejected } = decode(sent);
  expect(rejected).toEqual([]);
  expect(batch.histograms?.places).toEqual(Uint32Array.of(0));
  return decodeHistogram(batch.histograms?.bytes[0] as Uint8Array);
};

const reasonOf = (sent: object): string => {
  const { batch, rejected } = decode(sent);
  expect(batch.histograms).toBeUndefined();
  expect(rejected).toMatchObject([{ samples: 1, place: 'timeseries[0]' }]);
  return rejected[0]?.reason ?? '';
};

/** 2 below zero, 1 in the zero bucket; above: 3, 1, then a gap of two, then 4. */
const INTEGERS = {
  count_int: 11, sum: 12.5, schema: 2, zero_threshold: 0.001, zero_count_int: 1,
  negative_spans: [{ offset: -1, length: 1 }], negative_deltas: [2],
  positive_spans: [{ offset: 3, length: 2 }, { offset: 2, length: 1 }], positive_deltas: [3, -2, 3],
  timestamp: 5000,
};
const WHOLE: Histogram = {
  schema: 2, counterResetHint: 'unknown', count: 11, sum: 12.5, zeroThreshold: 0.001, zeroCount: 1,
  positive: { indices: Int32Array.of(3, 4, 7), counts: Float64Array.of(3, 1, 4) },
  negative: { indices: Int32Array.of(-1), counts: Float64Array.of(2) },
  customBounds: undefined,
};

describe('a native histogram of remote write', () => {
  it('of integers has its buckets by index', () => {
    expect(only(INTEGERS)).toEqual(WHOLE);
    expect(decode(INTEGERS).batch).toMatchObject({ metrics: ['h'], labels: ['{"job":"a"}'], tMs: Float64Array.of(5000) });
  });

  it('of floats keeps counts that are no integers, and its reset hint', () => {
    const { positive_deltas, negative_deltas, count_int, zero_count_int, ...rest } = INTEGERS;
    const sent = { ...rest, count_float: 9.5, zero_count_float: 0.5, positive_counts: [2.5, 0, 4], negative_counts: [2.5], reset_hint: 3 };
    expect([positive_deltas, negative_deltas, count_int, zero_count_int].length).toBe(4);
    expect(only(sent)).toEqual({
      ...WHOLE, counterResetHint: 'gauge', count: 9.5, zeroCount: 0.5,
      positive: { indices: Int32Array.of(3, 4, 7), counts: Float64Array.of(2.5, 0, 4) },
      negative: { indices: Int32Array.of(-1), counts: Float64Array.of(2.5) },
    });
  });

  it('with custom buckets keeps their bounds', () => {
    const sent = { count_int: 6, sum: 3, schema: CUSTOM_SCHEMA, positive_spans: [{ offset: 1, length: 2 }], positive_deltas: [2, 2], custom_values: [0.1, 1], timestamp: 1 };
    expect(only(sent)).toMatchObject({
      schema: CUSTOM_SCHEMA, customBounds: Float64Array.of(0.1, 1), positive: { indices: Int32Array.of(1, 2), counts: Float64Array.of(2, 4) },
    });
  });

  it('of a finer schema than 8 is lowered to it', () => {
    const sent = { ...INTEGERS, schema: 9, negative_spans: [], negative_deltas: [], count_int: 9 };
    expect(only(sent)).toMatchObject({ schema: 8, positive: { indices: Int32Array.of(2, 4), counts: Float64Array.of(4, 4) } });
  });

  it('with the sum of a stale marker is one', () => {
    const body = encodeHistograms({ __name__: 'h' }, [{ sum: 7, timestamp: 9 }]);
    body.set([2, 0, 0, 0, 0, 0, 0xf0, 0x7f], Buffer.from(body).indexOf(Buffer.from(new Uint8Array(Float64Array.of(7).buffer))));
    const { batch } = decodeRemoteWrite(body, LIMITS);
    expect(batch.histograms).toBeUndefined();
    expect([batch.tMs[0], isStaleAt(bitsOf(batch.values), 0)]).toEqual([9, true]);
  });

  it('stands beside numbers of its series', () => {
    const { batch } = decodeRemoteWrite(encodeHistograms({ __name__: 'h' }, [INTEGERS], [{ timestamp: 1, value: 4 }]), LIMITS);
    expect([[...batch.tMs], batch.values[0], batch.histograms?.places]).toEqual([[1, 5000], 4, Uint32Array.of(1)]);
  });

  it.each([
    ['buckets that do not make up the count', { count_int: 12 }, 'a histogram whose buckets do not make up its count'],
    ['a negative bucket', { positive_deltas: [3, -4, 5] }, 'a histogram with a count that is no number from 0'],
    ['fewer spans than buckets', { positive_spans: [{ offset: 3, length: 2 }] }, 'a histogram with other spans than buckets'],
    ['more spans than buckets', { positive_spans: [{ offset: 3, length: 4 }] }, 'a histogram with other spans than buckets'],
    ['spans that overlap', { positive_spans: [{ offset: 3, length: 2 }, { offset: -1, length: 1 }] }, 'a histogram with spans that overlap'],
    ['a bucket beyond 32 bits', { positive_spans: [{ offset: 2 ** 31 - 2, length: 3 }] }, 'a histogram with a bucket beyond 32 bits'],
    ['a schema that nobody knows', { schema: -5 }, 'a histogram of schema -5, -4 to 8 allowed'],
    ['a zero threshold below 0', { zero_threshold: -1 }, 'a histogram with a zero threshold that is no number from 0'],
    ['custom buckets and a zero bucket', { schema: CUSTOM_SCHEMA }, 'a histogram with custom buckets and a zero bucket or negative ones'],
  ])('with %s is rejected', (_, over, reason) => {
    expect(reasonOf({ ...INTEGERS, ...over })).toBe(reason);
  });

  it('with more buckets or bounds than are allowed is rejected', () => {
    const many = HISTOGRAM_BUCKETS_MAX + 1;
    const deltas = Array.from({ length: many }, (_, i) => (i === 0 ? 1 : 0));
    expect(reasonOf({ count_int: many, positive_spans: [{ offset: 0, length: many }], positive_deltas: deltas })).toBe('a histogram of more than 2048 buckets');
    expect(reasonOf({ schema: CUSTOM_SCHEMA, custom_values: deltas.map((_, i) => i) })).toBe('a histogram of more than 2048 custom bounds');
    expect(reasonOf({ schema: CUSTOM_SCHEMA, custom_values: [1, 1] })).toBe('a histogram with custom bounds that do not ascend');
    expect(reasonOf({ schema: CUSTOM_SCHEMA, custom_values: [1], count_int: 1, positive_spans: [{ offset: 2, length: 1 }], positive_deltas: [1] })).toBe(
      'a histogram with buckets beyond its custom bounds',
    );
  });

  it('comes at most 131,072 times in one body', () => {
    const body = encodeHistograms({ __name__: 'h' }, Array.from({ length: 131_073 }, () => ({})));
    expect(() => decodeRemoteWrite(body, LIMITS)).toThrow(BodyTooLargeError);
  });
});
