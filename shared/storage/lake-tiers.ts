import { HOUR_MS, hourStartMs } from '../model/hour.ts';
import type { TierName, TierSegment } from '../promql/tier-source.ts';
import { tierHours, type TierHoursPorts } from './tier-hours.ts';

/** By hour what answers it in one lake or another. */
type Choices = ReadonlyMap<string, ReadonlySet<TierName>>;

/**
 * The hours that buckets answer in all lakes, in order, none where all of those are over at `startMs`. Lakes that have nothing of an
 * hour have no say. Where the others would each rather read another tier, one of them has samples that its buckets are not yet made
 * of: there the finest counts that each still has.
 */
export const lakeTiers = async (
  lakes: readonly TierHoursPorts[],
  prefer: TierName,
  { fromMs, startMs, toMs }: { readonly fromMs: number; readonly startMs: number; readonly toMs: number },
): Promise<ReadonlyMap<string, TierSegment['tier']>> => {
  const rather = await choicesOf(lakes, prefer, fromMs, toMs);
  const finest = prefer === 'raw' ? rather : await choicesOf(lakes, 'raw', fromMs, toMs);
  const tierOf = new Map<string, TierSegment['tier']>();
  for (const [hour, tiers] of [...rather].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const tier = coarsest(tiers.size > 1 ? (finest.get(hour) ?? tiers) : tiers);
    if (tier !== 'raw') tierOf.set(hour, tier);
  }
  return [...tierOf.keys()].every((hour) => hourStartMs(hour) + HOUR_MS <= startMs) ? new Map() : tierOf;
};

const choicesOf = async (lakes: readonly TierHoursPorts[], prefer: TierName, fromMs: number, toMs: number): Promise<Choices> => {
  const choices = new Map<string, Set<TierName>>();
  const add = (hour: string, tier: TierName): void => void choices.set(hour, (choices.get(hour) ?? new Set()).add(tier));
  for (const lake of lakes) {
    const { raw, tiers } = await tierHours(lake, prefer, fromMs, toMs);
    for (const hour of raw) add(hour, 'raw');
    for (const { hour, entry } of tiers) add(hour, entry.tier);
  }
  return choices;
};

const coarsest = (tiers: ReadonlySet<TierName>): TierName => {
  if (tiers.has('1h')) return '1h';
  return tiers.has('1m') ? '1m' : 'raw';
};
