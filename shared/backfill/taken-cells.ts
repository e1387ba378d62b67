import { type PartitionEntry, readManifest } from '../catalog/partitions.ts';
import { HOUR_MS } from '../model/hour.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { readTierFile } from '../storage/tier-read.ts';
import type { TierColumns } from '../tiers/bucket.ts';

/** Whether a tier holds anything of a series in the hour that begins at `hourMs`. */
export type IsTaken = (metric: string, labels: string, hourMs: number) => boolean;

/** Over some files of a tier in memory: a place in a map for each series. */
export const takenIn = (tiers: readonly TierColumns[]): IsTaken => {
  const byMetric = new Map<string, Map<string, { readonly tier: TierColumns; readonly k: number }>>();
  for (const tier of tiers) {
    tier.metrics.forEach((metric, k) => {
      let byLabels = byMetric.get(metric);
      if (byLabels === undefined) byMetric.set(metric, (byLabels = new Map()));
      byLabels.set(tier.labels[k] as string, { tier, k });
    });
  }
  return (metric, labels, hourMs) => {
    const found = byMetric.get(metric)?.get(labels);
    if (found === undefined) return false;
    const { offsets, startMs } = found.tier;
    for (let i = offsets[found.k] as number; i < (offsets[found.k + 1] as number); i++) {
      if ((startMs[i] as number) >= hourMs && (startMs[i] as number) < hourMs + HOUR_MS) return true;
    }
    return false;
  };
};

/** All of a partition, of which nothing but the starts of its buckets is read. */
export const takenInPartition = async (objects: Pick<ObjectStore, 'get'>, entry: PartitionEntry | undefined): Promise<IsTaken> => {
  if (entry === undefined) return () => false;
  const tiers: TierColumns[] = [];
  for (const file of (await readManifest(objects, entry.manifestKey)).files) tiers.push(await readTierFile(objects, file, ['startMs']));
  return takenIn(tiers);
};
