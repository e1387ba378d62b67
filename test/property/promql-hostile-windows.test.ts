import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_HISTOGRAM, type Histogram } from '../../shared/histograms/histogram.ts';
import { ACCUMULATORS, foldRow } from '../../shared/promql/accumulators.ts';
import type { AggregateOp } from '../../shared/promql/ast.ts';
import { MixedSeries, slideMixed } from '../../shared/promql/mixed-windows.ts';
import { OVER_TIME_KERNELS } from '../../shared/promql/over-time-kernels.ts';
import { RATE_KERNELS } from '../../shared/promql/rate-kernels.ts';
import { type RowFunction, slide, WindowBounds, type Windows } from '../../shared/promql/windows.ts';

/*
 * Kernels over blocks of several series, at times as they come, against Prometheus' own loops over one window at a time
 * (promql/functions.go of 3.x). What is compared is compared by its bits, but for the payloads of NaNs.
 */

const START_MS = 1_789_999_200_000;

const number = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 9 }) },
  { weight: 2, arbitrary: fc.double({ noNaN: true }) },
  { weight: 2, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, -0, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 2 ** 53, 2 ** 53 + 2) },
);

/** A run of so many samples, one each `gapMs`: regular for some while, or with a gap of days before it. */
const run = fc.record({
  gapMs: fc.oneof(fc.constantFrom(1, 15_000), fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: 1, max: 2 ** 33 })),
  values: fc.oneof(fc.array(number, { maxLength: 8 }), fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 40 })),
});

interface Sample {
  readonly t: number;
  readonly v: number;
}

const series = fc.array(run, { maxLength: 4 }).map((runs) => {
  let t = START_MS;
  return runs.flatMap(({ gapMs, values }) => values.map((v): Sample => ({ t: (t += gapMs), v })));
});

const grid = fc.record({
  rangeMs: fc.oneof(fc.constantFrom(1, 15_000, 15_001, 60_000), fc.integer({ min: 1, max: 120_000 }), fc.integer({ min: 1, max: 2 ** 34 })),
  firstEndMs: fc.oneof(fc.constant(START_MS), fc.integer({ min: -1000, max: 200_000 }).map((ms) => START_MS + ms), fc.constantFrom(0, START_MS + 2 ** 33)),
  stepMs: fc.oneof(fc.constantFrom(0, 1, 15_000), fc.integer({ min: 1, max: 50_000 }), fc.integer({ min: 1, max: 2 ** 33 })),
  steps: fc.integer({ min: 1, max: 30 }),
});

type Times = typeof grid extends fc.Arbitrary<infer T> ? T : never;

const windowsOf = (all: readonly (readonly Sample[])[], times: Times, histograms?: ReadonlyMap<number, Histogram>): Windows => {
  const samples = all.flat();
  let end = 0;
  return {
    ...times,
    labels: all.map(() => []),
    dropName: all.map(() => false),
    offsets: Uint32Array.from([0, ...all.map(({ length }) => (end += length))]),
    tMs: Float64Array.from(samples, ({ t }) => t),
    values: Float64Array.from(samples, ({ v }) => v),
    ...(histograms && { histograms }),
  };
};

type OfWindow = (window: readonly Sample[], endMs: number, rangeMs: number) => number | undefined;

const directly = (samples: readonly Sample[], { rangeMs, firstEndMs, stepMs, steps }: Times, f: OfWindow): (number | undefined)[] =>
  Array.from({ length: steps }, (_, step) => {
    const endMs = firstEndMs + step * stepMs;
    const window = samples.filter(({ t }) => t > endMs - rangeMs && t <= endMs);
    return window.length === 0 ? undefined : f(window, endMs, rangeMs);
  });

const at = (window: readonly Sample[], i: number): Sample => window.at(i) as Sample;

/** extrapolatedRate. */
const extrapolated = (isCounter: boolean, isRate: boolean): OfWindow => (window, endMs, rangeMs) => {
  if (window.length < 2) return undefined;
  let result = at(window, -1).v - at(window, 0).v;
  if (isCounter) for (let i = 1; i < window.length; i++) if (at(window, i).v < at(window, i - 1).v) result += at(window, i - 1).v;
  let toStart = (at(window, 0).t - (endMs - rangeMs)) / 1000;
  let toEnd = (endMs - at(window, -1).t) / 1000;
  const sampled = (at(window, -1).t - at(window, 0).t) / 1000;
  const average = sampled / (window.length - 1);
  const threshold = average * 1.1;
  if (toStart >= threshold) toStart = average / 2;
  if (isCounter && result > 0 && at(window, 0).v >= 0) {
    const toZero = sampled * (at(window, 0).v / result);
    if (toZero < toStart) toStart = toZero;
  }
  if (toEnd >= threshold) toEnd = average / 2;
  let factor = (sampled + toStart + toEnd) / sampled;
  if (isRate) factor /= rangeMs / 1000;
  return result * factor;
};

