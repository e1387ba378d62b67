import { describe, expect, it } from 'vitest';
import { histogramFraction } from '../../../shared/histograms/histogram-fraction.ts';
import { histogramAverage, histogramVariance } from '../../../shared/histograms/histogram-moments.ts';
import { histogramQuantile } from '../../../shared/histograms/histogram-quantile.ts';
import { compact } from '../../../shared/histograms/histogram.ts';
import { trim } from '../../../shared/histograms/trim.ts';
import { formatNotation, parseHistogram } from '../promql/histogram-notation.ts';

const h = (text: string) => parseHistogram(`{{${text}}}`).histogram;
const BOTH = 'count:8 sum:1 z_bucket:2 z_bucket_w:0.25 buckets:[1 2] n_buckets:[1 2]';
const CUSTOM = 'schema:-53 count:15 sum:172.5 custom_values:[5 10 15 20] buckets:[1 6 4 3 1]';

describe('a quantile', () => {
  it.each([
    [0.5, 'count:4 sum:5 buckets:[1 2 1]', Math.SQRT2],
    [0, BOTH, -2],
    [0.5, BOTH, 0],
    [1, BOTH, 2],
    [0.5, 'count:2 z_bucket:2 z_bucket_w:1 buckets:[0]', 0.5],
    [0.5, CUSTOM, 10.625],
    [0.03, CUSTOM, 2.25],
    [1, CUSTOM, 20],
    [0.01, 'schema:-53 count:1 sum:1 custom_values:[-5] buckets:[1]', -5],
    [-0.1, BOTH, -Infinity],
    [1.1, BOTH, Infinity],
    [NaN, BOTH, NaN],
    [0.5, 'count:0', NaN],
  ])('%d of %s is %d', (q, text, wanted) => {
    const { value } = histogramQuantile(q, h(text));
    if (Number.isFinite(wanted)) expect(value).toBeCloseTo(wanted, 12);
    else expect(value).toBe(wanted);
  });

  it('tells what NaN observations did to it', () => {
    const text = 'count:15 sum:NaN buckets:[12]';
    expect([0.4, 0.9].map((q) => histogramQuantile(q, h(text)).nanEffect)).toEqual(['skewed', 'isNaN']);
    expect(histogramQuantile(0.4, h('count:12 sum:NaN buckets:[12]')).nanEffect).toBe('none');
  });
});

describe('a fraction', () => {
  it.each([
    [0, Infinity, BOTH, 0.5],
    [-Infinity, Infinity, BOTH, 1],
    [-0.125, 0.125, BOTH, 0.125],
    [1, Math.SQRT2, BOTH, 0.125],
    [5, 12.5, CUSTOM, 8 / 15],
    [-Infinity, 2.5, CUSTOM, 0.5 / 15],
    [20, Infinity, CUSTOM, 1 / 15],
    [3, 2, BOTH, 0],
  ])('from %d to %d of %s is %d', (lower, upper, text, wanted) => expect(histogramFraction(lower, upper, h(text)).value).toBeCloseTo(wanted, 12));

  it('is NaN without observations and for NaN bounds', () => {
    expect([histogramFraction(NaN, 2, h(BOTH)), histogramFraction(0, NaN, h(BOTH)), histogramFraction(0, 1, h(''))].map(({ value }) => value)).toEqual([NaN, NaN, NaN]);
  });

  it('is the inverse of the quantile', () => {
    for (const q of [0.05, 0.2, 0.5, 0.7, 0.95]) {
      for (const text of [BOTH, CUSTOM.replace('3 1]', '4]')]) {
        expect(histogramFraction(-Infinity, histogramQuantile(q, h(text)).value, h(text)).value).toBeCloseTo(q, 10);
      }
    }
  });
});

it('moments take the middle of a bucket for its observations', () => {
  expect(histogramAverage(h('count:4 sum:10'))).toBe(2.5);
  expect(histogramVariance(h('schema:-53 count:2 sum:15 custom_values:[5 10] buckets:[0 2]'))).toBe(0);
  expect(histogramVariance(h('count:2 sum:0 buckets:[1] n_buckets:[1]'))).toBeCloseTo(0.5, 12);
});

describe('a trimmed histogram', () => {
  it.each([
    ['below', 2, '{{count:8 sum:1 z_bucket:2 z_bucket_w:0.25 buckets:[1 2] n_buckets:[1 2]}}'],
    ['above', -2, '{{count:8 sum:1 z_bucket:2 z_bucket_w:0.25 buckets:[1 2] n_buckets:[1 2]}}'],
    ['above', 3, '{{count:0 sum:0 z_bucket_w:0.25}}'],
    ['above', 0, '{{count:4 sum:3.6605339059327378 z_bucket:1 z_bucket_w:0.25 buckets:[1 2]}}'],
  ] as const)('%s %d', (kept, cut, wanted) => expect(formatNotation(trim(h(BOTH), cut, kept))).toBe(wanted));

  it('keeps what its two parts have together', () => {
    for (const cut of [-1.3, -0.1, 0, 0.2, 0.8, 1.7]) {
      const [below, above] = [trim(h(BOTH), cut, 'below'), trim(h(BOTH), cut, 'above')];
      expect(below.count + above.count).toBeCloseTo(8, 10);
    }
  });

  it('keeps its custom bounds', () => {
    expect(formatNotation(compact(trim(h(CUSTOM), 13, 'below')))).toMatch(/^\{\{schema:-53 count:9\.4 sum:75\.1\d* custom_values:\[5 10 15 20\] buckets:\[1 6 2\.4\]\}\}$/);
  });
});
