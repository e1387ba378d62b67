import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_HISTOGRAM, type Histogram } from '../../../shared/histograms/histogram.ts';
import { bitsOf, isStaleAt, putStaleAt } from '../../../shared/model/stale.ts';
import type { SeriesBlock } from '../../../shared/promql/series-source.ts';
import { withoutStale } from '../../../shared/promql/without-stale.ts';

/** Values are looked at in spans of so many. */
const SPAN = 1024;

/** A NaN that only its bits tell from the stale marker. */
const putNaN = (values: Float64Array, i: number, low: number): void => {
  bitsOf(values).set([low, 0x7ff00000], 2 * i);
};

const blockOf = (samples: number, stale: readonly number[], rest: Partial<SeriesBlock> = {}): SeriesBlock => {
  const tMs = new Float64Array(samples).map((_, i) => 1000 * i);
  const values = tMs.map((t) => t + 0.5);
  for (const i of stale) putStaleAt(bitsOf(values), i);
  return { labels: [[]], offsets: Uint32Array.of(0, samples), tMs, values, ...rest };
};

const histogram = (count: number): Histogram => ({ ...EMPTY_HISTOGRAM, count });

const hexOf = (values: Float64Array): readonly string[] => Array.from(new BigUint64Array(values.slice().buffer), (bits) => bits.toString(16));

/** One sample after the other, by the bits of its value. */
const plainly = ({ offsets, tMs, values, startMs, histograms }: SeriesBlock): readonly (readonly unknown[])[] =>
  Array.from(offsets.subarray(1), (end, k) => {
    const kept: unknown[] = [];
    for (let i = offsets[k] as number; i < end; i++) {
      if (!isStaleAt(bitsOf(values), i)) kept.push([tMs[i], ...hexOf(values.subarray(i, i + 1)), startMs?.[i], histograms?.get(i)]);
    }
    return kept;
  });

describe('withoutStale', () => {
  it('finds a marker at every place of one, two and three spans', () => {
    for (const samples of [1, 2, 3, SPAN, SPAN + 1, 2 * SPAN + 1]) {
      for (let place = 0; place < samples; place++) {
        const { values, tMs, offsets } = withoutStale(blockOf(samples, [place]));
        if (values.length !== samples - 1 || values.includes(NaN) || tMs.includes(1000 * place) || offsets[1] !== samples - 1) expect.fail(`marker at ${place} of ${samples}`);
      }
    }
  });

  it('gives the block itself where there is none, whatever other NaNs and infinities it has', () => {
    const block = blockOf(SPAN + 3, []);
    block.values.set([Infinity, -Infinity, NaN, -0, Number.MAX_VALUE, Number.MAX_VALUE], 2);
    putNaN(block.values, SPAN - 1, 1);
    putNaN(block.values, SPAN, 3);
    putNaN(block.values, SPAN + 2, 0x80000002);
    expect(withoutStale(block)).toBe(block);
  });

  it('leaves the block alone, of which others may hold the memory', () => {
    const block = blockOf(5, [1, 4]);
    const before = hexOf(block.values);
    withoutStale(block);
    expect([hexOf(block.values), [...block.offsets], [...block.tMs]]).toEqual([before, [0, 5], [0, 1000, 2000, 3000, 4000]]);
  });

  it('ends with series that are empty where all was stale', () => {
    const block = blockOf(4, [0, 1, 2, 3], { labels: [[], []], offsets: Uint32Array.of(0, 3, 4) });
    expect(withoutStale(block)).toMatchObject({ offsets: Uint32Array.of(0, 0, 0), tMs: new Float64Array(0), values: new Float64Array(0) });
  });

  it('moves histograms and start times with their samples', () => {
    const histograms = new Map([[2, histogram(2)], [5, histogram(5)]]);
    const { tMs, histograms: moved, startMs } = withoutStale(blockOf(6, [0, 3, 4], { histograms, startMs: Float64Array.of(10, 11, 12, 13, 14, 15) }));
    expect([[...tMs], moved, [...(startMs ?? [])]]).toEqual([[1000, 2000, 5000], new Map([[1, histogram(2)], [2, histogram(5)]]), [11, 12, 15]]);
  });

  it('keeps all other samples of every series, bit for bit', () => {
    const sample = fc.oneof(
      { weight: 5, arbitrary: fc.double() },
      { weight: 2, arbitrary: fc.constant('stale' as const) },
      { weight: 1, arbitrary: fc.constant('histogram' as const) },
      { weight: 1, arbitrary: fc.constantFrom('1', '3', '80000002').map((low) => ({ low: Number.parseInt(low, 16) })) },
    );
    const series = fc.oneof({ weight: 9, arbitrary: fc.array(sample, { maxLength: 20 }) }, { weight: 1, arbitrary: fc.array(sample, { minLength: SPAN - 10, maxLength: SPAN + 10 }) });
    fc.assert(
      fc.property(fc.array(series, { maxLength: 3 }), fc.boolean(), (all, isStarted) => {
        const samples = all.flat();
        const values = Float64Array.from(samples, (one) => (typeof one === 'number' ? one : 0));
        const histograms = new Map<number, Histogram>();
        samples.forEach((one, i) => {
          if (one === 'stale') putStaleAt(bitsOf(values), i);
          else if (one === 'histogram') histograms.set(i, histogram(i));
          else if (typeof one === 'object') putNaN(values, i, one.low);
        });
        const offsets = Uint32Array.from([0, ...all.map((_, k) => all.slice(0, k + 1).flat().length)]);
        const tMs = Float64Array.from(samples, (_, i) => i);
        const block = { labels: all.map(() => []), offsets, tMs, values, ...(isStarted && { startMs: tMs.map((t) => t - 1) }), ...(histograms.size > 0 && { histograms }) };
        const left = withoutStale(block);
        expect(plainly(left)).toEqual(plainly(block));
        expect([left.values.length, left.tMs.length]).toEqual([left.offsets.at(-1), left.offsets.at(-1)]);
      }),
      { numRuns: 100 },
    );
  });
});
