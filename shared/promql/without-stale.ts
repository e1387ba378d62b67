import type { Histogram } from '../histograms/histogram.ts';
import { bitsOf, isStaleAt } from '../model/stale.ts';
import { countBelow } from './places.ts';
import type { SeriesBlock } from './series-source.ts';

/** As many values are looked at together; about what the nearest cache holds. */
const SPAN = 1024;

/** Whether there may be a NaN among the values: there is none unless one of these sums is NaN. A loop of sums takes half the time of one of tests. */
const mayHoldNaN = (values: Float64Array, begin: number, end: number): boolean => {
  let even = 0;
  let odd = 0;
  for (let i = begin + 1; i < end; i += 2) {
    even += values[i - 1] as number;
    odd += values[i] as number;
  }
  return Number.isNaN(even + odd + (values[end - 1] as number));
};

/** The places of the stale markers, ascending. */
const stalePlaces = (values: Float64Array): readonly number[] => {
  const bits = bitsOf(values);
  const places: number[] = [];
  for (let begin = 0; begin < values.length; begin += SPAN) {
    const end = Math.min(begin + SPAN, values.length);
    if (!mayHoldNaN(values, begin, end)) continue;
    for (let i = begin; i < end; i++) if (isStaleAt(bits, i)) places.push(i);
  }
  return places;
};

/** The block without its stale markers, which range selectors never see. */
export const withoutStale = (block: SeriesBlock): SeriesBlock => {
  const stale = stalePlaces(block.values);
  if (stale.length === 0) return block;
  const { labels, offsets, startMs, histograms } = block;
  let before = 0;
  const placed = offsets.map((offset) => {
    while (before < stale.length && (stale[before] as number) < offset) before++;
    return offset - before;
  });
  return {
    labels,
    offsets: placed,
    tMs: withoutPlaces(block.tMs, stale),
    values: withoutPlaces(block.values, stale),
    ...(startMs && { startMs: withoutPlaces(startMs, stale) }),
    ...(histograms && { histograms: movedHistograms(histograms, stale) }),
  };
};

/** All but what is at `places`, ascending. */
const withoutPlaces = (column: Float64Array, places: readonly number[]): Float64Array => {
  const kept = new Float64Array(column.length - places.length);
  let from = 0;
  places.forEach((place, removed) => {
    kept.set(column.subarray(from, place), from - removed);
    from = place + 1;
  });
  kept.set(column.subarray(from), from - places.length);
  return kept;
};

/** By the places that are left once those at `places`, ascending, are gone; none of the histograms is at one. */
const movedHistograms = (histograms: ReadonlyMap<number, Histogram>, places: readonly number[]): ReadonlyMap<number, Histogram> => {
  const moved = new Map<number, Histogram>();
  for (const [place, histogram] of histograms) moved.set(place - countBelow(places, place), histogram);
  return moved;
};
