import { ChangeMessageVisibilityCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeDelayRetry } from '../../../shared/aws/queue-sqs.ts';

const sqs = mockClient(SQSClient);
const arn = 'arn:aws:sqs:us-east-1:000000000000:webhook';

beforeEach(() => {
  sqs.reset();
  sqs.on(GetQueueUrlCommand).resolves({ QueueUrl: 'http://queue' });
  sqs.on(ChangeMessageVisibilityCommand).resolves({});
});

describe('delaying a message of SQS', () => {
  it('asks for the queue once, and never makes a delay shorter', async () => {
    const delay = makeDelayRetry(new SQSClient({}));
    await delay(arn, 'handle', 4100);
    await delay(arn, 'handle', 0);
    expect(sqs.commandCalls(GetQueueUrlCommand).map((call) => call.args[0].input)).toEqual([{ QueueName: 'webhook', QueueOwnerAWSAccountId: '000000000000' }]);
    expect(sqs.commandCalls(ChangeMessageVisibilityCommand).map((call) => call.args[0].input)).toEqual([
      { QueueUrl: 'http://queue', ReceiptHandle: 'handle', VisibilityTimeout: 5 },
      { QueueUrl: 'http://queue', ReceiptHandle: 'handle', VisibilityTimeout: 0 },
    ]);
  });

  it('stays within the twelve hours that SQS takes', async () => {
    await makeDelayRetry(new SQSClient({}))(arn, 'handle', 1e9);
    expect(sqs.commandCalls(ChangeMessageVisibilityCommand)[0]?.args[0].input.VisibilityTimeout).toBe(43_200);
  });

  it('asks again for a queue that was not found', async () => {
    sqs.on(GetQueueUrlCommand).rejectsOnce(new Error('not yet')).resolves({ QueueUrl: 'http://queue' });
    const delay = makeDelayRetry(new SQSClient({}));
    await expect(delay(arn, 'handle', 1)).rejects.toThrow('not yet');
    await delay(arn, 'handle', 1);
    expect(sqs.commandCalls(ChangeMessageVisibilityCommand)).toHaveLength(1);
  });
});
