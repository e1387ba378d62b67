import { join } from 'node:path';
import type { SqlFile, SqlPlan } from '../../shared/embedded/duckdb.ts';
import { type FilePorts, overCurrentFiles, sampleFiles } from '../../shared/storage/sample-files.ts';

/** The files a statement sees: hours of which all is merged as they are, those with other hot files as hours in which samples may meet. */
export const makeSqlPlan = (ports: FilePorts, objectsFolder: string): (() => Promise<SqlPlan>) => {
  const fileOf = ({ key, bytes }: { readonly key: string; readonly bytes: number }): SqlFile => ({ path: join(objectsFolder, key), bytes });
  return async () => {
    const hours = await overCurrentFiles(() => sampleFiles(ports));
    return {
      sealed: hours.filter(({ hot }) => hot.length === 0).flatMap(({ compacted }) => compacted.map(fileOf)),
      open: hours.filter(({ hot }) => hot.length > 0).flatMap(({ compacted, hot }) => [...compacted, ...hot].map(fileOf)),
    };
  };
};
