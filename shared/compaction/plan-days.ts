import type { PartitionEntry } from '../catalog/partitions.ts';
import { CLOSE_DELAY_MS, partitionEndMs } from './plan.ts';

/** The 1m partitions of a day, in order. */
export const hoursOfDay = (minutes: readonly PartitionEntry[], day: string): readonly PartitionEntry[] => minutes.filter(({ dt }) => dt.startsWith(`${day}-`));

/**
 * The days whose 1h partition is to be built, oldest first: those that are over, and of which a 1m partition is another than the day
 * was built from. A 1m partition that has expired changes nothing: the day keeps what it holds of it.
 */
export const planDays = (minutes: readonly PartitionEntry[], days: readonly PartitionEntry[], watermarkMs: number | undefined): readonly string[] => {
  if (watermarkMs === undefined) return [];
  const dts = [...new Set(unbuiltHours(minutes, days).map(({ dt }) => dt.slice(0, 10)))].sort();
  return dts.filter((day) => watermarkMs >= partitionEndMs({ tier: '1h', dt: day }) + CLOSE_DELAY_MS);
};

/** The 1m partitions that no 1h partition was built from as they stand: they may not expire before. */
export const unbuiltHours = (minutes: readonly PartitionEntry[], days: readonly PartitionEntry[]): readonly PartitionEntry[] => {
  const built = new Map(days.map((entry) => [entry.dt, entry.builtFrom ?? {}]));
  return minutes.filter(({ dt, version }) => built.get(dt.slice(0, 10))?.[dt] !== version);
};
