import * as fc from 'fast-check';
import { type BucketSide, CUSTOM_SCHEMA, type Histogram, NO_BUCKETS } from '../../shared/histograms/histogram.ts';

const count = fc.oneof(fc.nat({ max: 1000 }), fc.maxSafeInteger(), fc.double(), fc.constantFrom(0, -0, 2 ** 51, 2 ** 51 + 1, Number.NaN, Infinity));
const whole = fc.oneof(fc.nat({ max: 1000 }), fc.nat({ max: 2 ** 30 }), fc.constantFrom(0, 2 ** 51));

const side = (counts: fc.Arbitrary<number>, least: number, most: number): fc.Arbitrary<BucketSide> =>
  fc.uniqueArray(fc.tuple(fc.integer({ min: least, max: most }), counts), { selector: ([index]) => index, maxLength: 12 }).map((buckets) => {
    const sorted = buckets.toSorted(([a], [b]) => a - b);
    return { indices: Int32Array.from(sorted, ([index]) => index), counts: Float64Array.from(sorted, ([, each]) => each) };
  });

const indexRange = fc.constantFrom<readonly [number, number]>([-8, 8], [-300, 300], [-(2 ** 31), 2 ** 31 - 2]);
const hint = fc.constantFrom('unknown' as const, 'reset' as const, 'not_reset' as const, 'gauge' as const);

const exponential = (counts: fc.Arbitrary<number>): fc.Arbitrary<Histogram> =>
  indexRange.chain(([least, most]) =>
    fc.record({
      schema: fc.integer({ min: -4, max: 8 }),
      counterResetHint: hint,
      count: counts,
      sum: fc.double(),
      zeroThreshold: fc.oneof(fc.constantFrom(0, 2 ** -128, 0.001), fc.double({ min: 0, noNaN: true, noDefaultInfinity: true })),
      zeroCount: counts,
      positive: side(counts, least, most),
      negative: side(counts, least, most),
      customBounds: fc.constant(undefined),
    }),
  );

const custom = (counts: fc.Arbitrary<number>): fc.Arbitrary<Histogram> =>
  fc.uniqueArray(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 10, comparator: (a, b) => a === b }).chain((bounds) =>
    fc.record({
      schema: fc.constant(CUSTOM_SCHEMA),
      counterResetHint: hint,
      count: counts,
      sum: fc.double(),
      zeroThreshold: fc.constant(0),
      zeroCount: fc.constant(0),
      positive: side(counts, 0, bounds.length),
      negative: fc.constant(NO_BUCKETS),
      customBounds: fc.constant(Float64Array.from(bounds).sort()),
    }),
  );

/** Every shape that has a form in bytes, integers and floats, exponential and custom. */
export const anyHistogram: fc.Arbitrary<Histogram> = fc.oneof(exponential(whole), exponential(count), custom(whole), custom(count));
