import { describe, expect, it } from 'vitest';
import { HistogramList } from '../../../shared/model/histogram-column.ts';
import { bitsOf, isStaleAt, putStaleAt } from '../../../shared/model/stale.ts';
import { mergeSegments, type Segment } from '../../../shared/storage/series-merge.ts';

type Point = readonly [tMs: number, value: number | 'stale'];

const segment = (...points: Point[]): Segment => {
  const values = Float64Array.from(points, ([, value]) => (value === 'stale' ? 0 : value));
  points.forEach(([, value], i) => {
    if (value === 'stale') putStaleAt(bitsOf(values), i);
  });
  return { tMs: Float64Array.from(points, ([tMs]) => tMs), values, start: 0, end: points.length };
};

const merge = (...segments: Segment[]): Point[] => {
  const most = segments.reduce((sum, each) => sum + each.end - each.start, 0);
  const tMs = new Float64Array(most + 1);
  const values = new Float64Array(most + 1);
  const end = mergeSegments(segments, tMs, values, 1, new HistogramList());
  const bits = bitsOf(values);
  return Array.from({ length: end - 1 }, (_, i): Point => [tMs[i + 1] as number, isStaleAt(bits, i + 1) ? 'stale' : (values[i + 1] as number)]);
};

const permutations = <T>(items: readonly T[]): T[][] =>
  items.length < 2 ? [[...items]] : items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));

describe('mergeSegments', () => {
  it('puts segments one after the other when they do not overlap', () => {
    expect(merge(segment([3, 3], [4, 4]), segment([1, 1], [2, 2]))).toEqual([[1, 1], [2, 2], [3, 3], [4, 4]]);
  });

  it('gives each time once: a number before NaN before a stale marker, the greater number first, in any order of arrival', () => {
    const segments = [
      segment([1, 1], [2, 5], [3, 'stale'], [4, Number.NaN], [9, 'stale']),
      segment([1, 1], [2, 7], [3, 3], [4, 'stale'], [9, 'stale']),
      segment([2, 6], [3, Number.NaN], [4, 4]),
      segment([5, Number.NaN], [6, -Infinity]),
      segment([5, 'stale'], [6, Number.NaN]),
    ];
    for (const order of permutations(segments)) {
      expect(merge(...order)).toEqual([[1, 1], [2, 7], [3, 3], [4, 4], [5, Number.NaN], [6, -Infinity], [9, 'stale']]);
    }
  });

  it('chooses between zeros by their bits', () => {
    for (const order of permutations([segment([1, -0]), segment([1, 0])])) expect(Object.is(merge(...order)[0]?.[1], 0)).toBe(true);
  });

  it('keeps the bits of NaN payloads through a sort', () => {
    expect(merge(segment([2, 'stale'], [3, 1]), segment([1, 'stale'], [3, 'stale']))).toEqual([[1, 'stale'], [2, 'stale'], [3, 1]]);
  });
});
