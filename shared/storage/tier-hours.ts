import { listPartitions, type PartitionEntry } from '../catalog/partitions.ts';
import { type Coverage, isCovered, readCoverage } from '../compaction/coverage.ts';
import { HOUR_MS, hourOf, hourStartMs } from '../model/hour.ts';
import type { TierName, TierSegment } from '../promql/tier-source.ts';
import type { Retention } from '../tiers/retention.ts';
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

export interface TierHoursPorts extends FilePorts {
  readonly retention: Retention;
  readonly nowMs: number;
}

/** What the catalog has of an hour. */
interface HourState {
  readonly hour: string;
  readonly raw: PartitionEntry | undefined;
  /** Whether some of its samples lie in no compacted file. */
  readonly hasUnmerged: boolean;
  readonly minute: PartitionEntry | undefined;
  readonly day: PartitionEntry | undefined;
  readonly coverage: Coverage;
  readonly nowMs: number;
}

/** Whether all raw samples of [fromMs, …) are still there. */
export const isRawCovered = async ({ catalog, retention, nowMs }: TierHoursPorts, fromMs: number): Promise<boolean> =>
  fromMs >= 0 && isCovered(await readCoverage(catalog, retention), { tier: 'raw', dt: hourOf(Math.min(fromMs, MAX_HOUR_MS)) }, nowMs);

/** 9999-12-31T23: the last hour whose text has four digits of year. */
const MAX_HOUR_MS = Date.UTC(9999, 11, 31, 23);

/**
 * Which tier answers which hour of [fromMs, toMs]: the preferred one where it is made of all that is stored, else a finer one, else
 * a coarser one, and of samples that came after their hour had expired the buckets without them.
 */
export const tierHours = async (ports: TierHoursPorts, prefer: TierName, fromMs: number, toMs: number): Promise<TierHours> => {
  if (!(fromMs <= toMs)) return { raw: [], tiers: [] };
  const { catalog, retention, nowMs } = ports;
  // The hour of a bucket begins up to an hour before what it holds.
  const firstMs = Math.floor(fromMs / HOUR_MS) * HOUR_MS;
  // Samples before buckets, fine before coarse: what moves on between two reads is seen twice, never missed.
  const unmerged = new Set((await sampleFiles({ ...ports, compacted: 'none' }, fromMs, toMs)).flatMap(({ hour, hot }) => (hot.length === 0 ? [] : [hour])));
  const byDt = async (tier: TierName): Promise<ReadonlyMap<string, PartitionEntry>> => new Map((await listPartitions(catalog, tier, firstMs, toMs)).map((entry) => [entry.dt, entry]));
  const rawOf = await byDt('raw');
  const minuteOf = await byDt('1m');
  const dayOf = await byDt('1h');
  const coverage = await readCoverage(catalog, retention);
  const hours = new Set([...unmerged, ...rawOf.keys(), ...minuteOf.keys(), ...[...dayOf.values()].flatMap((entry) => hoursOf(entry, firstMs, toMs))]);
  const raw: string[] = [];
  const tiers: TierHour[] = [];
  for (const hour of [...hours].sort()) {
    const state = { hour, raw: rawOf.get(hour), hasUnmerged: unmerged.has(hour), minute: minuteOf.get(hour), day: dayOf.get(hour.slice(0, 10)), coverage, nowMs };
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
  const { minute, day } = state;
  if (prefer === '1h' && isDayWhole(state)) return day;
  if (prefer !== 'raw' && isMinuteWhole(state)) return minute;
  if (hasWholeRaw(state)) return 'raw';
  if (minute !== undefined) return minute;
  // A day also spans hours without samples, and of those that the tier of minutes still covers it has nothing of its own.
  if (day !== undefined && !isCovered(state.coverage, { tier: '1m', dt: state.hour }, state.nowMs)) return day;
  return hasRaw(state) ? 'raw' : undefined;
};

const hasRaw = ({ raw, hasUnmerged }: HourState): boolean => raw !== undefined || hasUnmerged;

const hasWholeRaw = (state: HourState): boolean => hasRaw(state) && isCovered(state.coverage, { tier: 'raw', dt: state.hour }, state.nowMs);

/** Whether the buckets of a minute are those of all samples. */
const isMinuteWhole = (state: HourState): boolean => {
  const { hour, raw, hasUnmerged, minute } = state;
  return minute !== undefined && (!hasWholeRaw(state) || (!hasUnmerged && minute.builtFrom?.[hour] === raw?.version));
};

const isDayWhole = (state: HourState): boolean => {
  const { hour, minute, day } = state;
  return day !== undefined && minute !== undefined && isMinuteWhole(state) && day.builtFrom?.[hour] === minute.version;
};

/** Neighbouring hours of one tier as one. */
export const segmentsOf = (tiers: readonly { readonly hour: string; readonly entry: Pick<PartitionEntry, 'tier'> }[]): readonly TierSegment[] => {
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

/** The partitions of a lake that answer hours by buckets of the lengths that are given. */
export const partitionsOf = async ({ catalog }: FilePorts, tierOf: ReadonlyMap<string, TierSegment['tier']>, fromMs: number, toMs: number): Promise<readonly TierHour[]> => {
  const byDt = async (tier: TierName): Promise<ReadonlyMap<string, PartitionEntry>> => new Map((await listPartitions(catalog, tier, fromMs, toMs)).map((entry) => [entry.dt, entry]));
  const [minutes, days] = [await byDt('1m'), await byDt('1h')];
  return [...tierOf].flatMap(([hour, tier]) => {
    const entry = tier === '1m' ? minutes.get(hour) : days.get(hour.slice(0, 10));
    return entry === undefined ? [] : [{ hour, entry }];
  });
};
