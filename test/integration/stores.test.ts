import { dynamoClient, s3Client } from '../../shared/aws/clients.ts';
import { makeDynamoItems } from '../../shared/aws/item-dynamo.ts';
import { makeS3Objects } from '../../shared/aws/object-s3.ts';
import { realPacing } from '../../shared/aws/pacing.ts';
import { defineItemTableContract } from '../contract/item-table.contract.ts';
import { defineItemTransactContract } from '../contract/item-transact.contract.ts';
import { defineObjectStoreContract } from '../contract/object-store.contract.ts';
import { freshBucket, freshTable } from './fresh-resources.ts';

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
};

const bucket = once(freshBucket);
const table = once(freshTable);

const objects = s3Client(process.env);
const items = dynamoClient();

defineObjectStoreContract('S3', async () => makeS3Objects(objects, await bucket(), realPacing));
defineItemTableContract('DynamoDB', async () => makeDynamoItems(items, await table(), realPacing));
defineItemTransactContract('DynamoDB', async () => makeDynamoItems(items, await table(), realPacing));
