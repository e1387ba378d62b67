import type { RewriteRun, RewriteSettings } from '../../shared/deletion/deletion-ports.ts';
import { openTierRollup } from '../../shared/storage/tier-rollup.ts';
import { TIER_BUCKET_MS } from '../../shared/tiers/bucket.ts';
import type { LakeCallPorts } from './lake-calls.ts';

export const rewriteSettings = ({ promotedLabels, buckets, addressOf, retention }: LakeCallPorts): RewriteSettings => ({
  promotedLabels,
  buckets,
  addressOf,
  retention,
  openRollup: () => openTierRollup(TIER_BUCKET_MS['1m'], { promotedLabels }),
});

export const newRun = ({ nextAttempt }: LakeCallPorts, nowMs: number): RewriteRun => ({ nowMs, attempt: nextAttempt() });