/** kahanSumInc. */
const increment = (add: number, sum: number, c: number): readonly [sum: number, c: number] => {
  const t = sum + add;
  if (Math.abs(t) === Infinity) return [t, 0];
  return [t, Math.abs(sum) >= Math.abs(add) ? c + (sum - t + add) : c + (add - t + sum)];
};

const sumOf: OfWindow = (window) => {
  let [sum, c] = [0, 0];
  for (const { v } of window) [sum, c] = increment(v, sum, c);
  return Math.abs(sum) === Infinity ? sum : sum + c;
};

const meanOf: OfWindow = (window) => {
  let [sum, c, mean] = [at(window, 0).v, 0, 0];
  let isIncremental = false;
  window.forEach(({ v }, i) => {
    const count = i + 1;
    if (i === 0) return;
    if (!isIncremental) {
      const [newSum, newC] = increment(v, sum, c);
      if (Math.abs(newSum) !== Infinity) {
        [sum, c] = [newSum, newC];
        return;
      }
      isIncremental = true;
      mean = sum / (count - 1);
      c /= count - 1;
    }
    const q = (count - 1) / count;
    [mean, c] = increment(v / count, q * mean, q * c);
  });
  return isIncremental ? mean + c : sum / window.length + c / window.length;
};

const varianceOf: OfWindow = (window) => {
  let [mean, cMean, aux, cAux] = [0, 0, 0, 0];
  window.forEach(({ v }, i) => {
    const delta = v - (mean + cMean);
    [mean, cMean] = increment(delta / (i + 1), mean, cMean);
    [aux, cAux] = increment(delta * (v - (mean + cMean)), aux, cAux);
  });
  return (aux + cAux) / window.length;
};

const least = (sign: 1 | -1): OfWindow => (window) => {
  let found = NaN;
  for (const { v } of window) if (sign * v < sign * found || Number.isNaN(found)) found = v;
  return found;
};

const timeOfLeast = (sign: 1 | -1): OfWindow => (window) => {
  let found = at(window, 0);
  for (const one of window) if (sign * one.v <= sign * found.v || Number.isNaN(found.v)) found = one;
  return found.t / 1000;
};

const pairs = (test: (before: number, after: number) => boolean): OfWindow => (window) =>
  window.filter(({ v }, i) => i > 0 && test(at(window, i - 1).v, v)).length;

const lastTwo = (f: (before: Sample, after: Sample) => number): OfWindow => (window) => (window.length < 2 ? undefined : f(at(window, -2), at(window, -1)));

const DIRECT: Readonly<Record<string, OfWindow>> = {
  rate: extrapolated(true, true),
  increase: extrapolated(true, false),
  delta: extrapolated(false, false),
  irate: lastTwo((before, after) => (after.v < before.v ? after.v : after.v - before.v) / ((after.t - before.t) / 1000)),
  idelta: lastTwo((before, after) => after.v - before.v),
  resets: pairs((before, after) => after < before),
  changes: pairs((before, after) => after !== before && !(Number.isNaN(after) && Number.isNaN(before))),
  sum_over_time: sumOf,
  avg_over_time: meanOf,
  stdvar_over_time: varianceOf,
  stddev_over_time: (...args) => Math.sqrt(varianceOf(...args) as number),
  min_over_time: least(1),
  max_over_time: least(-1),
  count_over_time: ({ length }) => length,
  present_over_time: () => 1,
  first_over_time: (window) => at(window, 0).v,
  last_over_time: (window) => at(window, -1).v,
  ts_of_first_over_time: (window) => at(window, 0).t / 1000,
  ts_of_last_over_time: (window) => at(window, -1).t / 1000,
  ts_of_min_over_time: timeOfLeast(1),
  ts_of_max_over_time: timeOfLeast(-1),
};

type Kernel = (windows: Windows, series: number) => RowFunction;

const kernelOf = (name: string): Kernel => (RATE_KERNELS[name] ?? OVER_TIME_KERNELS[name]) as Kernel;

