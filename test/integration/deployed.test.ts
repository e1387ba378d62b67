import { DescribeTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import { GetBucketLifecycleConfigurationCommand } from '@aws-sdk/client-s3';
import { describe, expect } from 'vitest';
import { dynamoClient, s3Client } from '../../shared/aws/clients.ts';
import { itWith, outputs } from './endpoint.ts';

const stack = outputs();

describe('what was deployed', () => {
  itWith('lifecycle', 'lets the lake forget by prefix', async () => {
    const { Rules: rules = [] } = await s3Client(process.env).send(new GetBucketLifecycleConfigurationCommand({ Bucket: stack.BucketName }));
    const prefixes = rules.map((rule) => rule.Filter?.Prefix ?? rule.Prefix ?? '').filter((prefix) => prefix !== '');
    expect(prefixes.sort()).toEqual(['1h/', '1m/', 'athena/', 'aws/lambda/', 'hot/', 'outbox/', 'quarantine/', 'raw/', 'sql/1h/', 'sql/1m/', 'sql/raw/']);
  });

  itWith('time to live', 'lets every table forget what has expired', async () => {
    for (const TableName of [stack.CatalogTable, stack.AlertsTable, stack.KeysTable]) {
      const { TimeToLiveDescription: ttl } = await dynamoClient().send(new DescribeTimeToLiveCommand({ TableName }));
      expect(ttl).toMatchObject({ AttributeName: 'expiresAtS', TimeToLiveStatus: 'ENABLED' });
    }
  });
});
