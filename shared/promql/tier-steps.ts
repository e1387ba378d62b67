import { TIER_BUCKET_MS } from '../tiers/bucket.ts';
import type { Grid } from './step-vector.ts';
import type { TierSegment } from './tier-source.ts';

/** Which steps of a selector buckets answer, and from where to where. */
export interface TierSteps {
  /** By step 1 where a part of the window lies in a segment. */
  readonly isTier: Uint8Array;
  /** Of those steps the window, widened to whole buckets. */
  readonly fromMs: Float64Array; // inclusive
  readonly endMs: Float64Array; // exclusive
  /** The longest bucket that a window was widened to; undefined where all of them began and ended with one. */
  readonly widenedTo: TierSegment['tier'] | undefined;
  readonly hasRaw: boolean;
  readonly tiers: ReadonlySet<TierSegment['tier']>;
}

/**
 * The windows [t - rangeMs, t) of the steps over segments. Of a range selector; an instant selector (`isInstant`) judges each sample
 * by its own time, so it may see more than its lookback. A window whose ends lie inside of buckets is widened: it ends with the
 * last bucket that is over at t, and goes back from there for at least its own length. Raw samples are cut anywhere.
 */
export const tierSteps = (segments: readonly TierSegment[], { startMs, stepMs, steps }: Grid, rangeMs: number, isInstant: boolean): TierSteps => {
  const isTier = new Uint8Array(steps);
  const fromMs = new Float64Array(steps);
  const endMs = new Float64Array(steps);
  const tiers = new Set<TierSegment['tier']>();
  let widenedTo: TierSegment['tier'] | undefined;
  let hasRaw = false;
  for (let step = 0; step < steps; step++) {
    const tMs = startMs + step * stepMs;
    const first = firstEndingAfter(segments, tMs - rangeMs);
    if (!((segments[first]?.fromMs ?? Infinity) < tMs)) {
      hasRaw = true;
      continue;
    }
    isTier[step] = 1;
    const end = floorTo(segmentAt(segments, tMs - 1), tMs);
    const from = floorTo(segmentAt(segments, end - rangeMs), end - rangeMs);
    fromMs[step] = from;
    endMs[step] = end;
    const touched = segments.slice(first, firstEndingAfter(segments, tMs - 1) + 1).filter((segment) => segment.fromMs < tMs);
    for (const { tier } of touched) tiers.add(tier);
    if (end !== tMs) widenedTo = longer(widenedTo, segmentAt(segments, tMs - 1));
    if (from !== end - rangeMs && !isInstant) widenedTo = longer(widenedTo, segmentAt(segments, end - rangeMs));
  }
  return { isTier, fromMs, endMs, widenedTo, hasRaw, tiers };
};

/** The place of the first segment that ends after `tMs`; how many there are where none does. */
const firstEndingAfter = (segments: readonly TierSegment[], tMs: number): number => {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((segments[middle] as TierSegment).endMs <= tMs) low = middle + 1;
    else high = middle;
  }
  return low;
};

const segmentAt = (segments: readonly TierSegment[], tMs: number): TierSegment | undefined => {
  const segment = segments[firstEndingAfter(segments, tMs)];
  return segment !== undefined && segment.fromMs <= tMs ? segment : undefined;
};

const floorTo = (segment: TierSegment | undefined, tMs: number): number => {
  if (segment === undefined) return tMs;
  const unitMs = TIER_BUCKET_MS[segment.tier];
  return Math.floor(tMs / unitMs) * unitMs;
};

const longer = (known: TierSegment['tier'] | undefined, segment: TierSegment | undefined): TierSegment['tier'] | undefined =>
  known === '1h' || segment === undefined ? known : segment.tier;

/** The longest buckets that every window of the grid begins and ends with; undefined where not even the shortest do. */
export const exactTier = ({ startMs, stepMs, steps }: Grid, rangeMs: number): TierSegment['tier'] | undefined => {
  const isExact = (unitMs: number): boolean => startMs % unitMs === 0 && rangeMs % unitMs === 0 && (steps === 1 || stepMs % unitMs === 0);
  if (isExact(TIER_BUCKET_MS['1h'])) return '1h';
  return isExact(TIER_BUCKET_MS['1m']) ? '1m' : undefined;
};

/** Buckets of this length end wherever a window of the grid may begin or end among raw samples. */
export const commonUnitMs = ({ startMs, stepMs, steps }: Grid, rangeMs: number): number => {
  let unitMs: number = TIER_BUCKET_MS['1m'];
  for (const ms of [startMs, rangeMs, steps === 1 ? 0 : stepMs]) unitMs = divisor(unitMs, Math.abs(ms));
  return unitMs;
};

/** The greatest common one, of whole numbers. */
const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
