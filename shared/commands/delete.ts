import type { Tier } from '../catalog/partitions.ts';
import type { LakePartition } from '../lakes/lake-partition.ts';
import { type Api, callApi } from './api.ts';
import { partitionPath } from './partition-path.ts';
import { counted, progressBar } from './progress.ts';
import { toTable } from './table.ts';

export interface DeleteOptions {
  /** A PromQL selector. */
  readonly match: string;
  /** Unix seconds or RFC 3339. */
  readonly from: string; // inclusive
  readonly to: string; // exclusive
  /** Counts, and changes nothing. */
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly progress: (text: string) => void;
}

/** What a deletion goes through. */
export interface DeletePlan {
  readonly fromMs: number; // inclusive
  readonly toMs: number; // exclusive
  readonly partitions: readonly LakePartition[];
}

/** The rows that were found in a partition, and in what is made of it. */
export type DeleteStep = Readonly<Partial<Record<Tier, number>>>;

/**
 * Deletes samples from every tier, partition by partition, and gives what to print. To interrupt it and to run it again is fine. What
 * is still on the road, in the stream or in quarantine, is stored as new when it arrives: run it again then.
 */
export const deleteSeries = async (api: Api, { dryRun, json, progress, ...asked }: DeleteOptions): Promise<string> => {
  const body = new URLSearchParams({ ...asked, dryRun: String(dryRun) }).toString();
  const ask = async (path: string): Promise<unknown> =>
    JSON.parse(await callApi(api, `/api/v1/admin/delete${path}`, { method: 'POST', body, contentType: 'application/x-www-form-urlencoded' }));
  const { fromMs, toMs, partitions } = (await ask('')) as DeletePlan;
  const rows: Record<Tier, number> = { raw: 0, '1m': 0, '1h': 0 };
  for (const [i, partition] of partitions.entries()) {
    const step = (await ask(partitionPath(partition))) as DeleteStep;
    for (const name of Object.keys(rows) as Tier[]) rows[name] += step[name] ?? 0;
    progress(progressBar(i + 1, partitions.length, 'partitions', counted(rows.raw, 'sample')));
  }
  if (json) return JSON.stringify({ dryRun, fromMs, toMs, partitions: partitions.length, rows });
  const table = toTable(['tier', dryRun ? 'rows that would be deleted' : 'rows deleted'], Object.entries(rows).map(([tier, count]) => [tier, String(count)]));
  return [`${asked.match} from ${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}, in ${counted(partitions.length, 'partition')}`, '', table].join('\n');
};
