import type { RewriteRun, RewriteSettings } from '../../shared/deletion/deletion-ports.ts';
import { openTierRollup } from '../../shared/storage/tier-rollup.ts';
import { TIER_BUCKET_MS } from '../../shared/tiers/bucket.ts';
import type { AdminPorts } from './admin-ports.ts';

export const rewriteSettings = ({ promotedLabels, buckets, addressOf, retention }: AdminPorts): RewriteSettings => ({
  promotedLabels,
  buckets,
  addressOf,
  retention,
  openRollup: () => openTierRollup(TIER_BUCKET_MS['1m'], { promotedLabels }),
});

export const newRun = ({ clockMs, nextAttempt }: AdminPorts): RewriteRun => ({ nowMs: clockMs(), attempt: nextAttempt() });
