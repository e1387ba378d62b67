import { RollupBuilder } from '../tiers/rollup.ts';
import { buildTierObject, type TierObject, type TierOptions } from './tier-object.ts';

/** Makes the 1m file of raw samples that come series by series; what a compaction's rollup sink has to be. */
export interface TierRollup {
  series(metric: string, labels: string, tMs: Float64Array, values: Float64Array, from: number, to: number): void;
  /** Undefined when no sample came. The rollup is used up. */
  finish(): TierObject | undefined;
}

/** @throws RangeError at the end for promoted labels that cannot be columns. */
export const openTierRollup = (bucketMs: number, options: TierOptions): TierRollup => {
  const builder = new RollupBuilder(bucketMs);
  return {
    series: (metric, labels, tMs, values, from, to) => builder.series(metric, labels, tMs, values, from, to),
    finish: () => buildTierObject(builder.build(), options),
  };
};
