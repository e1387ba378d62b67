import { bitsOf, isStaleAt } from '../model/stale.ts';

/** Samples `start` to `end` (exclusive) of one series, ascending in time. */
export interface Segment {
  readonly tMs: Float64Array;
  readonly values: Float64Array;
  readonly start: number;
  readonly end: number;
}

/**
 * The order over values of one identity (series, time); the first stays. A number before NaN before the stale marker, the
 * greater number first (design 4); what is equal as a number (zeros, NaNs) by its bits, as `hot-sort.ts` does, so that any
 * order of reading gives the same.
 */
const compareBits = (values: Float64Array, bits: Uint32Array, a: number, b: number): number => {
  const rank = rankOf(values, bits, a) - rankOf(values, bits, b);
  if (rank !== 0) return rank;
  const difference = (values[b] as number) - (values[a] as number);
  // Equal infinities differ by NaN.
  if (difference !== 0 && !Number.isNaN(difference)) return difference;
  return (bits[2 * a + 1] as number) - (bits[2 * b + 1] as number) || (bits[2 * a] as number) - (bits[2 * b] as number);
};

const rankOf = (values: Float64Array, bits: Uint32Array, i: number): number => {
  if (!Number.isNaN(values[i])) return 0;
  return isStaleAt(bits, i) ? 2 : 1;
};

/**
 * Writes one series' samples from `at` on: ascending, each time once. The segments may overlap in any way.
 * @returns the position behind the last sample written.
 */
export const mergeSegments = (segments: Segment[], tMs: Float64Array, values: Float64Array, at: number): number => {
  if (segments.length > 1) segments.sort((a, b) => (a.tMs[a.start] as number) - (b.tMs[b.start] as number));
  let end = at;
  let overlaps = false;
  for (const segment of segments) {
    if (end > at && (segment.tMs[segment.start] as number) <= (tMs[end - 1] as number)) overlaps = true;
    tMs.set(segment.tMs.subarray(segment.start, segment.end), end);
    values.set(segment.values.subarray(segment.start, segment.end), end);
    end += segment.end - segment.start;
  }
  return overlaps ? sortAndDeduplicate(tMs, values, at, end) : end;
};

const sortAndDeduplicate = (tMs: Float64Array, values: Float64Array, from: number, to: number): number => {
  const t = tMs.slice(from, to);
  const v = values.slice(from, to);
  const bits = bitsOf(v);
  const order = Uint32Array.from(t, (_, i) => i);
  order.sort((a, b) => (t[a] as number) - (t[b] as number) || compareBits(v, bits, a, b));
  const outBits = bitsOf(values);
  let end = from;
  for (const i of order) {
    if (end > from && tMs[end - 1] === t[i]) continue;
    tMs[end] = t[i] as number;
    // By its halves: a NaN's payload need not survive an assignment of the number.
    outBits[2 * end] = bits[2 * i] as number;
    outBits[2 * end + 1] = bits[2 * i + 1] as number;
    end++;
  }
  return end;
};
