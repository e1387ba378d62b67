import { CloudFormationClient, CloudFormationServiceException, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { openStack } from '../../../scripts/admin/stack-admin.ts';
import { doctor } from '../../../shared/commands/doctor.ts';
import { rebuildCatalog } from '../../../shared/commands/rebuild-catalog.ts';

const cloudFormation = mockClient(CloudFormationClient);
const dynamo = mockClient(DynamoDBClient);
const s3 = mockClient(S3Client);

const OUTPUTS = { BucketName: 'lake', CatalogTable: 'catalog', StreamName: 'records', PromotedLabels: '["host"]', Buckets: '4', Retention: 'raw=7d,1m=30d,1h=365d', RetentionClasses: '[]' };
const withOutputs = (outputs: Readonly<Record<string, string>>): void => {
  const Outputs = Object.entries(outputs).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue }));
  cloudFormation.on(DescribeStacksCommand).resolves({ Stacks: [{ StackName: 'tidemark', CreationTime: new Date(0), StackStatus: 'CREATE_COMPLETE', Outputs }] });
};

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  for (const mock of [cloudFormation, dynamo, s3]) mock.reset();
});

describe("the keeper's tools over a deployed stack", () => {
  it('work in this process on the table and the bucket that the stack names', async () => {
    withOutputs(OUTPUTS);
    dynamo.on(QueryCommand).resolves({ Items: [] });
    s3.on(ListObjectsV2Command).resolves({ Contents: [] });
    const api = await openStack('tidemark', {});
    const { lines } = await doctor(api, { json: true, progress: () => undefined });
    expect(JSON.parse(lines[0] as string)).toMatchObject({ partitions: 0, findings: [{ kind: 'watermark unknown' }] });
    expect(await rebuildCatalog(api, { force: false, json: false, progress: () => undefined })).toMatchObject({ ok: true });
    expect(cloudFormation.commandCalls(DescribeStacksCommand)[0]?.args[0].input).toEqual({ StackName: 'tidemark' });
    expect(dynamo.commandCalls(QueryCommand)[0]?.args[0].input.TableName).toBe('catalog');
    const listed = s3.commandCalls(ListObjectsV2Command).map(({ args: [{ input }] }) => input);
    expect(listed.every(({ Bucket }) => Bucket === 'lake')).toBe(true);
    expect(new Set(listed.map(({ Prefix }) => Prefix))).toEqual(new Set(['classes/', 'raw/dt=', 'hot/dt=', '1m/dt=', '1h/dt=', 'history/alert_events/', 'history/notifications/']));
  });

  it('name the outputs that an older stack lacks, and a stack that is not there', async () => {
    withOutputs({ BucketName: 'lake', CatalogTable: 'catalog', StreamName: 'records' });
    await expect(openStack('old', {})).rejects.toThrow('find stack old: found no output PromotedLabels, Buckets, Retention, RetentionClasses');
    cloudFormation.on(DescribeStacksCommand).rejects(new CloudFormationServiceException({ name: 'ValidationError', message: 'Stack with id none does not exist', $fault: 'client', $metadata: { httpStatusCode: 400 } }));
    await expect(openStack('none', {})).rejects.toThrow('find stack none: found none in this account and region');
  });
});
