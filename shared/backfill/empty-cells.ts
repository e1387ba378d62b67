import type { HotFile } from '../catalog/hot-files.ts';
import type { Tier } from '../catalog/partitions.ts';
import { HOUR_MS, hourStartMs } from '../model/hour.ts';
import type { SortedSamples } from '../storage/hot-sort.ts';
import { withoutHistograms } from '../storage/number-samples.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { TIER_BUCKET_MS, type TierColumns } from '../tiers/bucket.ts';
import { mergeBuckets } from '../tiers/merge-buckets.ts';
import { RollupBuilder } from '../tiers/rollup.ts';
import { readSlice } from './read-slice.ts';
import type { IsTaken } from './taken-cells.ts';

/** The waiting files of one hour. */
export interface WaitingHour {
  readonly hour: string;
  readonly files: readonly HotFile[];
}

/** What became of the cells of a partition. */
export class CellTally {
  filled = 0;
  skipped = 0;
  filledSamples = 0;
  skippedSamples = 0;
}

/** Samples of an hour in memory at once, 32 bytes each while they are sorted: series come in several slices where there are more. */
const SLICE_SAMPLES = 4_000_000;

/** The cells of an hour and a bucket that are not taken, as the tier keeps them, from all of the hour's samples. */
export const emptyCells = async (
  objects: Pick<ObjectStore, 'get'>,
  { hour, files }: WaitingHour,
  place: { readonly tier: Exclude<Tier, 'raw'>; readonly bucket: number; readonly buckets: number; readonly sliceSamples?: number },
  isTaken: IsTaken,
  tally: CellTally,
): Promise<readonly TierColumns[]> => {
  const { tier, bucket, buckets, sliceSamples = SLICE_SAMPLES } = place;
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  // Slices of a multiple of the buckets divide each bucket.
  const slices = buckets * Math.max(1, Math.ceil(rows / buckets / sliceSamples));
  const parts: TierColumns[] = [];
  for (let slice = bucket; slice < slices; slice += buckets) {
    const minutes = rollUpEmpty(await readSlice(objects, files, { slice, slices }), hourStartMs(hour), isTaken, tally);
    // By way of minutes, as a day is built, so that both give the same to the last bit.
    parts.push(tier === '1m' ? minutes : mergeBuckets(minutes, HOUR_MS));
  }
  return parts;
};

const rollUpEmpty = (samples: SortedSamples, hourMs: number, isTaken: IsTaken, tally: CellTally): TierColumns => {
  const { metrics, labels, metricOf, labelsOf, offsets, tMs, values, histograms } = samples;
  const builder = new RollupBuilder(TIER_BUCKET_MS['1m']);
  metricOf.forEach((id, k) => {
    const metric = metrics[id] as string;
    const json = labels[labelsOf[k] as number] as string;
    const numbers = withoutHistograms({ tMs, values, from: offsets[k] as number, to: offsets[k + 1] as number }, histograms);
    const { from, to } = numbers;
    if (from === to) return;
    if (isTaken(metric, json, hourMs)) {
      tally.skipped++;
      tally.skippedSamples += to - from;
      return;
    }
    tally.filled++;
    tally.filledSamples += to - from;
    builder.series(metric, json, numbers.tMs, numbers.values, from, to);
  });
  return builder.build();
};
