import { join } from 'node:path';
import { allPartitions, type PartitionFile, type Tier } from '../../shared/catalog/partitions.ts';
import type { SqlFile, SqlPlan } from '../../shared/embedded/duckdb.ts';
import { listHistoryFiles } from '../../shared/history/history-files.ts';
import { classPrefix } from '../../shared/lakes/class-prefix.ts';
import { classRows } from '../../shared/lakes/class-rows.ts';
import { classPorts } from '../../shared/lakes/lakes.ts';
import { mapBounded } from '../../shared/storage/map-bounded.ts';
import { type FilePorts, type HourFiles, mergedHour, overCurrentFiles, sampleFiles } from '../../shared/storage/sample-files.ts';

const PARALLEL_PARTITIONS = 8;

/**
 * The files a statement sees: hours of which all is merged as they are, those with other hot files as hours in which samples
 * may meet, the partitions of the tiers, and the series indexes of merged hours: of raw, or of 1m where raw has expired.
 */
export const makeSqlPlan = (ports: FilePorts, objectsFolder: string): (() => Promise<SqlPlan>) => () =>
  overCurrentFiles(async () => {
    const lakes = [await readLake(ports, objectsFolder)];
    for (const { name } of await classRows(ports.catalog)) lakes.push(await readLake(classPorts(ports, name), join(objectsFolder, classPrefix(name))));
    // Open in one class is open in all: a series whose class has changed may have a sample in two. Once sealed in both it counts twice,
    // since hours that are closed are read as they are.
    const open = new Set(lakes.flatMap(({ hours }) => hours.filter(({ hot }) => hot.length > 0).map(({ hour }) => hour)));
    const plans = lakes.map((lake) => planOf(lake, open));
    return {
      sealed: plans.flatMap((plan) => plan.sealed),
      open: plans.flatMap((plan) => plan.open),
      indexes: plans.flatMap((plan) => plan.indexes),
      '1m': plans.flatMap((plan) => plan['1m']),
      '1h': plans.flatMap((plan) => plan['1h']),
      history: async (kind) => (await listHistoryFiles(ports.catalog, kind)).map(({ key, bytes }) => ({ path: join(objectsFolder, key), bytes })),
    };
  });

interface Lake {
  readonly folder: string;
  readonly hours: readonly HourFiles[];
  readonly minutes: readonly TierPartition[];
  readonly days: readonly TierPartition[];
}

interface TierPartition {
  readonly dt: string;
  readonly files: readonly PartitionFile[];
}

/** Fine before coarse: what moves on in between is seen twice, never missed. */
const readLake = async (ports: FilePorts, folder: string): Promise<Lake> => {
  const tier = async (name: Tier): Promise<readonly TierPartition[]> =>
    mapBounded(await allPartitions(ports.catalog, name), PARALLEL_PARTITIONS, async (entry) => ({ dt: entry.dt, files: (await mergedHour(ports, entry)).files }));
  return { folder, hours: await sampleFiles(ports), minutes: await tier('1m'), days: await tier('1h') };
};

const planOf = ({ folder, hours, minutes, days }: Lake, openHours: ReadonlySet<string>): SqlPlan => {
  const fileOf = ({ key, bytes }: { readonly key: string; readonly bytes: number }): SqlFile => ({ path: join(folder, key), bytes });
  const inRaw = new Set(hours.map(({ hour }) => hour));
  const sealed = hours.filter(({ hour }) => !openHours.has(hour)).flatMap(({ compacted }) => compacted);
  const indexed = [...sealed, ...minutes.filter(({ dt }) => !inRaw.has(dt)).flatMap(({ files }) => files)];
  return {
    sealed: sealed.map(fileOf),
    open: hours.filter(({ hour }) => openHours.has(hour)).flatMap(({ compacted, hot }) => [...compacted, ...hot].map(fileOf)),
    indexes: indexed.map(({ seriesIndex }) => fileOf(seriesIndex)),
    '1m': minutes.flatMap(({ files }) => files.map(fileOf)),
    '1h': days.flatMap(({ files }) => files.map(fileOf)),
  };
};
