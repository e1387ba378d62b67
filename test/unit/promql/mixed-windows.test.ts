import { describe, expect, it } from 'vitest';
import { EMPTY_HISTOGRAM } from '../../../shared/histograms/histogram.ts';
import { MixedSeries, slideMixed } from '../../../shared/promql/mixed-windows.ts';
import { RATE_KERNELS } from '../../../shared/promql/rate-kernels.ts';
import type { RowFunction, WindowBounds, Windows } from '../../../shared/promql/windows.ts';

const rate = RATE_KERNELS.rate as (typeof RATE_KERNELS)[string];

/** A histogram at time 0, and behind it a float each second, every other one of which is less than the one before. */
const sawtooth = (samples: number): Windows => ({
  labels: [[]],
  dropName: [false],
  offsets: Uint32Array.of(0, samples),
  tMs: new Float64Array(samples).map((_, i) => 1000 * i),
  values: new Float64Array(samples).map((_, i) => 1 + (i % 2)),
  histograms: new Map([[0, EMPTY_HISTOGRAM]]),
  rangeMs: 2000,
  firstEndMs: 2000,
  stepMs: 1000,
  steps: samples - 2,
});

/** Counts the places that are looked at. */
const counted = (kernel: RowFunction, count: (places: number) => void): RowFunction => {
  const watched = (places: Int32Array): Int32Array =>
    new Proxy(places, {
      get: (target, name) => {
        count(1);
        return Reflect.get(target, name);
      },
    });
  return (bounds, firstStep, endStep, target) => kernel({ ...bounds, from: watched(bounds.from), to: watched(bounds.to) } as WindowBounds, firstStep, endStep, target);
};

describe('rate over a series of floats and histograms', () => {
  it('looks at the resets of a window, not at those of the series', () => {
    const samples = 500;
    const { floats } = new MixedSeries(sawtooth(samples), 0);
    let looks = 0;
    const rates: (number | undefined)[] = [];
    const kernel = counted(rate(floats, 0), (places) => (looks += places));
    slideMixed(new MixedSeries(sawtooth(samples), 0), kernel, ({ ofFloats }) => rates.push(ofFloats()), () => undefined);
    // Of two floats each: a second of change by one, extrapolated to two.
    expect(rates).toEqual(Array.from({ length: samples - 2 }, () => 1));
    expect(looks).toBeLessThan(40 * samples);
  });
});
