import type { LakePartition } from '../lakes/lake-partition.ts';

/** How a call names a partition of any lake, behind the path of its tool. */
export const partitionPath = ({ tier, dt, class: ofClass }: LakePartition, query: Readonly<Record<string, string>> = {}): string => {
  const search = new URLSearchParams({ ...query, ...(ofClass === undefined ? {} : { class: ofClass }) }).toString();
  return `/${tier}/${dt}${search === '' ? '' : `?${search}`}`;
};
