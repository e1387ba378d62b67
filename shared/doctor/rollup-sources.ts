import type { ItemTable } from '../catalog/item-table.ts';
import { listPartitions, type PartitionEntry, readEntry } from '../catalog/partitions.ts';
import { isCovered, readCoverage } from '../compaction/coverage.ts';
import { committedAtMs } from '../compaction/garbage.ts';
import { hoursOfDay } from '../compaction/plan-days.ts';
import { partitionEndMs } from '../compaction/plan.ts';
import { HOUR_MS } from '../model/hour.ts';
import type { Retention } from '../tiers/retention.ts';
import { type Finding, someOf } from './finding.ts';

/** A day is brought up to its hours within a minute; a run of the planner takes 15 minutes at most. */
const LATE_MS = 15 * 60_000;

/** Whether a 1m or 1h partition was made from what stands in the finer tier. */
export const examineSources = async (catalog: ItemTable, entry: PartitionEntry, retention: Retention, nowMs: number): Promise<readonly Finding[]> => {
  switch (entry.tier) {
    case 'raw':
      return [];
    case '1m':
      return examineMinute(catalog, entry, retention, nowMs);
    case '1h':
      return examineDay(catalog, entry, nowMs);
  }
};

const examineMinute = async (catalog: ItemTable, { dt, builtFrom }: PartitionEntry, retention: Retention, nowMs: number): Promise<readonly Finding[]> => {
  const raw = await readEntry(catalog, 'raw', dt);
  // Past its retention raw is no longer whole, and a late merge leaves the 1m partition as it is.
  if (raw === undefined || builtFrom?.[dt] === raw.version || !isCovered(await readCoverage(catalog, retention), raw, nowMs)) return [];
  const found = `made from version ${builtFrom?.[dt] ?? 'none'} of the raw samples, version ${raw.version} stands`;
  return [{ severity: 'wrong', kind: 'rollup is not of its raw samples', where: `1m ${dt}`, found, advice: `run "tidemark rebuild --tier 1m" over this hour` }];
};

const examineDay = async (catalog: ItemTable, { dt, builtFrom }: PartitionEntry, nowMs: number): Promise<readonly Finding[]> => {
  const startMs = partitionEndMs({ tier: '1h', dt }) - 24 * HOUR_MS;
  const hours = hoursOfDay(await listPartitions(catalog, '1m', startMs, startMs + 24 * HOUR_MS - 1), dt);
  const others = hours.filter((hour) => builtFrom?.[hour.dt] !== hour.version);
  if (others.length === 0) return [];
  const committed = await Promise.all(others.map((hour) => committedAtMs(catalog, hour)));
  const isWrong = committed.some((atMs) => atMs === undefined || nowMs - atMs > LATE_MS);
  const found = someOf(others.map((hour) => `hour ${hour.dt} in version ${builtFrom?.[hour.dt] ?? 'none'}, version ${hour.version} stands`));
  const advice = isWrong
    ? 'the compactor brings a day up to its hours within a minute: look at its errors, or run "tidemark rebuild --tier 1h" over this day'
    : 'the compactor brings the day up to its hours within a minute';
  return [{ severity: isWrong ? 'wrong' : 'notice', kind: 'day is not of its hours', where: `1h ${dt}`, found, advice }];
};
