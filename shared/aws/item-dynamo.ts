import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  TransactionCanceledException,
  type AttributeValue,
  type DynamoDBClient,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { isDeepStrictEqual } from 'node:util';
import { checkQuery, checkWrites } from '../catalog/item-limits.ts';
import type { Item, ItemTable, ItemWrite, SortRange, TransactOutcome } from '../catalog/item-table.ts';
import { UnavailableError } from '../errors.ts';
import { awsErrorOf } from './aws-error.ts';
import { conditionExpression, itemOf, keyCondition, keyOf, rowOf } from './dynamo-expressions.ts';
import { backOff, type Pacing } from './pacing.ts';

/** Transactions that meet on an item cancel each other; the SDK does not try those again. */
const MAX_CONFLICTS = 10;

const DONE: TransactOutcome = { done: true };

/** Items of one DynamoDB table. Reads are strongly consistent; throttles are retried by the SDK, conflicts here. */
export const makeDynamoItems = (client: DynamoDBClient, table: string, pacing: Pacing): ItemTable => ({
  get: async (key) => {
    const { Item: row } = await client.send(new GetItemCommand({ TableName: table, Key: keyOf(key), ConsistentRead: true }));
    return row === undefined ? undefined : itemOf(row);
  },
  query: (pk, range = {}) => queryAll(client, table, pk, range),
  transact: async (writes) => {
    checkWrites(writes);
    for (let attempt = 1; attempt <= MAX_CONFLICTS; attempt++) {
      const outcome = await attemptWrites(client, table, writes);
      if (outcome !== 'conflict') return outcome;
      await backOff(pacing, attempt);
    }
    throw new UnavailableError(`write ${writes.length} items of ${table}: found ${MAX_CONFLICTS} conflicts with other transactions, one after another`, 1);
  },
});

const queryAll = async (client: DynamoDBClient, table: string, pk: string, range: SortRange): Promise<readonly Item[]> => {
  checkQuery(pk, range);
  const condition = keyCondition(pk, range);
  const limit = range.limit ?? Number.POSITIVE_INFINITY;
  const items: Item[] = [];
  if (condition === undefined) return items;
  let from: Record<string, AttributeValue> | undefined;
  do {
    const page = await client.send(
      new QueryCommand({
        TableName: table,
        ConsistentRead: true,
        ...condition,
        ...(Number.isFinite(limit) ? { Limit: limit - items.length } : {}),
        ...(from === undefined ? {} : { ExclusiveStartKey: from }),
      }),
    );
    items.push(...(page.Items ?? []).map(itemOf));
    from = page.LastEvaluatedKey;
  } while (from !== undefined && items.length < limit);
  return items;
};

const attemptWrites = async (client: DynamoDBClient, table: string, writes: readonly ItemWrite[]): Promise<TransactOutcome | 'conflict'> => {
  const [only] = writes;
  try {
    // A transaction costs twice as much as a plain write.
    if (writes.length === 1 && only !== undefined && !('check' in only)) await writeOne(client, table, only);
    else await writeTogether(client, table, writes);
    return DONE;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return wasOurs(error, only as ItemWrite) ? DONE : { done: false, failed: [0] };
    if (error instanceof TransactionCanceledException) return afterCancellation(error);
    const { name } = awsErrorOf(error);
    if (name === 'TransactionConflictException' || name === 'TransactionInProgressException') return 'conflict';
    throw error;
  }
};

const writeOne = async (client: DynamoDBClient, table: string, write: Exclude<ItemWrite, { check: unknown }>): Promise<void> => {
  const condition = write.when === undefined ? {} : { ...conditionExpression(write.when), ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const };
  if ('put' in write) await client.send(new PutItemCommand({ TableName: table, Item: rowOf(write.put), ...condition }));
  else await client.send(new DeleteItemCommand({ TableName: table, Key: keyOf(write.remove), ...condition }));
};

/**
 * When the answer to a write is lost, the SDK's second attempt meets the first one's effect and fails its own condition.
 * A transaction has a client request token against that (the SDK makes one per command); a plain write is recognised by its effect.
 */
const wasOurs = (error: ConditionalCheckFailedException, write: ItemWrite): boolean => {
  if (awsErrorOf(error).attempts < 2) return false;
  return 'put' in write ? isDeepStrictEqual(error.Item, rowOf(write.put)) : error.Item === undefined;
};

const writeTogether = async (client: DynamoDBClient, table: string, writes: readonly ItemWrite[]): Promise<void> => {
  await client.send(new TransactWriteItemsCommand({ TransactItems: writes.map((write) => transactItem(table, write)) }));
};

const transactItem = (TableName: string, write: ItemWrite): TransactWriteItem => {
  const condition = write.when === undefined ? {} : conditionExpression(write.when);
  if ('put' in write) return { Put: { TableName, Item: rowOf(write.put), ...condition } };
  if ('remove' in write) return { Delete: { TableName, Key: keyOf(write.remove), ...condition } };
  return { ConditionCheck: { TableName, Key: keyOf(write.check), ...conditionExpression(write.when) } };
};

const afterCancellation = (error: TransactionCanceledException): TransactOutcome | 'conflict' => {
  const codes = (error.CancellationReasons ?? []).map((reason) => reason.Code ?? 'None');
  const failed = codes.flatMap((code, k) => (code === 'ConditionalCheckFailed' ? [k] : []));
  if (failed.length > 0) return { done: false, failed };
  if (codes.some((code) => RETRIED_REASONS.has(code))) return 'conflict';
  throw error;
};

const RETRIED_REASONS: ReadonlySet<string> = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);
