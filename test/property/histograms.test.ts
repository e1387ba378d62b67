import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HistogramMean, HistogramSum } from '../../shared/histograms/accumulation.ts';
import { add, subtract } from '../../shared/histograms/addition.ts';
import { allBuckets } from '../../shared/histograms/bucket-bounds.ts';
import { detectReset } from '../../shared/histograms/counter-reset.ts';
import { histogramFraction } from '../../shared/histograms/histogram-fraction.ts';
import { histogramQuantile } from '../../shared/histograms/histogram-quantile.ts';
import { type BucketSide, compact, CUSTOM_SCHEMA, equalHistograms, type Histogram, NO_BUCKETS } from '../../shared/histograms/histogram.ts';
import { outsideThreshold } from '../../shared/histograms/resolution.ts';
import { trim } from '../../shared/histograms/trim.ts';

/*
 * Laws of histograms whose counts are whole, so that sums of them are exact. `count` is always the sum of all buckets.
 */

const side = (least: number, most: number): fc.Arbitrary<BucketSide> =>
  fc.uniqueArray(fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: 0, max: 50 })), { selector: ([index]) => index, maxLength: 12 }).map((buckets) => {
    const sorted = buckets.toSorted(([a], [b]) => a - b);
    return { indices: Int32Array.from(sorted, ([index]) => index), counts: Float64Array.from(sorted, ([, count]) => count) };
  });

const inBuckets = ({ zeroCount, positive, negative }: Histogram): number =>
  [...positive.counts, ...negative.counts].reduce((total, count) => total + count, zeroCount);

const complete = (histogram: Omit<Histogram, 'count'>): Histogram => ({ ...histogram, count: inBuckets({ ...histogram, count: 0 }) });

const exponential: fc.Arbitrary<Histogram> = fc
  .record({
    schema: fc.integer({ min: -4, max: 8 }),
    counterResetHint: fc.constant('unknown' as const),
    sum: fc.integer({ min: -1000, max: 1000 }),
    zeroThreshold: fc.constantFrom(0, 2 ** -20, 0.001, 0.3, 1, 3),
    zeroCount: fc.integer({ min: 0, max: 50 }),
    positive: side(-15, 25),
    negative: side(-15, 25),
    customBounds: fc.constant(undefined),
  })
  // No writer lists buckets that lie within the zero bucket.
  .map((histogram) => {
    const outside = (one: BucketSide): BucketSide => outsideThreshold(one, histogram.schema, histogram.zeroThreshold);
    return complete({ ...histogram, positive: outside(histogram.positive), negative: outside(histogram.negative) });
  });

const custom: fc.Arbitrary<Histogram> = fc.uniqueArray(fc.integer({ min: -10, max: 20 }), { minLength: 1, maxLength: 10 }).chain((bounds) =>
  fc
    .record({
      schema: fc.constant(CUSTOM_SCHEMA),
      counterResetHint: fc.constant('unknown' as const),
      sum: fc.integer({ min: -1000, max: 1000 }),
      zeroThreshold: fc.constant(0),
      zeroCount: fc.constant(0),
      positive: side(0, bounds.length),
      negative: fc.constant(NO_BUCKETS),
      customBounds: fc.constant(Float64Array.from(bounds.toSorted((a, b) => a - b))),
    })
    .map(complete),
);

const pair = fc.oneof(fc.tuple(exponential, exponential), fc.tuple(custom, custom));
const any = fc.oneof(exponential, custom);
const total = (a: Histogram, b: Histogram): Histogram => compact(add(a, b)?.histogram as Histogram);

describe('addition', () => {
  it('loses no observation, whatever the layouts', () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const sum = total(a, b);
        expect([inBuckets(sum), sum.count, sum.sum]).toEqual([inBuckets(a) + inBuckets(b), a.count + b.count, a.sum + b.sum]);
      }),
    );
  });

  it('is commutative and associative', () => {
    fc.assert(fc.property(pair, ([a, b]) => equalHistograms(total(a, b), total(b, a))));
    fc.assert(fc.property(custom, custom, custom, (a, b, c) => equalHistograms(total(total(a, b), c), total(a, total(b, c)))));
  });

  it('is undone by subtraction', () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const rest = compact(subtract(total(a, b), b)?.histogram as Histogram);
        expect([rest.count, rest.sum, inBuckets(rest)]).toEqual([a.count, a.sum, inBuckets(a)]);
        expect([...rest.positive.counts, ...rest.negative.counts].every((count) => count >= 0)).toBe(true);
      }),
    );
  });

  it('never looks like a counter reset', () => {
    fc.assert(fc.property(pair, ([a, b]) => !detectReset(total(a, b), a)));
  });

  it('over a list is the compensated sum, and the mean times their number', () => {
    fc.assert(
      fc.property(fc.oneof(fc.array(exponential, { minLength: 1, maxLength: 6 }), fc.array(custom, { minLength: 1, maxLength: 6 })), (list) => {
        const [first, ...others] = list as [Histogram, ...Histogram[]];
        const [sum, mean] = [new HistogramSum(first), new HistogramMean(first)];
        for (const histogram of others) {
          sum.add(histogram);
          mean.add(histogram);
        }
        const wanted = others.reduce(total, compact(first));
        expect(equalHistograms(compact(sum.result()), wanted)).toBe(true);
        expect(inBuckets(mean.result()) * list.length).toBeCloseTo(inBuckets(wanted), 8);
      }),
    );
  });
});

describe('estimates', () => {
  it('stand on buckets that ascend and do not overlap', () => {
    fc.assert(
      fc.property(any, (histogram) => {
        const buckets = allBuckets(histogram).filter(({ count }) => count > 0);
        buckets.forEach(({ lower, upper }, i) => {
          expect(lower).toBeLessThanOrEqual(upper);
          if (i > 0) expect(lower).toBeGreaterThanOrEqual((buckets[i - 1] as { upper: number }).upper);
        });
      }),
    );
  });

  it('of quantiles rise with q, and fractions stay within 0 and 1', () => {
    const fraction = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(any, fraction, fraction, (histogram, p, q) => {
        const [low, high] = [Math.min(p, q), Math.max(p, q)].map((one) => histogramQuantile(one, histogram).value) as [number, number];
        if (histogram.count === 0) expect([low, high]).toEqual([NaN, NaN]);
        else expect(high - low).toBeGreaterThanOrEqual(-1e-9 * Math.max(1, Math.abs(high), Math.abs(low)));
      }),
    );
    fc.assert(
      fc.property(any, fc.integer({ min: -30, max: 30 }), fc.integer({ min: -30, max: 30 }), (histogram, a, b) => {
        const { value } = histogramFraction(a, b, histogram);
        if (histogram.count > 0) expect(value >= 0 && value <= 1).toBe(true);
        else expect(value).toBeNaN();
      }),
    );
  });

  it('of the parts below and above a cut have all observations together', () => {
    fc.assert(
      fc.property(exponential, fc.double({ min: -100, max: 100, noNaN: true }), (histogram, cut) => {
        // A zero bucket of no width has nothing on either side of 0.
        fc.pre(cut !== 0 || histogram.zeroThreshold > 0);
        const [below, above] = [trim(histogram, cut, 'below'), trim(histogram, cut, 'above')];
        expect(inBuckets(below) + inBuckets(above)).toBeCloseTo(histogram.count, 6);
        expect(below.count).toBeCloseTo(inBuckets(below), 6);
      }),
    );
  });
});
