import { hourStartMs, HOUR_MS } from '../model/hour.ts';
import { classRows } from '../lakes/class-rows.ts';
import { classPorts } from '../lakes/lakes.ts';
import { tooManySamples } from '../promql/errors.ts';
import type { SelectRequest, SelectSeries, SeriesBlock } from '../promql/series-source.ts';
import type { BucketBlock, SelectTiers, TieredBlock, TieredRequest, TierSegment } from '../promql/tier-source.ts';
import { newBuckets } from '../tiers/bucket.ts';
import { LEAST_RAW_MS } from '../tiers/retention.ts';
import { joinBlocks } from '../promql/join-blocks.ts';
import { lakeTiers } from './lake-tiers.ts';
import { readBuckets } from './read-buckets.ts';
import { overCurrentFiles } from './sample-files.ts';
import type { SelectCounts } from './sample-pieces.ts';
import { makeSelectFromLake, makeSelectSeries, type SelectPorts } from './select-series.ts';
import { isRawCovered, partitionsOf, segmentsOf, tierHours, type TierHours, type TierHoursPorts } from './tier-hours.ts';
import { uniteBuckets } from './unite-buckets.ts';

export type TierPorts = SelectPorts & TierHoursPorts;

const NO_BUCKETS: BucketBlock = { ...newBuckets(0), labels: [], offsets: new Uint32Array(1) };

/** Hours leave a tier one at a time, an hour apart. */
const MAX_LOOKS = 4;

/**
 * Series out of whatever tier has their time, read strongly consistent. What was read is added to `counts`. Rejects with
 * PromqlLimitError past the sample limit.
 */
export const makeSelectTiers = (ports: TierPorts, counts?: SelectCounts): SelectTiers => {
  const select = makeSelectSeries(ports, counts);
  return async (request) => {
    const lakes = await lakesOf(ports);
    if (request.prefer === 'raw' && (await areCovered(lakes, request.fromMs))) return { raw: await select(request), buckets: NO_BUCKETS, segments: [] };
    return overCurrentFiles(() => selectFromLakes(lakes, select, request, counts));
  };
};

/**
 * What rules read: `select`, which gives samples, wherever they cover all that is asked for, whatever tier was preferred; else as
 * {@link makeSelectTiers}.
 */
export const makeRawFirst = (ports: TierPorts, select: SelectSeries): SelectTiers => {
  const tiers = makeSelectTiers(ports);
  // No look into the catalog for what no retention lets go of.
  const isRecent = ({ fromMs }: TieredRequest): boolean => fromMs > ports.nowMs - LEAST_RAW_MS;
  return async (request) => (isRecent(request) || (await areCovered(await lakesOf(ports), request.fromMs)) ? { raw: await select(request), buckets: NO_BUCKETS, segments: [] } : tiers(request));
};

const lakesOf = async (ports: TierPorts): Promise<readonly TierPorts[]> => [ports, ...(await classRows(ports.catalog)).map(({ name, retention }) => ({ ...classPorts(ports, name), retention }))];

const areCovered = async (lakes: readonly TierPorts[], fromMs: number): Promise<boolean> => (await Promise.all(lakes.map((lake) => isRawCovered(lake, fromMs)))).every(Boolean);

/**
 * Lakes let go of their tiers at different times, and a time has one tier in an answer: as good as it is where the series are of one
 * class, else one that all have which have some ({@link lakeTiers}).
 */
const selectFromLakes = async (lakes: readonly TierPorts[], select: SelectSeries, request: TieredRequest, counts: SelectCounts | undefined): Promise<TieredBlock> => {
  const found: { readonly lake: TierPorts; readonly block: TieredBlock }[] = [];
  for (const lake of lakes) found.push({ lake, block: await selectStill(lake, makeSelectFromLake(lake, counts), request, counts) });
  const filled = found.filter(({ block }) => block.raw.labels.length > 0 || block.buckets.labels.length > 0);
  const [only] = filled.length === 0 ? found : filled;
  if (only !== undefined && filled.length <= 1) return only.block;
  const wide = widened(request);
  const isRaw = filled.every(({ block }) => block.segments.length === 0);
  const tierOf = isRaw ? new Map<string, TierSegment['tier']>() : await lakeTiers(filled.map(({ lake }) => lake), request.prefer, { fromMs: wide.fromMs, startMs: request.fromMs, toMs: request.toMs });
  const segments = segmentsOf([...tierOf].map(([hour, tier]) => ({ hour, entry: { tier } })));
  const columns = [...new Set([...request.columns, 'count', 'firstMs'] as const)];
  const buckets = await Promise.all(filled.map(async ({ lake }) => readBuckets(lake, await partitionsOf(lake, tierOf, wide.fromMs, wide.toMs), { ...wide, columns }, counts)));
  const raw = segments.length === 0 ? await select(request) : await selectAround(select, wide, segments);
  const samples = raw.tMs.length + buckets.reduce((sum, { startMs }) => sum + startMs.length, 0);
  const maxSamples = Math.min(...filled.map(({ lake }) => lake.limits.maxSamples));
  if (samples > maxSamples) throw tooManySamples(maxSamples);
  return { raw, buckets: uniteBuckets(buckets), segments };
};

/** A window that begins inside a bucket begins with it instead, and may end an hour earlier. */
const widened = (request: TieredRequest): TieredRequest => ({ ...request, fromMs: (Math.floor(request.fromMs / HOUR_MS) - 1) * HOUR_MS });

/**
 * Samples and buckets are read one after the other. An hour that went from one tier to the other in between would be missed, so
 * the catalog is asked again at the end.
 */
const selectStill = async (ports: TierPorts, select: SelectSeries, request: TieredRequest, counts: SelectCounts | undefined): Promise<TieredBlock> => {
  const wide = widened(request);
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
const selectBetween = (select: SelectSeries, request: TieredRequest, hours: readonly string[], segments: readonly TierSegment[]): Promise<SeriesBlock> => {
  const starts = hours.map(hourStartMs);
  return selectAround(select, request, segments, (range) => starts.some((startMs) => startMs <= range.toMs && startMs + HOUR_MS > range.fromMs));
};

const selectAround = async (select: SelectSeries, request: TieredRequest, segments: readonly TierSegment[], isWanted: (range: SelectRequest) => boolean = () => true): Promise<SeriesBlock> => {
  const { matchers, fromMs, toMs } = request;
  const ends = [...segments.map((segment) => segment.fromMs - 1), toMs];
  const begins = [fromMs, ...segments.map(({ endMs }) => endMs)];
  const ranges = begins
    .map((beginMs, i) => ({ matchers, fromMs: Math.max(fromMs, beginMs), toMs: Math.min(toMs, ends[i] as number) }))
    .filter((range) => range.fromMs <= range.toMs && isWanted(range));
  return joinBlocks(await Promise.all(ranges.map(select)));
};
