import { dynamoClient, s3Client } from '../../shared/aws/clients.ts';
import { makeDynamoItems } from '../../shared/aws/item-dynamo.ts';
import { makeS3Objects } from '../../shared/aws/object-s3.ts';
import { realPacing } from '../../shared/aws/pacing.ts';
import { defineItemTableContract } from '../contract/item-table.contract.ts';
import { defineItemTransactContract } from '../contract/item-transact.contract.ts';
import { defineObjectListingContract } from '../contract/object-listing.contract.ts';
import { defineObjectStoreContract } from '../contract/object-store.contract.ts';
import { outputs } from './endpoint.ts';

// The deployed bucket and a deployed table: the contracts write under names of their own (`contract/…`), which no function reads.
const { BucketName, KeysTable } = outputs();
const objects = makeS3Objects(s3Client(process.env), BucketName, realPacing);
const items = makeDynamoItems(dynamoClient(), KeysTable, realPacing);

defineObjectStoreContract('S3', async () => objects);
defineObjectListingContract('S3', async () => objects);
defineItemTableContract('DynamoDB', async () => items);
defineItemTransactContract('DynamoDB', async () => items);
