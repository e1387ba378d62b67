import { hoursWithSamples } from '../catalog/hot-files.ts';
import type { ItemTable } from '../catalog/item-table.ts';
import { listPartitions, readEntry, type Tier } from '../catalog/partitions.ts';
import { type Coverage, isCovered } from '../compaction/coverage.ts';
import { PermanentError } from '../errors.ts';
import { HOUR_MS, hourOf } from '../model/hour.ts';
import { TIER_BUCKET_MS } from '../tiers/bucket.ts';
import type { Selection } from './selection.ts';

type Range = Pick<Selection, 'fromMs' | 'toMs'>;

export interface DeletionStep {
  readonly tier: Tier;
  readonly dt: string;
}

const DAY_MS = 24 * HOUR_MS;

/**
 * The partitions that a deletion goes through, in the order in which it must: raw hours, whose 1m partitions are made anew with
 * them, then what is left of 1m, then the days, which are made of these.
 * @throws PermanentError where an end of the range cuts a bucket whose finer samples have expired: what to leave of it nobody can tell.
 */
export const planDeletion = async (catalog: ItemTable, { fromMs, toMs }: Range, coverage: Coverage, nowMs: number): Promise<readonly DeletionStep[]> => {
  if (!(fromMs < toMs)) throw new PermanentError(`delete: found a range from ${fromMs} to ${toMs} ms, an end after its start is allowed`);
  for (const edgeMs of [fromMs, toMs]) await requireWholeBuckets(catalog, edgeMs, coverage, nowMs);
  const lastMs = toMs - 1;
  const hours = await hoursWithSamples(catalog, fromMs, lastMs);
  const raw = (await listPartitions(catalog, 'raw', fromMs, lastMs)).map(({ dt }) => dt);
  const minutes = (await listPartitions(catalog, '1m', startOf(fromMs, HOUR_MS), lastMs)).map(({ dt }) => dt);
  const days = (await listPartitions(catalog, '1h', startOf(fromMs, DAY_MS), lastMs)).map(({ dt }) => dt);
  return [...stepsOf('raw', [...hours, ...raw]), ...stepsOf('1m', minutes), ...stepsOf('1h', days)];
};

const stepsOf = (tier: Tier, dts: readonly string[]): readonly DeletionStep[] => [...new Set(dts)].sort().map((dt) => ({ tier, dt }));

const startOf = (tMs: number, lengthMs: number): number => Math.floor(tMs / lengthMs) * lengthMs;

const requireWholeBuckets = async (catalog: ItemTable, edgeMs: number, coverage: Coverage, nowMs: number): Promise<void> => {
  if (edgeMs % TIER_BUCKET_MS['1m'] === 0 && edgeMs % HOUR_MS === 0) return;
  const hour = hourOf(edgeMs);
  const minute = await readEntry(catalog, '1m', hour);
  if (edgeMs % TIER_BUCKET_MS['1m'] !== 0 && minute !== undefined && !(await hasRaw(catalog, hour, coverage, nowMs))) throw cuts(edgeMs, '1m', 'raw samples');
  if (minute === undefined && (await readEntry(catalog, '1h', hour.slice(0, 10))) !== undefined && !(await hasRaw(catalog, hour, coverage, nowMs))) throw cuts(edgeMs, '1h', '1m rows');
};

/** Whether what the compactor makes of the raw samples is still all there was. */
const hasRaw = async (catalog: ItemTable, hour: string, coverage: Coverage, nowMs: number): Promise<boolean> =>
  isCovered(coverage, { tier: 'raw', dt: hour }, nowMs) && ((await readEntry(catalog, 'raw', hour)) !== undefined || (await catalog.query(`hot/${hour}`, { limit: 1 })).length > 0);

const cuts = (edgeMs: number, tier: '1m' | '1h', finer: string): PermanentError => {
  const before = startOf(edgeMs, TIER_BUCKET_MS[tier]);
  const [found, earlier, later] = [edgeMs, before, before + TIER_BUCKET_MS[tier]].map((tMs) => new Date(tMs).toISOString());
  return new PermanentError(`delete: found ${found}, inside of a ${tier} bucket whose ${finer} have expired; ${earlier} or ${later} is allowed`);
};
