import type { HistogramList } from '../model/histogram-column.ts';
import { bitsOf, isStaleAt } from '../model/stale.ts';

/**
 * The order over values of one identity (series, time); the first stays. A number before NaN before a histogram before the stale
 * marker, the greater number first (design 4); what is equal as a number (zeros, NaNs) by its bits, and of histograms the one with the
 * greater bytes, so that any two orders of arrival, of files and of reading agree. SQL shows the number too, whatever lies beside it.
 */
const compareValues = (values: Float64Array, bits: Uint32Array, a: number, b: number): number => {
  const rank = rankOf(values, bits, a) - rankOf(values, bits, b);
  if (rank !== 0) return rank;
  const difference = (values[b] as number) - (values[a] as number);
  // Equal infinities differ by NaN.
  if (difference !== 0 && !Number.isNaN(difference)) return difference;
  return (bits[2 * a + 1] as number) - (bits[2 * b + 1] as number) || (bits[2 * a] as number) - (bits[2 * b] as number);
};

const NO_HISTOGRAMS: ReadonlyMap<number, Uint8Array> = new Map();

/** Of two places with the same time, where there are histograms by their places. */
const compareSamples = (values: Float64Array, bits: Uint32Array, histograms: ReadonlyMap<number, Uint8Array>, a: number, b: number): number => {
  const [left, right] = [histograms.get(a), histograms.get(b)];
  if (left !== undefined && right !== undefined) return Buffer.compare(right, left);
  if (left !== undefined) return isStaleAt(bits, b) ? -1 : 1;
  if (right !== undefined) return isStaleAt(bits, a) ? 1 : -1;
  return compareValues(values, bits, a, b);
};

const rankOf = (values: Float64Array, bits: Uint32Array, i: number): number => {
  if (!Number.isNaN(values[i])) return 0;
  return isStaleAt(bits, i) ? 2 : 1;
};

/** The histograms from `from` on, taken off the list, by their places counted from there. */
const taken = (list: HistogramList | undefined, from: number): ReadonlyMap<number, Uint8Array> =>
  list === undefined || list.count === 0 ? NO_HISTOGRAMS : new Map([...list.takeFrom(from)].map(([place, bytes]) => [place - from, bytes]));

/**
 * Puts one series' samples `from` to `to` (exclusive) right, in place: ascending in time, each time once. Its histograms are the last
 * ones of the list.
 * @returns the position behind the last sample that stays.
 */
export const sortSeriesSamples = (tMs: Float64Array, values: Float64Array, from: number, to: number, histograms?: HistogramList): number => {
  const t = tMs.slice(from, to);
  const v = values.slice(from, to);
  const bits = bitsOf(v);
  const held = taken(histograms, from);
  const compare = held.size === 0 ? compareValues : (all: Float64Array, halves: Uint32Array, a: number, b: number): number => compareSamples(all, halves, held, a, b);
  const order = Uint32Array.from(t, (_, i) => i).sort((a, b) => (t[a] as number) - (t[b] as number) || compare(v, bits, a, b));
  const outBits = bitsOf(values);
  let end = from;
  for (const i of order) {
    if (end > from && tMs[end - 1] === t[i]) continue;
    tMs[end] = t[i] as number;
    // By its halves: a NaN's payload need not survive an assignment of the number.
    outBits[2 * end] = bits[2 * i] as number;
    outBits[2 * end + 1] = bits[2 * i + 1] as number;
    const histogram = held.get(i);
    if (histogram !== undefined) histograms?.add(end, histogram);
    end++;
  }
  return end;
};
