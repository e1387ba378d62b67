import { describe, expect, it } from 'vitest';
import { bitsOf, isStaleAt, putStaleAt } from '../../../shared/model/stale.ts';
import { withoutHistograms } from '../../../shared/storage/number-samples.ts';

describe('withoutHistograms', () => {
  const samples = { tMs: Float64Array.of(1, 2, 3, 4, 5), values: Float64Array.of(1, 0, 0, 4, 0), from: 1, to: 5 };
  const bits = bitsOf(samples.values);
  for (const place of [1, 2, 4]) putStaleAt(bits, place);

  it('leaves a series of numbers over its own memory', () => {
    expect(withoutHistograms(samples, undefined)).toBe(samples);
    expect(withoutHistograms(samples, { places: Uint32Array.of(0, 5), bytes: [] })).toBe(samples);
  });

  it('keeps the numbers and stale markers between histograms', () => {
    const { tMs, values, from, to } = withoutHistograms(samples, { places: Uint32Array.of(0, 1, 2), bytes: [] });
    expect([from, to, tMs[0], values[0], tMs[1], isStaleAt(bitsOf(values), 1)]).toEqual([0, 2, 4, 4, 5, true]);
  });
});
