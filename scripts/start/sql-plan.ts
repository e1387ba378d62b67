import { join } from 'node:path';
import { allPartitions, type Tier } from '../../shared/catalog/partitions.ts';
import type { SqlFile, SqlPlan } from '../../shared/embedded/duckdb.ts';
import { mapBounded } from '../../shared/storage/map-bounded.ts';
import { type FilePorts, mergedHour, overCurrentFiles, sampleFiles } from '../../shared/storage/sample-files.ts';

const PARALLEL_PARTITIONS = 8;

/**
 * The files a statement sees: hours of which all is merged as they are, those with other hot files as hours in which samples
 * may meet, and the partitions of the tiers.
 */
export const makeSqlPlan = (ports: FilePorts, objectsFolder: string): (() => Promise<SqlPlan>) => {
  const fileOf = ({ key, bytes }: { readonly key: string; readonly bytes: number }): SqlFile => ({ path: join(objectsFolder, key), bytes });
  const tier = async (name: Tier): Promise<readonly SqlFile[]> => {
    const entries = await allPartitions(ports.catalog, name);
    return (await mapBounded(entries, PARALLEL_PARTITIONS, (entry) => mergedHour(ports, entry))).flatMap(({ files }) => files.map(fileOf));
  };
  return () =>
    overCurrentFiles(async () => {
      const hours = await sampleFiles(ports);
      return {
        sealed: hours.filter(({ hot }) => hot.length === 0).flatMap(({ compacted }) => compacted.map(fileOf)),
        open: hours.filter(({ hot }) => hot.length > 0).flatMap(({ compacted, hot }) => [...compacted, ...hot].map(fileOf)),
        '1m': await tier('1m'),
        '1h': await tier('1h'),
      };
    });
};
