import type { Context } from 'aws-lambda';
import { randomBytes } from 'node:crypto';
import { athenaClient, dynamoClient, s3Client } from '../../shared/aws/clients.ts';
import { makeGlueCall } from '../../shared/aws/glue-call.ts';
import { makeDynamoItems } from '../../shared/aws/item-dynamo.ts';
import { logLine } from '../../shared/aws/log-line.ts';
import { makeS3Objects } from '../../shared/aws/object-s3.ts';
import { realPacing } from '../../shared/aws/pacing.ts';
import { makeGlueView } from '../../shared/aws/view-glue.ts';
import { COMPACT_ENV, loadConfig, parseRetentionClasses } from '../../shared/config.ts';
import type { SamplesView } from '../../shared/compaction/open-hours.ts';
import { openTierRollup } from '../../shared/storage/tier-rollup.ts';
import { TIER_BUCKET_MS } from '../../shared/tiers/bucket.ts';
import { compactLakes } from './compact-lakes.ts';

/** Four million samples into an hour of 24 million take 6 s of CPU (measured); an hour of many buckets takes that for each. */
const LONGEST_PIECE_MS = 300_000;

const config = loadConfig(COMPACT_ENV, process.env);
const { bucketName, promotedLabels, buckets, retention } = config;
const dynamo = dynamoClient();
const ports = {
  objects: makeS3Objects(s3Client(process.env), bucketName, realPacing),
  catalog: makeDynamoItems(dynamo, config.catalogTable, realPacing),
};
const classes = parseRetentionClasses(JSON.parse(config.retentionClasses));
const names = classes.map(({ name }) => name);
const glue = makeGlueCall(athenaClient(), process.env['AWS_ENDPOINT_URL']);
const viewOf = (retentionClass?: string): SamplesView => ({ publish: makeGlueView(glue, { ...config, classes: names, retentionClass }), promotedLabels, clockMs: Date.now });
const settings = {
  alerts: makeDynamoItems(dynamo, config.alertsTable, realPacing),
  classes,
  // A class that is in the settings no longer has no view.
  viewOf: (name: string) => (names.includes(name) ? viewOf(name) : undefined),
  promotedLabels,
  buckets,
  retention,
  addressOf: (key: string) => `s3://${bucketName}/${key}`,
  openRollup: () => openTierRollup(TIER_BUCKET_MS['1m'], { promotedLabels }),
  view: viewOf(),
};

/** Throws when any piece of work failed; the next minute does it again, beside this call if this one still runs. */
export const handler = async (_event: unknown, context: Context): Promise<void> => {
  const report = await compactLakes(ports, {
    ...settings,
    nowMs: Date.now(),
    attempt: randomBytes(6).toString('hex'),
    hasTime: () => context.getRemainingTimeInMillis() > LONGEST_PIECE_MS,
  });
  logLine({ compacted: report });
};
