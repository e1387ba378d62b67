import { STALE_HIGH, STALE_LOW } from '../../shared/model/stale.ts';

/** One sample as its sender meant it; the value by the halves of its bits. */
export interface SimSample {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly tMs: number;
  readonly low: number;
  readonly high: number;
}

const scratch = new Float64Array(1);
const halves = new Uint32Array(scratch.buffer);

export const bitsOfNumber = (value: number): { readonly low: number; readonly high: number } => {
  scratch[0] = value;
  return { low: halves[0] as number, high: halves[1] as number };
};

/** The number alone: a NaN's payload need not survive. */
export const numberOf = (low: number, high: number): number => {
  halves[0] = low;
  halves[1] = high;
  return scratch[0] as number;
};

export const STALE = { low: STALE_LOW, high: STALE_HIGH } as const;

export const isStale = ({ low, high }: { readonly low: number; readonly high: number }): boolean => low === STALE_LOW && high === STALE_HIGH;

/** What makes a sample itself: its series and its time. */
export const identityOf = (metric: string, labelsJson: string, tMs: number): string => `${metric}${labelsJson} ${tMs}`;

export const timeOf = (identity: string): number => Number(identity.slice(identity.lastIndexOf(' ') + 1));

/** Label names of the simulation sort as they stand in the record. */
export const identityOfSample = ({ metric, labels, tMs }: SimSample): string => identityOf(metric, JSON.stringify(labels), tMs);

export interface ValueBits {
  readonly low: number;
  readonly high: number;
}

/**
 * The order of design 4 in its own words: a number before NaN before a stale marker, the greater number first; among what is
 * left the smaller bits. Negative when `a` is the one to stay.
 */
export const compareValues = (a: ValueBits, b: ValueBits): number => {
  const x = numberOf(a.low, a.high);
  const y = numberOf(b.low, b.high);
  const rank = (value: number, bits: ValueBits): number => (isStale(bits) ? 2 : Number.isNaN(value) ? 1 : 0);
  if (rank(x, a) !== rank(y, b)) return rank(x, a) - rank(y, b);
  if (x > y) return -1;
  if (x < y) return 1;
  return a.high - b.high || a.low - b.low;
};
