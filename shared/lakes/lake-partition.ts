import type { Tier } from '../catalog/partitions.ts';

/** A partition of any lake. */
export interface LakePartition {
  readonly tier: Tier;
  readonly dt: string;
  /** The retention class; left out in the default lake. */
  readonly class?: string;
}

export const inLake = <T extends LakePartition>(partitions: readonly T[], name: string | undefined): readonly T[] =>
  name === undefined ? partitions : partitions.map((partition) => ({ ...partition, class: name }));

/** `raw 2026-03-01-10`, and of which class. */
export const lakePartitionText = ({ tier, dt, class: ofClass }: LakePartition): string => `${tier} ${dt}${ofClass === undefined ? '' : ` of class ${ofClass}`}`;
