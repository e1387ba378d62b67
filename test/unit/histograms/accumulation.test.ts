import { describe, expect, it } from 'vitest';
import { type HistogramAccumulation, HistogramMean, HistogramSum } from '../../../shared/histograms/accumulation.ts';
import { compact, type Histogram } from '../../../shared/histograms/histogram.ts';
import { formatNotation, parseHistogram } from '../promql/histogram-notation.ts';

const h = (text: string) => parseHistogram(`{{${text}}}`).histogram;

const run = (Accumulation: new (first: Histogram) => HistogramAccumulation, texts: readonly string[]): HistogramAccumulation => {
  const accumulation = new Accumulation(h(texts[0] as string));
  for (const text of texts.slice(1)) accumulation.add(h(text));
  return accumulation;
};

const total = (texts: readonly string[]): string => formatNotation(compact(run(HistogramSum, texts).result()));
const mean = (texts: readonly string[]): string => formatNotation(compact(run(HistogramMean, texts).result()));

describe('sums and means of histograms', () => {
  it('keep the small numbers beside the great ones', () => {
    const texts = ['count:1 sum:1e100 buckets:[1e100]', 'count:1 sum:1 buckets:[1]', 'count:1 sum:-1e100 buckets:[-1e100]'];
    expect(total(texts)).toBe('{{count:3 sum:1 buckets:[1]}}');
    expect(mean([...texts, 'count:1'])).toBe('{{count:1 sum:0.25 buckets:[0.25]}}');
  });

  it('keep the compensation when the layout changes on the way', () => {
    const texts = ['schema:1 count:1 sum:1e100 z_bucket_w:0.01 buckets:[0 1e100]', 'schema:1 count:1 sum:1 z_bucket_w:0.01 buckets:[0 1]', 'count:2 sum:-1e100 z_bucket_w:0.1 buckets:[0 -1e100]'];
    expect(total(texts)).toBe('{{count:4 sum:1 z_bucket_w:0.1 offset:1 buckets:[1]}}');
  });

  it('go on as a mean where the sum would overflow', () => {
    expect(mean(['count:1.6e308 buckets:[1.6e308]', 'count:1.6e308 buckets:[1.6e308]', 'count:1.6e308 buckets:[1.6e308]'])).toMatch(/^\{\{count:1\.(6|59999\d*|60000\d*)e\+308 /);
    expect(total(['count:1.6e308', 'count:1.6e308'])).toBe('{{count:Infinity sum:0}}');
  });

  it('of one histogram are the histogram', () => {
    expect([total(['count:2 sum:3 buckets:[2]']), mean(['count:2 sum:3 buckets:[2]'])]).toEqual(Array(2).fill('{{count:2 sum:3 buckets:[2]}}'));
  });
});

describe('what an accumulation notes', () => {
  it('tells hints that collide, wherever they stand', () => {
    expect(run(HistogramSum, ['counter_reset_hint:reset', 'counter_reset_hint:gauge', 'counter_reset_hint:not_reset']).resetsCollide).toBe(true);
    expect(run(HistogramSum, ['counter_reset_hint:reset', 'counter_reset_hint:reset', 'count:1']).resetsCollide).toBe(false);
  });

  it('tells bounds that were reconciled', () => {
    const texts = ['schema:-53 custom_values:[1 2]', 'schema:-53 custom_values:[2]'];
    expect(run(HistogramMean, texts).boundsReconciled).toBe(true);
    expect(run(HistogramMean, [texts[0] as string, texts[0] as string]).boundsReconciled).toBe(false);
  });

  it('tells kinds of buckets that do not mix, and stays so', () => {
    const accumulation = run(HistogramMean, ['count:1 buckets:[1]', 'schema:-53 count:1 custom_values:[1] buckets:[1]', 'count:1 buckets:[1]']);
    expect(accumulation.incompatible).toBe(true);
  });
});
