import { type LakePartition, lakePartitionText } from '../lakes/lake-partition.ts';
import type { TierDifferences } from '../rebuild/compare-tiers.ts';
import type { RollupTier } from '../rebuild/recompute.ts';
import { type Api, callApi } from './api.ts';
import type { CheckReport } from './check.ts';
import { partitionPath } from './partition-path.ts';
import { counted, progressBar } from './progress.ts';

export interface RebuildOptions {
  /** Compares, and changes nothing. */
  readonly verify: boolean;
  /** Both where left out: the days are made of the hours. */
  readonly tier?: RollupTier;
  /** Unix seconds or RFC 3339; all there is where left out. */
  readonly from?: string; // inclusive
  readonly to?: string; // exclusive
  readonly json: boolean;
  readonly progress: (text: string) => void;
}

/** A partition that is not what is computed from the finer tier. */
interface Differing extends LakePartition, TierDifferences {}

/**
 * Computes rollups from the finer tier again and compares them bit for bit with what stands; without `verify`, what differs is
 * written anew. A verification is not ok when anything differs. To interrupt it and to run it again is fine.
 */
export const rebuild = async (api: Api, { verify, json, progress, ...range }: RebuildOptions): Promise<CheckReport> => {
  const differing: Differing[] = [];
  let compared = 0;
  for (const tier of range.tier === undefined ? (['1m', '1h'] as const) : [range.tier]) {
    const query = new URLSearchParams({ ...(range.from === undefined ? {} : { from: range.from }), ...(range.to === undefined ? {} : { to: range.to }) }).toString();
    const partitions = JSON.parse(await callApi(api, `/api/v1/admin/rebuild/${tier}?${query}`)) as readonly LakePartition[];
    for (const [i, partition] of partitions.entries()) {
      // Null where the partition or what it is made of went meanwhile.
      const found = JSON.parse(await callApi(api, `/api/v1/admin/rebuild${partitionPath(partition, { verify: String(verify) })}`, { method: 'POST' })) as TierDifferences | null;
      if (found !== null) compared++;
      if (found !== null && found.rows > 0) differing.push({ ...partition, ...found });
      progress(progressBar(i + 1, partitions.length, `${tier} partitions`, `${differing.length} ${verify ? 'differ' : 'rewritten'}`));
    }
  }
  const ok = !verify || differing.length === 0;
  if (json) return { ok, lines: [JSON.stringify({ ok, verify, compared, differing })] };
  return { ok, lines: [...differing.flatMap(linesOf), `${counted(compared, 'partition')} compared, ${differing.length} ${verify ? 'differ from what they are made of' : 'differed and were rewritten'}`] };
};

const linesOf = ({ series, rows, examples, ...partition }: Differing): readonly string[] => [`${lakePartitionText(partition)}: ${counted(rows, 'row')} of ${series} series`, ...examples.map((example) => `  ${example}`)];
