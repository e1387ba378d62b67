import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DEFAULT_PROMOTED_LABELS } from '../../shared/parquet/schema.ts';
import { openTierRollup } from '../../shared/storage/tier-rollup.ts';
import { TIER_BUCKET_MS } from '../../shared/tiers/bucket.ts';
import type { Retention } from '../../shared/tiers/retention.ts';

/** How compacted files are written and named, whoever writes them. */
export const lakeOf = (objectsFolder: string, retention: Retention) => ({
  retention,
  promotedLabels: DEFAULT_PROMOTED_LABELS,
  buckets: 1,
  openRollup: () => openTierRollup(TIER_BUCKET_MS['1m'], { promotedLabels: DEFAULT_PROMOTED_LABELS }),
  addressOf: (key: string) => pathToFileURL(join(objectsFolder, key)).href,
});
