import { describe, expect, it } from 'vitest';
import { allBuckets, boundariesOf, exponentialBound } from '../../../shared/histograms/bucket-bounds.ts';
import { coarserIndex } from '../../../shared/histograms/resolution.ts';
import { parseHistogram } from '../promql/histogram-notation.ts';

describe('bounds of exponential buckets', () => {
  it.each([
    [0, 0, 1], [1, 0, 2], [-1, 0, 0.5], [1, -1, 4], [-2, -1, 1 / 16], [1, -4, 65536], [256, 8, 2], [2, 1, 2], [-2, 1, 0.5],
  ])('of bucket %i in schema %i is %d', (index, schema, bound) => expect(exponentialBound(index, schema)).toBe(bound));

  it('lie between powers of two as roots of two', () => {
    expect(exponentialBound(1, 1)).toBeCloseTo(Math.SQRT2, 15);
    expect(exponentialBound(-1, 2)).toBeCloseTo(2 ** -0.25, 15);
  });

  it('end with the greatest finite number and infinity above it', () => {
    expect([exponentialBound(1024, 0), exponentialBound(1025, 0), exponentialBound(64, -4), exponentialBound(65, -4)]).toEqual([
      Number.MAX_VALUE, Infinity, Number.MAX_VALUE, Infinity,
    ]);
    expect(exponentialBound(2 ** 31 - 1, 8)).toBe(Infinity);
    expect(exponentialBound(-(2 ** 31), 8)).toBe(0);
  });
});

describe('the buckets of a histogram', () => {
  const list = (text: string): (number | undefined)[][] => {
    const { histogram } = parseHistogram(text);
    return allBuckets(histogram).map((bucket) => [boundariesOf(histogram, bucket), bucket.lower, bucket.upper, bucket.count]);
  };

  it('ascend from the negative side over zero to the positive side', () => {
    expect(list('{{count:9 z_bucket:3 z_bucket_w:0.25 buckets:[1 2] n_buckets:[1 2]}}')).toEqual([
      [1, -2, -1, 2], [1, -1, -0.5, 1], [3, -0.25, 0.25, 3], [0, 0.5, 1, 1], [0, 1, 2, 2],
    ]);
  });

  it('end at the zero bucket where they overlap it', () => {
    expect(list('{{count:3 z_bucket:1 z_bucket_w:0.75 buckets:[1] n_buckets:[1]}}')).toEqual([[1, -1, -0.75, 1], [3, -0.75, 0.75, 1], [0, 0.75, 1, 1]]);
  });

  it('of custom bounds have no lower end below and no upper end above', () => {
    expect(list('{{schema:-53 count:3 custom_values:[5 10] buckets:[1 1 1]}}')).toEqual([[3, -Infinity, 5, 1], [0, 5, 10, 1], [0, 10, Infinity, 1]]);
  });
});

it('a coarser index holds the upper bound of the finer one', () => {
  expect([-3, -2, -1, 0, 1, 2, 3].map((index) => coarserIndex(index, 1))).toEqual([-1, -1, 0, 0, 1, 1, 2]);
  expect([1, 2, 3, 4, 5].map((index) => coarserIndex(index, 2))).toEqual([1, 1, 1, 1, 2]);
});
