import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeDynamoItems } from '../../../shared/aws/item-dynamo.ts';
import type { ItemWrite } from '../../../shared/catalog/item-table.ts';
import { PermanentError, UnavailableError } from '../../../shared/errors.ts';
import { recordedPacing } from './pacing.ts';

const dynamo = mockClient(DynamoDBClient);

const make = () => {
  const pacing = recordedPacing();
  return { pacing, items: makeDynamoItems(new DynamoDBClient({}), 'catalog', pacing) };
};

const key = { pk: 'p', sk: 's' };
const row = { pk: { S: 'p' }, sk: { S: 's' } };
const put = (attributes = {}): ItemWrite => ({ put: { ...key, attributes }, when: { is: 'absent' } });
const cancelled = (...codes: string[]): TransactionCanceledException =>
  new TransactionCanceledException({ message: 'cancelled', $metadata: {}, CancellationReasons: codes.map((Code) => ({ Code })) });
const conditionFailed = (attempts: number, Item?: ConditionalCheckFailedException['Item']): ConditionalCheckFailedException =>
  new ConditionalCheckFailedException({ message: 'no', $metadata: { attempts }, ...(Item === undefined ? {} : { Item }) });

beforeEach(() => dynamo.reset());

describe('items on DynamoDB: reading', () => {
  it('reads strongly consistent, and gives each attribute its type back', async () => {
    dynamo.on(GetItemCommand).resolves({ Item: { ...row, n: { N: '1.5' }, s: { S: '' }, b: { BOOL: false }, expiresAtS: { N: '99' } } });
    expect(await make().items.get(key)).toEqual({ ...key, attributes: { n: 1.5, s: '', b: false }, expiresAtS: 99 });
    expect(dynamo.commandCalls(GetItemCommand)[0]?.args[0].input.ConsistentRead).toBe(true);
  });

  it('gives undefined for no item', async () => {
    dynamo.on(GetItemCommand).resolves({});
    expect(await make().items.get(key)).toBeUndefined();
  });

  it('follows the pages of a partition', async () => {
    dynamo
      .on(QueryCommand)
      .resolvesOnce({ Items: [row], LastEvaluatedKey: row })
      .resolvesOnce({ Items: [{ pk: { S: 'p' }, sk: { S: 't' } }] });
    expect((await make().items.query('p')).map((item) => item.sk)).toEqual(['s', 't']);
    expect(dynamo.commandCalls(QueryCommand)[1]?.args[0].input.ExclusiveStartKey).toEqual(row);
  });

  it('stops at the limit, which a page may cut short', async () => {
    dynamo.on(QueryCommand).resolvesOnce({ Items: [row], LastEvaluatedKey: row }).resolves({ Items: [row], LastEvaluatedKey: row });
    expect(await make().items.query('p', { limit: 2 })).toHaveLength(2);
    expect(dynamo.commandCalls(QueryCommand).map((call) => call.args[0].input.Limit)).toEqual([2, 1]);
  });

  it.each([
    [{}, 'pk = :pk'],
    [{ from: '' }, 'pk = :pk'],
    [{ from: 'a' }, 'pk = :pk AND sk >= :from'],
    [{ to: 'b' }, 'pk = :pk AND sk <= :to'],
    [{ from: 'a', to: 'b' }, 'pk = :pk AND sk BETWEEN :from AND :to'],
  ])('asks for the range %j', async (range, expression) => {
    dynamo.on(QueryCommand).resolves({ Items: [] });
    await make().items.query('p', range);
    expect(dynamo.commandCalls(QueryCommand)[0]?.args[0].input).toMatchObject({ KeyConditionExpression: expression, ConsistentRead: true });
  });

  it.each([{ from: 'b', to: 'a' }, { to: '' }])('asks nothing for the empty range %j', async (range) => {
    expect(await make().items.query('p', range)).toEqual([]);
    expect(dynamo.calls()).toHaveLength(0);
  });
});

