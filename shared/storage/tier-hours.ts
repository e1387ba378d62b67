import { listPartitions, type PartitionEntry } from '../catalog/partitions.ts';
import { HOUR_MS, hourOf, hourStartMs } from '../model/hour.ts';
import type { TierName, TierSegment } from '../promql/tier-source.ts';
import { type FilePorts, sampleFiles } from './sample-files.ts';

/** An hour that buckets answer, and the partition that has them. */
export interface TierHour {
  readonly hour: string;
  readonly entry: PartitionEntry;
}

export interface TierHours {
  /** `YYYY-MM-DD-HH` of which raw samples answer, in order. */
  readonly raw: readonly string[];
  /** In order, none of them in `raw`. */
  readonly tiers: readonly TierHour[];
}

/** Finer tiers have all that coarser ones have, as long as they are there: so those come next, and the coarser ones last. */
const ORDER: Readonly<Record<TierName, readonly TierName[]>> = { raw: ['raw', '1m', '1h'], '1m': ['1m', 'raw', '1h'], '1h': ['1h', '1m', 'raw'] };

interface HourState {
  readonly hour: string;
  readonly hasRaw: boolean;
  /** Samples that no compacted file holds. */
  readonly hasUnmerged: boolean;
  readonly minute: PartitionEntry | undefined;
  readonly day: PartitionEntry | undefined;
}

/**
 * Which tier answers which hour of [fromMs, toMs]. Buckets answer an hour in the place of samples or of shorter buckets only while
 * they are made of all that is stored of it; where these are gone, whatever the coarser tier has.
 */
export const tierHours = async (ports: FilePorts, prefer: TierName, fromMs: number, toMs: number): Promise<TierHours> => {
  if (!(fromMs <= toMs)) return { raw: [], tiers: [] };
  // The hour of a bucket begins up to an hour before what it holds.
  const firstMs = Math.floor(fromMs / HOUR_MS) * HOUR_MS;
  // Samples before buckets, fine before coarse: what moves on between two reads is seen twice, never missed.
  const unmerged = new Set((await sampleFiles({ ...ports, compacted: 'none' }, fromMs, toMs)).flatMap(({ hour, hot }) => (hot.length === 0 ? [] : [hour])));
  const samples = new Set([...unmerged, ...(await listPartitions(ports.catalog, 'raw', firstMs, toMs)).map(({ dt }) => dt)]);
  const minutes = new Map((await listPartitions(ports.catalog, '1m', firstMs, toMs)).map((entry) => [entry.dt, entry]));
  const days = new Map((await listPartitions(ports.catalog, '1h', firstMs, toMs)).map((entry) => [entry.dt, entry]));
  const hours = new Set([...samples, ...minutes.keys(), ...[...days.values()].flatMap((entry) => hoursOf(entry, firstMs, toMs))]);
  const raw: string[] = [];
  const tiers: TierHour[] = [];
  for (const hour of [...hours].sort()) {
    const state = { hour, hasRaw: samples.has(hour), hasUnmerged: unmerged.has(hour), minute: minutes.get(hour), day: days.get(hour.slice(0, 10)) };
    const entry = chosen(state, prefer);
    if (entry === 'raw') raw.push(hour);
    else if (entry !== undefined) tiers.push({ hour, entry });
  }
  return { raw, tiers };
};

const hoursOf = ({ minTMs, maxTMs }: PartitionEntry, fromMs: number, toMs: number): readonly string[] => {
  const hours: string[] = [];
  for (let startMs = Math.max(minTMs, fromMs); startMs <= Math.min(maxTMs, toMs); startMs += HOUR_MS) hours.push(hourOf(startMs));
  return hours;
};

const chosen = (state: HourState, prefer: TierName): PartitionEntry | 'raw' | undefined => {
  for (const tier of ORDER[prefer]) {
    if (tier === 'raw' && state.hasRaw) return 'raw';
    if (tier === '1m' && state.minute !== undefined && !state.hasUnmerged) return state.minute;
    if (tier === '1h' && hasWholeHour(state)) return state.day;
  }
  return undefined;
};

/** Whether the day holds all that is stored of the hour. */
const hasWholeHour = ({ hour, hasRaw, hasUnmerged, minute, day }: HourState): boolean =>
  day !== undefined && !hasUnmerged && (minute === undefined ? !hasRaw : day.builtFrom?.[hour] === minute.version);

/** Neighbouring hours of one tier as one. */
export const segmentsOf = (tiers: readonly TierHour[]): readonly TierSegment[] => {
  const segments: TierSegment[] = [];
  for (const { hour, entry } of tiers) {
    const fromMs = hourStartMs(hour);
    const last = segments.at(-1);
    const isNext = last?.tier === entry.tier && last.endMs === fromMs;
    if (isNext) segments.pop();
    segments.push({ tier: entry.tier as TierSegment['tier'], fromMs: isNext ? last.fromMs : fromMs, endMs: fromMs + HOUR_MS });
  }
  return segments;
};
