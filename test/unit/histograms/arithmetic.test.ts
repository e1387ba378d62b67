import { describe, expect, it } from 'vitest';
import { add, subtract } from '../../../shared/histograms/addition.ts';
import { compact, divide, equalHistograms, multiply } from '../../../shared/histograms/histogram.ts';
import { formatNotation, parseHistogram } from '../promql/histogram-notation.ts';

const h = (text: string) => parseHistogram(`{{${text}}}`).histogram;
const sum = (a: string, b: string): string => formatNotation(compact(add(h(a), h(b))?.histogram ?? h('count:-1')));
const difference = (a: string, b: string): string => formatNotation(compact(subtract(h(a), h(b))?.histogram ?? h('count:-1')));

describe('adding histograms', () => {
  it.each([
    ['of one layout', 'count:4 sum:5 buckets:[1 2 1]', 'count:1 sum:2 buckets:[1] offset:1', '{{count:5 sum:7 buckets:[1 3 1]}}'],
    ['with gaps between buckets', 'count:1 sum:1 buckets:[1] offset:-3', 'count:1 sum:2 buckets:[1] offset:2', '{{count:2 sum:3 offset:-3 buckets:[1 0 0 0 0 1]}}'],
    ['brings the finer one to the coarser schema', 'schema:-1 count:1 sum:4 buckets:[1] offset:1', 'count:4 sum:4 buckets:[2 2] offset:1', '{{schema:-1 count:5 sum:8 offset:1 buckets:[5]}}'],
    ['of negative sides', 'count:2 sum:-3 n_buckets:[1 1]', 'count:1 sum:-1 n_buckets:[1]', '{{count:3 sum:-4 n_buckets:[2 1]}}'],
    ['widens the narrower zero bucket', 'count:2 sum:1 z_bucket:2 z_bucket_w:1', 'count:4 sum:3 z_bucket:1 z_bucket_w:0.5 buckets:[2 1]', '{{count:6 sum:4 z_bucket:5 z_bucket_w:1 offset:1 buckets:[1]}}'],
    ['widens both to the end of a populated bucket', 'count:2 sum:1 z_bucket:2 z_bucket_w:1.5', 'count:3 sum:3 buckets:[1 2]', '{{count:5 sum:4 z_bucket:5 z_bucket_w:2}}'],
  ])('%s', (_, a, b, wanted) => {
    expect(sum(a, b)).toBe(wanted);
    expect(sum(b, a)).toBe(wanted);
  });

  it('keeps the custom bounds that both have, each bucket in the one that holds its upper bound', () => {
    const [a, b] = ['schema:-53 count:15 sum:55 custom_values:[2 4 6] buckets:[1 2 5 7]', 'schema:-53 count:6 sum:9 custom_values:[1 2 6] buckets:[1 2 0 3]'];
    expect(sum(a, b)).toBe('{{schema:-53 count:21 sum:64 custom_values:[2 6] buckets:[4 7 10]}}');
    expect(add(h(a), h(b))?.boundsReconciled).toBe(true);
    expect(add(h(a), h(a))?.boundsReconciled).toBe(false);
  });

  it('of exponential and custom buckets has no result', () => {
    expect(add(h('count:1 buckets:[1]'), h('schema:-53 count:1 custom_values:[1] buckets:[1]'))).toBeUndefined();
  });

  it.each([
    ['unknown', 'unknown', 'unknown', false],
    ['reset', 'reset', 'reset', false],
    ['gauge', 'reset', 'gauge', false],
    ['not_reset', 'unknown', 'unknown', false],
    ['not_reset', 'reset', 'unknown', true],
  ])('%s and %s is %s, collision %s', (a, b, hint, collides) => {
    for (const [x, y] of [[a, b], [b, a]] as const) {
      const result = add(h(`counter_reset_hint:${x}`), h(`counter_reset_hint:${y}`));
      expect([result?.histogram.counterResetHint, result?.resetsCollide]).toEqual([hint, collides]);
    }
  });
});

describe('other arithmetic', () => {
  it('subtracts bucket by bucket', () => {
    expect(difference('count:4 sum:5 buckets:[1 2 1]', 'count:4 sum:2 buckets:[1 1] n_buckets:[2]')).toBe('{{count:0 sum:3 offset:1 buckets:[1 1] n_buckets:[-2]}}');
  });

  it('makes a gauge of what a negative number scales', () => {
    expect(formatNotation(multiply(h('count:2 sum:3 buckets:[2]'), -2))).toBe('{{count:-4 sum:-6 counter_reset_hint:gauge buckets:[-4]}}');
    expect(formatNotation(divide(h('count:2 sum:3 buckets:[2]'), 2))).toBe('{{count:1 sum:1.5 buckets:[1]}}');
  });

  it('leaves no buckets of a division by 0', () => {
    const result = divide(h('count:2 sum:3 z_bucket:1 z_bucket_w:0.1 buckets:[1]'), 0);
    expect([result.count, result.zeroCount, result.positive.counts.length]).toEqual([Infinity, Infinity, 0]);
  });

  it('ends for a zero threshold that is no number or a negative zero', () => {
    expect(add(h('count:1 z_bucket_w:NaN buckets:[1]'), h('count:1 z_bucket_w:0.5 buckets:[1]'))?.histogram.count).toBe(2);
    expect(add(h('count:1 z_bucket_w:0.5 buckets:[1]'), h('count:1 z_bucket_w:NaN buckets:[1]'))?.histogram.count).toBe(2);
    expect(add(h('count:1 z_bucket_w:0 buckets:[1]'), h('count:1 z_bucket_w:-0 buckets:[1]'))?.histogram.count).toBe(2);
  });

  it('does not change its operands', () => {
    const [a, b] = [h('count:1 sum:1 buckets:[1] z_bucket_w:0.1'), h('schema:2 count:1 sum:1 buckets:[1 1] z_bucket_w:0.5')];
    const before = [formatNotation(a), formatNotation(b)];
    add(a, b);
    subtract(b, a);
    expect([formatNotation(a), formatNotation(b)]).toEqual(before);
  });

  it('compares layouts and bits', () => {
    expect(equalHistograms(h('count:1 sum:NaN buckets:[1]'), h('count:1 sum:NaN buckets:[1]'))).toBe(true);
    expect(equalHistograms(h('count:1 buckets:[1]'), h('count:1 buckets:[1] offset:1'))).toBe(false);
    expect(equalHistograms(h('count:1 buckets:[1]'), h('count:1 buckets:[1 0]'))).toBe(false);
    expect(equalHistograms(h('count:1 counter_reset_hint:reset'), h('count:1'))).toBe(true);
  });
});
