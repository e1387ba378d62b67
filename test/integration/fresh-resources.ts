import { CreateTableCommand, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { CreateStreamCommand, waitUntilStreamExists } from '@aws-sdk/client-kinesis';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { dynamoClient, kinesisClient, s3Client } from '../../shared/aws/clients.ts';

/** Resources for the contract suites alone: nothing of the deployed stack reacts to what is written there. */
const freshName = (): string => `contract-${randomBytes(6).toString('hex')}`;

const WAIT_S = 30;

export const freshBucket = async (): Promise<string> => {
  const name = freshName();
  await s3Client(process.env).send(new CreateBucketCommand({ Bucket: name }));
  return name;
};

export const freshTable = async (): Promise<string> => {
  const client = dynamoClient();
  const name = freshName();
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: WAIT_S, minDelay: 1 }, { TableName: name });
  return name;
};

export const freshStream = async (shards: number): Promise<string> => {
  const client = kinesisClient();
  const name = freshName();
  await client.send(new CreateStreamCommand({ StreamName: name, ShardCount: shards }));
  await waitUntilStreamExists({ client, maxWaitTime: WAIT_S, minDelay: 1 }, { StreamName: name });
  return name;
};
