import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OVER_TIME_KERNELS, quantileKernel } from '../../shared/promql/over-time-kernels.ts';
import { RATE_KERNELS } from '../../shared/promql/rate-kernels.ts';
import { eachWindow, type RowFunction, slide, WindowBounds, type Windows } from '../../shared/promql/windows.ts';

/*
 * Every kernel against the plain definition of its function on one window at a time. Exact equality where the
 * definition is exact; sums are compared with the sum in exact arithmetic of the same numbers, within one rounding.
 */

interface Sample {
  readonly t: number;
  readonly v: number;
}

const value = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 40 }) },
  { weight: 2, arbitrary: fc.double({ min: -1e6, max: 1e6, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, 0, -0) },
);

const series = fc.array(fc.tuple(fc.integer({ min: 1, max: 40_000 }), value), { maxLength: 60 }).map((pairs) => {
  let t = 0;
  return pairs.map(([gap, v]): Sample => ({ t: (t += gap), v }));
});

const setting = fc.record({
  samples: series,
  rangeMs: fc.integer({ min: 1, max: 120_000 }),
  firstEndMs: fc.integer({ min: -1000, max: 200_000 }),
  stepMs: fc.integer({ min: 0, max: 50_000 }),
  steps: fc.integer({ min: 1, max: 12 }),
});

type Setting = typeof setting extends fc.Arbitrary<infer T> ? T : never;

const windowsOf = ({ samples, ...window }: Setting): Windows => ({
  ...window,
  labels: [[]],
  dropName: [false],
  offsets: Uint32Array.of(0, samples.length),
  tMs: Float64Array.from(samples, ({ t }) => t),
  values: Float64Array.from(samples, ({ v }) => v),
});

const byKernel = (given: Setting, kernel: (windows: Windows, series: number) => RowFunction): (number | undefined)[] => {
  const values = new Float64Array(given.steps);
  const present = new Uint8Array(given.steps);
  const windows = windowsOf(given);
  slide(windows, 0, new WindowBounds(windows), kernel(windows, 0), { values, present, at: 0, work: () => undefined });
  return Array.from(values, (v, i) => (present[i] === 1 ? v : undefined));
};

const directly = (given: Setting, f: (window: readonly Sample[], endMs: number) => number | undefined): (number | undefined)[] =>
  Array.from({ length: given.steps }, (_, step) => {
    const endMs = given.firstEndMs + step * given.stepMs;
    const window = given.samples.filter(({ t }) => t > endMs - given.rangeMs && t <= endMs);
    return window.length === 0 ? undefined : f(window, endMs);
  });

const last = (window: readonly Sample[], back = 0): Sample => window[window.length - 1 - back] as Sample;
const first = (window: readonly Sample[]): Sample => window[0] as Sample;

const extrapolated = (given: Setting, isCounter: boolean, isRate: boolean) => (window: readonly Sample[], endMs: number): number | undefined => {
  if (window.length < 2) return undefined;
  let increase = last(window).v - first(window).v;
  for (let i = isCounter ? 1 : window.length; i < window.length; i++) {
    if ((window[i] as Sample).v < (window[i - 1] as Sample).v) increase += (window[i - 1] as Sample).v;
  }
  const sampled = (last(window).t - first(window).t) / 1000;
  const average = sampled / (window.length - 1);
  let before = (first(window).t - (endMs - given.rangeMs)) / 1000;
  let after = (endMs - last(window).t) / 1000;
  if (before >= average * 1.1) before = average / 2;
  if (isCounter && increase > 0 && first(window).v >= 0) before = Math.min(before, sampled * (first(window).v / increase));
  if (after >= average * 1.1) after = average / 2;
  const factor = (sampled + before + after) / sampled;
  return increase * (isRate ? factor / (given.rangeMs / 1000) : factor);
};

const count = (window: readonly Sample[], test: (before: number, after: number) => boolean): number =>
  window.slice(1).filter(({ v }, i) => test((window[i] as Sample).v, v)).length;

const least = (window: readonly Sample[], sign: 1 | -1): number => {
  const numbers = window.map(({ v }) => v).filter((v) => !Number.isNaN(v));
  return numbers.length === 0 ? NaN : numbers.reduce((a, b) => (sign * b < sign * a ? b : a));
};

const check = (kernel: (windows: Windows, series: number) => RowFunction, direct: (given: Setting) => (window: readonly Sample[], endMs: number) => number | undefined): void => {
  fc.assert(
    fc.property(setting, (given) => {
      // Which of two equal zeros a sort puts first, and with it what a quantile is, no definition fixes.
      const plain = (values: (number | undefined)[]): (number | undefined)[] => values.map((v) => (v === 0 ? 0 : v));
      expect(plain(byKernel(given, kernel))).toEqual(plain(directly(given, direct(given))));
    }),
    { numRuns: 300 },
  );
};

const rateKernel = (name: string): (typeof RATE_KERNELS)[string] => RATE_KERNELS[name] as (typeof RATE_KERNELS)[string];
const overTime = (name: string): (typeof OVER_TIME_KERNELS)[string] => OVER_TIME_KERNELS[name] as (typeof OVER_TIME_KERNELS)[string];

