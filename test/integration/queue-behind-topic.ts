import { SubscribeCommand } from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { randomBytes } from 'node:crypto';
import type { Channel, PublishedNotification } from '../../shared/alerting/publish.ts';
import { snsClient, sqsClient } from '../../shared/aws/clients.ts';
import { parseQueueMessage } from '../../shared/aws/publish-sns.ts';

const sqs = sqsClient();

const policy = (queueArn: string, topicArn: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: queueArn, Condition: { ArnEquals: { 'aws:SourceArn': topicArn } } },
    ],
  });

/** A queue that gets what the topic publishes for a channel, as the stack's own queues do. Gives its URL. */
export const queueBehind = async (topicArn: string, channel: Channel): Promise<string> => {
  const name = `contract-${randomBytes(6).toString('hex')}`;
  const queueArn = topicArn.replace(/^arn:([^:]+):sns:([^:]+):([^:]+):.*$/, `arn:$1:sqs:$2:$3:${name}`);
  const { QueueUrl: queueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: { Policy: policy(queueArn, topicArn) } }));
  if (queueUrl === undefined) throw new Error(`create queue ${name}: found no URL in the answer`);
  const { Attributes: attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] }));
  await snsClient().send(
    new SubscribeCommand({
      TopicArn: topicArn,
      Protocol: 'sqs',
      Endpoint: attributes?.['QueueArn'] ?? queueArn,
      Attributes: { RawMessageDelivery: 'true', FilterPolicy: JSON.stringify({ channel: [channel] }) },
    }),
  );
  return queueUrl;
};

export const deleteQueue = async (queueUrl: string): Promise<void> => {
  await sqs.send(new DeleteQueueCommand({ QueueUrl: queueUrl }));
};

/** One round of receiving: what `deliver` takes is gone, what it refuses comes again at once. */
export const receive = async (queueUrl: string, waitS: number, deliver: (notification: PublishedNotification) => Promise<void>): Promise<void> => {
  const { Messages: messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: waitS }));
  for (const { Body: body, ReceiptHandle: handle } of messages) {
    const call = { QueueUrl: queueUrl, ReceiptHandle: handle };
    await deliver(parseQueueMessage(body ?? '')).then(
      () => sqs.send(new DeleteMessageCommand(call)),
      () => sqs.send(new ChangeMessageVisibilityCommand({ ...call, VisibilityTimeout: 0 })),
    );
  }
};
