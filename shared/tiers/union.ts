import type { BucketColumns } from './bucket.ts';
import { compensatedSum } from './compensated-sum.ts';

/*
 * What a union of adjacent buckets says about all samples in them: of the rows `from` to `to` (exclusive) of one series, in
 * the order of time, not necessarily of one length. Rows with count 0 are passed over but for `staleEnd`. Any way of uniting
 * parts first gives the same count, min, max, first, last, their times, resets, changes and staleEnd. For sum and corr that
 * holds to the last bits, and exactly while all values are whole and no partial sum passes 2^53.
 */

/** The first row with a sample; `to` where there is none. */
export const firstFilled = ({ count }: BucketColumns, from: number, to: number): number => {
  let row = from;
  while (row < to && count[row] === 0) row++;
  return row;
};

/** The last row with a sample; `from - 1` where there is none. */
export const lastFilled = ({ count }: BucketColumns, from: number, to: number): number => {
  let row = to - 1;
  while (row >= from && count[row] === 0) row--;
  return row;
};

export const countOf = ({ count }: BucketColumns, from: number, to: number): number => plainSum(count, from, to);

/** A compensated sum of the rows' sums, so a function of the rows. */
export const sumOf = ({ sum }: BucketColumns, from: number, to: number): number => compensatedSum(sum, from, to);

/** NaN where no row has a number. */
export const minOf = ({ min }: BucketColumns, from: number, to: number): number => {
  let least = Number.NaN;
  for (let row = from; row < to; row++) {
    const value = min[row] as number;
    if (value < least || least !== least) least = value;
  }
  return least;
};

/** NaN where no row has a number. */
export const maxOf = ({ max }: BucketColumns, from: number, to: number): number => {
  let most = Number.NaN;
  for (let row = from; row < to; row++) {
    const value = max[row] as number;
    if (value > most || most !== most) most = value;
  }
  return most;
};

/** The values before each drop, at borders too, added in the order of time. */
export const corrOf = (buckets: BucketColumns, from: number, to: number): number => {
  const { count, first, last, corr } = buckets;
  let before = Number.NaN;
  let total = 0;
  for (let row = from; row < to; row++) {
    if (count[row] === 0) continue;
    if ((first[row] as number) < before) total += before;
    total += corr[row] as number;
    before = last[row] as number;
  }
  return total;
};

/** Drops, at borders too. */
export const resetsOf = (buckets: BucketColumns, from: number, to: number): number => {
  const { count, first, last, resets } = buckets;
  let before = Number.NaN;
  let total = 0;
  for (let row = from; row < to; row++) {
    if (count[row] === 0) continue;
    total += (resets[row] as number) + ((first[row] as number) < before ? 1 : 0);
    before = last[row] as number;
  }
  return total;
};

/** Changes, at borders too. */
export const changesOf = (buckets: BucketColumns, from: number, to: number): number => {
  const { first, last, changes } = buckets;
  const start = firstFilled(buckets, from, to);
  if (start === to) return 0;
  let total = changes[start] as number;
  let before = last[start] as number;
  for (let row = start + 1; row < to; row++) {
    if (buckets.count[row] === 0) continue;
    const value = first[row] as number;
    const isChange = value !== before && (value === value || before === before);
    total += (changes[row] as number) + (isChange ? 1 : 0);
    before = last[row] as number;
  }
  return total;
};

const plainSum = (values: Float64Array, from: number, to: number): number => {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i] as number;
  return sum;
};