describe('window kernels over hostile series', () => {
  it.each(Object.entries(DIRECT))('%s of every series equals its definition', (name, direct) => {
    fc.assert(
      fc.property(fc.array(series, { minLength: 1, maxLength: 3 }), grid, (all, times) => {
        const windows = windowsOf(all, times);
        const bounds = new WindowBounds(windows);
        const { steps } = times;
        const values = new Float64Array(all.length * steps).fill(-7);
        const present = new Uint8Array(all.length * steps);
        all.forEach((_, k) => slide(windows, k, bounds, kernelOf(name)(windows, k), { values, present, at: k * steps, work: () => undefined }));
        const got = Array.from(values, (v, i) => (present[i] === 1 ? v : undefined));
        expect(got).toEqual(all.flatMap((samples) => directly(samples, times, direct)));
      }),
      { numRuns: 250 },
    );
  });

  it.each(['rate', 'resets', 'sum_over_time', 'max_over_time'])('%s of the floats among histograms equals that of the floats', (name) => {
    fc.assert(
      fc.property(series, grid, fc.infiniteStream(fc.boolean()), fc.infiniteStream(fc.boolean()), (samples, times, kinds, asked) => {
        const isHistogram = samples.map(() => kinds.next().value as boolean);
        const histograms = new Map(samples.flatMap((_, i) => (isHistogram[i] === true ? [[i, EMPTY_HISTOGRAM]] : [])));
        const mixed = new MixedSeries(windowsOf([samples], times, histograms), 0);
        const got: unknown[] = Array.from({ length: times.steps }, () => undefined);
        const isAsked = got.map(() => asked.next().value as boolean);
        slideMixed(
          mixed,
          kernelOf(name)(mixed.floats, 0),
          ({ floatFrom, floatTo, from, to, ofFloats }, step) => (got[step] = [floatTo - floatFrom, to - from, isAsked[step] === true ? ofFloats() : undefined]),
          () => undefined,
        );
        const floats = samples.filter((_, i) => isHistogram[i] === false);
        const wanted = directly(floats, times, DIRECT[name] as OfWindow);
        const counts = directly(floats, times, ({ length }) => length);
        const others = directly(samples.filter((_, i) => isHistogram[i] === true), times, ({ length }) => length);
        const all = wanted.map((value, step) => [counts[step] ?? 0, others[step] ?? 0, isAsked[step] === true ? value : undefined]);
        expect(got).toEqual(all.map((each) => (each[0] === 0 && each[1] === 0 ? undefined : each)));
      }),
      { numRuns: 250 },
    );
  });
});

describe('aggregations over hostile rows', () => {
  /** engine.go, aggregation: one value after the other. */
  const FOLDS: Partial<Readonly<Record<AggregateOp, OfWindow>>> = {
    avg: meanOf,
    min: least(1),
    max: least(-1),
    count: ({ length }) => length,
    group: () => 1,
    // Prometheus 2.42 as well begins with the first value, so that a sum of negative zeros is one.
    sum: (window, ...rest) => (window.every(({ v }) => Object.is(v, -0)) ? -0 : sumOf(window, ...rest)),
    stdvar: (window) => {
      let [mean, squares] = [at(window, 0).v, Number.isFinite(at(window, 0).v) ? 0 : NaN];
      window.forEach(({ v }, i) => {
        if (i === 0) return;
        const delta = v - mean;
        mean += delta / (i + 1);
        squares += Number.isFinite(v) ? delta * (v - mean) : NaN;
      });
      return squares / window.length;
    },
  };

  it.each(Object.entries(FOLDS))('%s folds the floats of rows with holes', (op, direct) => {
    const rows = fc.integer({ min: 1, max: 12 }).chain((steps) => fc.array(fc.array(fc.tuple(number, fc.constantFrom(0, 1, 1, 1, 2)), { minLength: steps, maxLength: steps }), { minLength: 1, maxLength: 8 }));
    fc.assert(
      fc.property(rows, (all) => {
        const steps = (all[0] as readonly unknown[]).length;
        const input = { steps, values: Float64Array.from(all.flat(), ([v]) => v), present: Uint8Array.from(all.flat(), ([, kind]) => kind) };
        const accumulator = (ACCUMULATORS[op as AggregateOp] as (cells: number) => ReturnType<NonNullable<(typeof ACCUMULATORS)[AggregateOp]>>)(steps + 3);
        const filled = new Uint8Array(steps + 3);
        all.forEach((_, row) => foldRow(accumulator, input, row * steps, filled, 2));
        const got = Array.from(filled, (kind, cell) => (kind === 1 ? accumulator.result(cell) : undefined));
        const wanted = Array.from({ length: steps }, (_, step) => {
          const column = all.map((row) => row[step] as (typeof row)[number]).filter(([, kind]) => kind === 1).map(([v]): Sample => ({ t: 0, v }));
          return column.length === 0 ? undefined : direct(column, 0, 0);
        });
        expect(got).toEqual([undefined, undefined, ...wanted, undefined]);
      }),
      { numRuns: 250 },
    );
  });
});
