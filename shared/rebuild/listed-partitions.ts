import type { Tier } from '../catalog/partitions.ts';
import { listAll, type ObjectListing } from '../storage/object-store.ts';

export interface PartitionName {
  readonly tier: Tier;
  readonly dt: string;
}

const FOLDER = /^(?:raw|1m|hot)\/dt=(\d{4}-\d{2}-\d{2}-\d{2})\/|^1h\/dt=(\d{4}-\d{2}-\d{2})\//;

/** The partitions of which anything lies in the bucket, raw first: a rollup is chosen by the raw samples that stand. */
export const listedPartitions = async (objects: ObjectListing): Promise<readonly PartitionName[]> => [
  ...namesOf('raw', [...(await foldersOf(objects, 'raw/dt=')), ...(await foldersOf(objects, 'hot/dt='))]),
  ...namesOf('1m', await foldersOf(objects, '1m/dt=')),
  ...namesOf('1h', await foldersOf(objects, '1h/dt=')),
];

const namesOf = (tier: Tier, dts: readonly string[]): readonly PartitionName[] => [...new Set(dts)].sort().map((dt) => ({ tier, dt }));

const foldersOf = async (objects: ObjectListing, prefix: string): Promise<readonly string[]> => {
  const dts = new Set<string>();
  for await (const { key } of listAll(objects, prefix)) {
    const [, hour, day] = FOLDER.exec(key) ?? [];
    const dt = hour ?? day;
    if (dt !== undefined) dts.add(dt);
  }
  return [...dts];
};
