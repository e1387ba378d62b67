import { CreateTopicCommand } from '@aws-sdk/client-sns';
import { randomBytes } from 'node:crypto';
import type { Channel } from '../../shared/alerting/publish.ts';
import { snsClient } from '../../shared/aws/clients.ts';
import { makeSnsPublish } from '../../shared/aws/publish-sns.ts';
import { defineFanOutContract } from '../contract/fan-out.contract.ts';
import { queueBehind, receive } from './queue-behind-topic.ts';

const client = snsClient();

const freshTopic = async (): Promise<string> => {
  const { TopicArn: arn } = await client.send(new CreateTopicCommand({ Name: `contract-${randomBytes(6).toString('hex')}` }));
  if (arn === undefined) throw new Error('create topic: found no ARN in the answer');
  return arn;
};

let topic: Promise<string> | undefined;
const queues = new Map<Channel, Promise<string>>();

const queueOf = async (topicArn: string, channel: Channel): Promise<string> => {
  const queue = queues.get(channel) ?? queueBehind(topicArn, channel);
  queues.set(channel, queue);
  return queue;
};

defineFanOutContract('SNS and SQS', async (channel, deliver) => {
  const topicArn = await (topic ??= freshTopic());
  const queueUrl = await queueOf(topicArn, channel);
  const stopped = new AbortController();
  const loop = (async () => {
    while (!stopped.signal.aborted) await receive(queueUrl, 1, deliver);
  })();
  const stop = async (): Promise<void> => {
    stopped.abort();
    await loop;
  };
  return { publish: makeSnsPublish(client, topicArn), stop };
});
