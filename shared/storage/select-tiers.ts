import { hourStartMs, HOUR_MS } from '../model/hour.ts';
import type { SelectSeries, SeriesBlock } from '../promql/series-source.ts';
import type { BucketBlock, SelectTiers, TieredBlock, TieredRequest, TierSegment } from '../promql/tier-source.ts';
import { newBuckets } from '../tiers/bucket.ts';
import { joinBlocks } from '../promql/join-blocks.ts';
import { readBuckets } from './read-buckets.ts';
import { overCurrentFiles } from './sample-files.ts';
import type { SelectCounts } from './sample-pieces.ts';
import { makeSelectSeries, type SelectPorts } from './select-series.ts';
import { isRawCovered, segmentsOf, tierHours, type TierHours, type TierHoursPorts } from './tier-hours.ts';

export type TierPorts = SelectPorts & TierHoursPorts;

const NO_BUCKETS: BucketBlock = { ...newBuckets(0), labels: [], offsets: new Uint32Array(1) };

/** Hours leave a tier one at a time, an hour apart. */
const MAX_LOOKS = 4;

/**
 * Series out of whatever tier has their time, read strongly consistent. What was read is added to `counts`. Rejects with
 * {@link PromqlLimitError} past the sample limit.
 */
export const makeSelectTiers = (ports: TierPorts, counts?: SelectCounts): SelectTiers => {
  const select = makeSelectSeries(ports, counts);
  return async (request) => {
    if (request.prefer === 'raw' && (await isRawCovered(ports, request.fromMs))) return { raw: await select(request), buckets: NO_BUCKETS, segments: [] };
    return overCurrentFiles(() => selectStill(ports, select, request, counts));
  };
};

/**
 * Samples and buckets are read one after the other. An hour that went from one tier to the other in between would be missed, so
 * the catalog is asked again at the end.
 */
const selectStill = async (ports: TierPorts, select: SelectSeries, request: TieredRequest, counts: SelectCounts | undefined): Promise<TieredBlock> => {
  // A window that begins inside a bucket begins with it instead, and may end an hour earlier.
  const wide = { ...request, fromMs: (Math.floor(request.fromMs / HOUR_MS) - 1) * HOUR_MS };
  const look = (): Promise<TierHours> => tierHours(ports, request.prefer, wide.fromMs, request.toMs);
  let hours = await look();
  for (let looks = 1; ; looks++) {
    const isRaw = hours.tiers.every(({ hour }) => hourStartMs(hour) + HOUR_MS <= request.fromMs);
    const segments = isRaw ? [] : segmentsOf(hours.tiers);
    const raw = isRaw ? await select(request) : await selectBetween(select, wide, hours.raw, segments);
    const buckets = isRaw ? NO_BUCKETS : await readBuckets(ports, hours.tiers, wide, counts);
    const after = await look();
    if (looks === MAX_LOOKS || isSame(hours, after)) return { raw, buckets, segments };
    hours = after;
  }
};

/** Whether each hour is still answered by the tier that it was. A new version of it says the same, and more. */
const isSame = (before: TierHours, after: TierHours): boolean => {
  const now = new Map(after.tiers.map(({ hour, entry }) => [hour, entry.tier]));
  const rawNow = new Set(after.raw);
  return before.raw.every((hour) => rawNow.has(hour)) && before.tiers.every(({ hour, entry }) => now.get(hour) === entry.tier);
};

/** The samples of the times between the segments in which there are some. */
const selectBetween = async (select: SelectSeries, request: TieredRequest, hours: readonly string[], segments: readonly TierSegment[]): Promise<SeriesBlock> => {
  const starts = hours.map(hourStartMs);
  const { matchers, fromMs, toMs } = request;
  const ends = [...segments.map((segment) => segment.fromMs - 1), toMs];
  const begins = [fromMs, ...segments.map(({ endMs }) => endMs)];
  const ranges = begins
    .map((beginMs, i) => ({ matchers, fromMs: Math.max(fromMs, beginMs), toMs: Math.min(toMs, ends[i] as number) }))
    .filter((range) => range.fromMs <= range.toMs && starts.some((startMs) => startMs <= range.toMs && startMs + HOUR_MS > range.fromMs));
  return joinBlocks(await Promise.all(ranges.map(select)));
};
