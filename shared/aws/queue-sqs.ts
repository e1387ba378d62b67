import { ChangeMessageVisibilityCommand, GetQueueUrlCommand, type SQSClient } from '@aws-sdk/client-sqs';

/** Has a message that a function holds come again after a delay, instead of after the queue's own time. */
export type DelayRetry = (queueArn: string, receiptHandle: string, delayMs: number) => Promise<void>;

/** SQS takes at most twelve hours. */
const MAX_VISIBILITY_S = 43_200;

/** A mapping's event names the queue by ARN, SQS itself by URL: looked up once per process. */
export const makeDelayRetry = (client: SQSClient): DelayRetry => {
  const urls = new Map<string, Promise<string>>();
  const urlOf = (queueArn: string): Promise<string> => {
    const url = urls.get(queueArn) ?? lookUp(client, queueArn);
    urls.set(queueArn, url);
    url.catch(() => urls.delete(queueArn));
    return url;
  };
  return async (queueArn, receiptHandle, delayMs) => {
    const VisibilityTimeout = Math.min(Math.ceil(delayMs / 1000), MAX_VISIBILITY_S);
    await client.send(new ChangeMessageVisibilityCommand({ QueueUrl: await urlOf(queueArn), ReceiptHandle: receiptHandle, VisibilityTimeout }));
  };
};

/** `arn:aws:sqs:region:account:name` */
const lookUp = async (client: SQSClient, queueArn: string): Promise<string> => {
  const [account, name] = queueArn.split(':').slice(4);
  const { QueueUrl: url } = await client.send(new GetQueueUrlCommand({ QueueName: name, QueueOwnerAWSAccountId: account }));
  if (url === undefined) throw new Error(`get queue URL ${queueArn}: found none in the answer`);
  return url;
};