describe('window kernels equal the definition on irregular samples, NaN, infinities and resets', () => {
  it('rate', () => check(rateKernel('rate'), (given) => extrapolated(given, true, true)));
  it('increase', () => check(rateKernel('increase'), (given) => extrapolated(given, true, false)));
  it('delta', () => check(rateKernel('delta'), (given) => extrapolated(given, false, false)));
  it('resets', () => check(rateKernel('resets'), () => (window) => count(window, (before, after) => after < before)));
  it('changes', () => {
    check(rateKernel('changes'), () => (window) => count(window, (before, after) => before !== after && !(Number.isNaN(before) && Number.isNaN(after))));
  });
  it('irate', () => {
    check(rateKernel('irate'), () => (window) => {
      if (window.length < 2) return undefined;
      const change = last(window).v < last(window, 1).v ? last(window).v : last(window).v - last(window, 1).v;
      return change / ((last(window).t - last(window, 1).t) / 1000);
    });
  });
  it('idelta', () => check(rateKernel('idelta'), () => (window) => (window.length < 2 ? undefined : last(window).v - last(window, 1).v)));
  it('min_over_time and max_over_time', () => {
    check(overTime('min_over_time'), () => (window) => least(window, 1));
    check(overTime('max_over_time'), () => (window) => least(window, -1));
  });
  it('count, first and last_over_time', () => {
    check(overTime('count_over_time'), () => (window) => window.length);
    check(overTime('first_over_time'), () => (window) => first(window).v);
    check(overTime('last_over_time'), () => (window) => last(window).v);
  });
  it('quantile_over_time', () => {
    const q = 0.3;
    check(
      (windows) => eachWindow(quantileKernel(windows, new Float64Array(windows.steps).fill(q))),
      () => (window) => {
        const sorted = window.map(({ v }) => v).sort((a, b) => (Number.isNaN(a) ? -1 : Number.isNaN(b) ? 1 : a < b ? -1 : a > b ? 1 : 0));
        const rank = q * (sorted.length - 1);
        const low = Math.floor(rank);
        const high = Math.min(low + 1, sorted.length - 1);
        return (sorted[low] as number) * (1 - (rank - low)) + (sorted[high] as number) * (rank - low);
      },
    );
  });
});

/** A finite double as a multiple of 2^-1074. */
const toExact = (x: number): bigint => {
  const bits = new BigUint64Array(Float64Array.of(x).buffer)[0] as bigint;
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = exponent === 0n ? fraction : (fraction | 0x10000000000000n) << (exponent - 1n);
  return bits >> 63n === 1n ? -magnitude : magnitude;
};

const exactSum = (window: readonly Sample[]): bigint => window.reduce((sum, { v }) => sum + toExact(v), 0n);
const absolute = (x: bigint): bigint => (x < 0n ? -x : x);

describe('compensated sums', () => {
  const finite = setting.map((given) => ({ ...given, samples: given.samples.filter(({ v }) => Number.isFinite(v)) }));
  const within = (got: number | undefined, sum: bigint, scale: bigint, largest: bigint): boolean =>
    // Two roundings of the result and the second-order term of Neumaier's bound.
    got !== undefined && absolute(toExact(got) * scale - sum) <= (absolute(sum) >> 51n) + (largest >> 90n) + scale;

  it('sum_over_time is within two roundings of the exact sum, however much cancels', () => {
    fc.assert(
      fc.property(finite, (given) => {
        const sums = byKernel(given, overTime('sum_over_time')).filter((sum) => sum !== undefined);
        directly(given, (window) => {
          const size = window.reduce((total, { v }) => total + absolute(toExact(v)), 0n);
          expect(within(sums.shift(), exactSum(window), 1n, size)).toBe(true);
          return undefined;
        });
      }),
      { numRuns: 200 },
    );
  });

  it('avg_over_time is within two roundings of the exact mean', () => {
    fc.assert(
      fc.property(finite, (given) => {
        const means = byKernel(given, overTime('avg_over_time')).filter((mean) => mean !== undefined);
        directly(given, (window) => {
          const size = window.reduce((total, { v }) => total + absolute(toExact(v)), 0n);
          expect(within(means.shift(), exactSum(window), BigInt(window.length), size)).toBe(true);
          return undefined;
        });
      }),
      { numRuns: 200 },
    );
  });

  it('stdvar_over_time follows the definition within 1e-9 of the spread', () => {
    fc.assert(
      fc.property(finite, (given) => {
        const got = byKernel(given, overTime('stdvar_over_time'));
        const wanted = directly(given, (window) => {
          const mean = window.reduce((total, { v }) => total + v, 0) / window.length;
          return window.reduce((total, { v }) => total + (v - mean) ** 2, 0) / window.length;
        });
        got.forEach((variance, i) => {
          const exact = wanted[i];
          if (exact === undefined) expect(variance).toBeUndefined();
          else expect(Math.abs((variance as number) - exact)).toBeLessThanOrEqual(1e-9 * Math.max(1, exact));
        });
      }),
      { numRuns: 200 },
    );
  });
});
