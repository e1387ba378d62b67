import type { Tier } from '../../shared/catalog/partitions.ts';
import type { DeleteStep } from '../../shared/commands/delete.ts';
import { deleteBuckets, findBuckets } from '../../shared/deletion/delete-buckets.ts';
import { deleteSamples, findSamples } from '../../shared/deletion/delete-samples.ts';
import type { Selection } from '../../shared/deletion/selection.ts';
import type { LakeCallPorts } from './lake-calls.ts';
import { newRun, rewriteSettings } from './rewrite-settings.ts';

interface DeleteRequest {
  readonly tier: Tier;
  readonly dt: string;
  readonly selection: Selection;
  /** Counts, and changes nothing. */
  readonly isDry: boolean;
  readonly nowMs: number;
}

/** What a selection means in one partition of a lake, and in what is made of it. */
export const deleteStep = async (ports: LakeCallPorts, { tier, dt, selection, isDry, nowMs }: DeleteRequest): Promise<DeleteStep> => {
  const settings = rewriteSettings(ports);
  if (tier !== 'raw') {
    const rows = isDry ? await findBuckets(ports, tier, dt, selection) : await deleteBuckets(ports, tier, dt, selection, settings, newRun(ports, nowMs));
    return { [tier]: rows };
  }
  // They go with the raw samples that they are made of.
  const minutes = isDry ? undefined : await findBuckets(ports, '1m', dt, selection);
  const { samples } = isDry ? await findSamples(ports, dt, selection) : await deleteSamples(ports, dt, selection, settings, newRun(ports, nowMs));
  const left = minutes === undefined ? undefined : await findBuckets(ports, '1m', dt, selection);
  return { raw: samples, ...(minutes === undefined || left === undefined ? {} : { '1m': minutes - left }) };
};
