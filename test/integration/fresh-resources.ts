import { CreateStreamCommand, DeleteStreamCommand, waitUntilStreamExists } from '@aws-sdk/client-kinesis';
import { CreateTopicCommand, DeleteTopicCommand } from '@aws-sdk/client-sns';
import { randomBytes } from 'node:crypto';
import { afterAll } from 'vitest';
import { kinesisClient, snsClient } from '../../shared/aws/clients.ts';

/** Resources for a contract alone, where what is written into the stack's own would set its functions going. Gone after the file. */
const freshName = (): string => `contract-${randomBytes(6).toString('hex')}`;

const WAIT_S = 60;

export const freshStream = async (shards: number): Promise<string> => {
  const client = kinesisClient();
  const name = freshName();
  await client.send(new CreateStreamCommand({ StreamName: name, ShardCount: shards }));
  await waitUntilStreamExists({ client, maxWaitTime: WAIT_S, minDelay: 1 }, { StreamName: name });
  return name;
};

/** Gives the topic's ARN. */
export const freshTopic = async (): Promise<string> => {
  const { TopicArn: arn } = await snsClient().send(new CreateTopicCommand({ Name: freshName() }));
  if (arn === undefined) throw new Error('create topic: found no ARN in the answer');
  return arn;
};

export const deleteStream = async (name: string): Promise<void> => {
  await kinesisClient().send(new DeleteStreamCommand({ StreamName: name }));
};

export const deleteTopic = async (arn: string): Promise<void> => {
  await snsClient().send(new DeleteTopicCommand({ TopicArn: arn }));
};

/** One resource for all tests of a file: made when the first asks for it, let go after the last. */
export const onePerFile = (make: () => Promise<string>, letGo: (name: string) => Promise<void>): (() => Promise<string>) => {
  let made: Promise<string> | undefined;
  afterAll(async () => {
    if (made !== undefined) await letGo(await made);
  });
  return () => (made ??= make());
};
