import { join } from 'node:path';
import { allPartitions, type PartitionFile, type Tier } from '../../shared/catalog/partitions.ts';
import type { SqlFile, SqlPlan } from '../../shared/embedded/duckdb.ts';
import { mapBounded } from '../../shared/storage/map-bounded.ts';
import { type FilePorts, mergedHour, overCurrentFiles, sampleFiles } from '../../shared/storage/sample-files.ts';

const PARALLEL_PARTITIONS = 8;

/**
 * The files a statement sees: hours of which all is merged as they are, those with other hot files as hours in which samples
 * may meet, the partitions of the tiers, and the series indexes of merged hours: of raw, or of 1m where raw has expired.
 */
export const makeSqlPlan = (ports: FilePorts, objectsFolder: string): (() => Promise<SqlPlan>) => {
  const fileOf = ({ key, bytes }: { readonly key: string; readonly bytes: number }): SqlFile => ({ path: join(objectsFolder, key), bytes });
  const tier = async (name: Tier): Promise<readonly TierPartition[]> =>
    mapBounded(await allPartitions(ports.catalog, name), PARALLEL_PARTITIONS, async (entry) => ({ dt: entry.dt, files: (await mergedHour(ports, entry)).files }));
  return () =>
    overCurrentFiles(async () => {
      const hours = await sampleFiles(ports);
      const [minutes, days] = [await tier('1m'), await tier('1h')];
      const inRaw = new Set(hours.map(({ hour }) => hour));
      const sealed = hours.filter(({ hot }) => hot.length === 0).flatMap(({ compacted }) => compacted);
      const indexed = [...sealed, ...minutes.filter(({ dt }) => !inRaw.has(dt)).flatMap(({ files }) => files)];
      return {
        sealed: sealed.map(fileOf),
        open: hours.filter(({ hot }) => hot.length > 0).flatMap(({ compacted, hot }) => [...compacted, ...hot].map(fileOf)),
        indexes: indexed.map(({ seriesIndex }) => fileOf(seriesIndex)),
        '1m': minutes.flatMap(({ files }) => files.map(fileOf)),
        '1h': days.flatMap(({ files }) => files.map(fileOf)),
      };
    });
};

interface TierPartition {
  readonly dt: string;
  readonly files: readonly PartitionFile[];
}
