import { randomBytes } from 'node:crypto';
import { dynamoClient, kinesisClient, s3Client } from '../../shared/aws/clients.ts';
import { makeDynamoItems } from '../../shared/aws/item-dynamo.ts';
import { makeS3Objects } from '../../shared/aws/object-s3.ts';
import { realPacing } from '../../shared/aws/pacing.ts';
import { cloudFormationClient, requireOutputs, stackOutputs } from '../../shared/aws/stack-outputs.ts';
import { makeKinesisPut } from '../../shared/aws/stream-kinesis.ts';
import type { Api } from '../../shared/commands/api.ts';
import { PermanentError } from '../../shared/errors.ts';
import { parseRetentionClasses } from '../../shared/lakes/retention-class.ts';
import { getDollars } from '../../shared/sql/dollars.ts';
import { parseRetention } from '../../shared/tiers/retention.ts';
import { inProcess } from './in-process.ts';

const OUTPUTS = ['BucketName', 'CatalogTable', 'StreamName', 'PromotedLabels', 'Buckets', 'Retention', 'RetentionClasses'] as const;

/** The tools of a deployed installation: they run in this process, with the operator's own credentials, and need no function for it. */
export const openStack = async (stackName: string, env: Readonly<Record<string, string | undefined>>): Promise<Api> => {
  const client = cloudFormationClient();
  await client.config.region().catch((cause: unknown) => {
    throw new PermanentError('open stack: no AWS region is set; set AWS_REGION, and credentials as for the AWS CLI', { cause });
  });
  const outputs = requireOutputs(await stackOutputs(client, stackName), stackName, OUTPUTS);
  return inProcess({
    objects: makeS3Objects(s3Client(env), outputs.BucketName, realPacing),
    catalog: makeDynamoItems(dynamoClient(), outputs.CatalogTable, realPacing),
    putRecords: makeKinesisPut(kinesisClient(), outputs.StreamName, realPacing),
    clockMs: Date.now,
    nextAttempt: () => randomBytes(6).toString('hex'),
    addressOf: (key) => `s3://${outputs.BucketName}/${key}`,
    promotedLabels: JSON.parse(outputs.PromotedLabels) as string[],
    buckets: Number(outputs.Buckets),
    retention: parseRetention(outputs.Retention),
    requestDollars: getDollars,
    classes: parseRetentionClasses(JSON.parse(outputs.RetentionClasses)),
  });
};
