import { bitsOf, isStaleAt } from '../model/stale.ts';

/**
 * The order over values of one identity (series, time); the first stays. A number before NaN before the stale marker, the
 * greater number first (design 4); what is equal as a number (zeros, NaNs) by its bits, so that any two orders of arrival,
 * of files and of reading agree.
 */
const compareValues = (values: Float64Array, bits: Uint32Array, a: number, b: number): number => {
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
 * Puts one series' samples `from` to `to` (exclusive) right, in place: ascending in time, each time once.
 * @returns the position behind the last sample that stays.
 */
export const sortSeriesSamples = (tMs: Float64Array, values: Float64Array, from: number, to: number): number => {
  const t = tMs.slice(from, to);
  const v = values.slice(from, to);
  const bits = bitsOf(v);
  const order = Uint32Array.from(t, (_, i) => i).sort((a, b) => (t[a] as number) - (t[b] as number) || compareValues(v, bits, a, b));
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