describe('items on DynamoDB: one write', () => {
  it('is a plain put with its condition', async () => {
    dynamo.on(PutItemCommand).resolves({});
    const when = { any: [{ is: 'absent' }, { is: 'less', attribute: 'size', value: 7 }, { is: 'equal', attribute: 'name', value: 'x' }] } as const;
    expect(await make().items.transact([{ put: { ...key, attributes: { size: 7, open: true }, expiresAtS: 5 }, when }])).toEqual({ done: true });
    expect(dynamo.commandCalls(PutItemCommand)[0]?.args[0].input).toEqual({
      TableName: 'catalog',
      Item: { ...row, size: { N: '7' }, open: { BOOL: true }, expiresAtS: { N: '5' } },
      ConditionExpression: 'attribute_not_exists(#n0) OR #n1 < :v0 OR #n2 = :v1',
      ExpressionAttributeNames: { '#n0': 'pk', '#n1': 'size', '#n2': 'name' },
      ExpressionAttributeValues: { ':v0': { N: '7' }, ':v1': { S: 'x' } },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
  });

  it('is a plain delete with its condition', async () => {
    dynamo.on(DeleteItemCommand).resolves({});
    await make().items.transact([{ remove: key, when: { is: 'present' } }]);
    expect(dynamo.commandCalls(DeleteItemCommand)[0]?.args[0].input).toMatchObject({ Key: row, ConditionExpression: 'attribute_exists(#n0)' });
  });

  it('says that its condition did not hold', async () => {
    dynamo.on(PutItemCommand).rejects(conditionFailed(1, row));
    expect(await make().items.transact([put()])).toEqual({ done: false, failed: [0] });
  });

  it('knows its own effect again when the answer to the first attempt was lost', async () => {
    dynamo.on(PutItemCommand).rejects(conditionFailed(2, { ...row, n: { N: '1' } }));
    expect(await make().items.transact([put({ n: 1 })])).toEqual({ done: true });
    expect(await make().items.transact([put({ n: 2 })])).toEqual({ done: false, failed: [0] });
  });

  it('asks nothing for a write that DynamoDB would refuse', async () => {
    await expect(make().items.transact([put({ n: Number.NaN })])).rejects.toBeInstanceOf(PermanentError);
    expect(dynamo.calls()).toHaveLength(0);
  });
});

describe('items on DynamoDB: several writes', () => {
  const check: ItemWrite = { check: { pk: 'p', sk: 'lease' }, when: { is: 'equal', attribute: 'epoch', value: 3 } };

  it('go together, checks among them', async () => {
    dynamo.on(TransactWriteItemsCommand).resolves({});
    expect(await make().items.transact([put(), { remove: { pk: 'p', sk: 'gone' } }, check])).toEqual({ done: true });
    const items = dynamo.commandCalls(TransactWriteItemsCommand)[0]?.args[0].input.TransactItems ?? [];
    expect(items.map((item) => Object.keys(item)[0])).toEqual(['Put', 'Delete', 'ConditionCheck']);
  });

  it('make a transaction even of a single check', async () => {
    dynamo.on(TransactWriteItemsCommand).resolves({});
    await make().items.transact([check]);
    expect(dynamo.commandCalls(TransactWriteItemsCommand)).toHaveLength(1);
  });

  it('name every write whose condition did not hold', async () => {
    dynamo.on(TransactWriteItemsCommand).rejects(cancelled('ConditionalCheckFailed', 'None', 'ConditionalCheckFailed'));
    expect(await make().items.transact([put(), { remove: { pk: 'p', sk: 'r' } }, check])).toEqual({ done: false, failed: [0, 2] });
  });

  it('are tried again after a conflict with another transaction', async () => {
    dynamo.on(TransactWriteItemsCommand).rejectsOnce(cancelled('None', 'TransactionConflict')).resolves({});
    const { items, pacing } = make();
    expect(await items.transact([put(), check])).toEqual({ done: true });
    expect(pacing.waitsMs).toEqual([50]);
  });

  it('are given up as unavailable when conflicts do not end', async () => {
    dynamo.on(TransactWriteItemsCommand).rejects(cancelled('TransactionConflict', 'None'));
    await expect(make().items.transact([put(), check])).rejects.toBeInstanceOf(UnavailableError);
  });

  it('reject for a reason that trying again does not mend', async () => {
    dynamo.on(TransactWriteItemsCommand).rejects(cancelled('ValidationError', 'None'));
    await expect(make().items.transact([put(), check])).rejects.toBeInstanceOf(TransactionCanceledException);
  });
});
