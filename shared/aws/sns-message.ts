import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { ChannelPorts } from '../channels/channel-ports.ts';
import { shortAnswer } from '../channels/send-outcome.ts';
import type { SendOutcome } from '../channels/send-outcome.ts';

/** SNS takes up to 100 characters of printable ASCII as a subject. */
const MAX_SUBJECT_CHARACTERS = 100;

/** What another attempt cannot mend (SNS API reference, Publish: errors). */
const FINAL = new Set(['InvalidParameter', 'InvalidParameterValue', 'NotFound', 'EndpointDisabled', 'PlatformApplicationDisabled', 'OptedOut']);

/** Messages of receivers to topics, endpoints and phone numbers, each in the region that its ARN names; one client for each. */
export const makeSnsMessages = (makeClient: (region?: string) => SNSClient): NonNullable<ChannelPorts['publishSns']> => {
  const clients = new Map<string, SNSClient>();
  const clientOf = (region: string): SNSClient => {
    const client = clients.get(region) ?? makeClient(region === '' ? undefined : region);
    clients.set(region, client);
    return client;
  };
  return async ({ topicArn, targetArn, phoneNumber, region, subject, message, attributes }) => {
    const line = subject.replaceAll(/[^\x20-\x7e]+/g, ' ').trim().slice(0, MAX_SUBJECT_CHARACTERS);
    try {
      const client = clientOf(region || ((topicArn || targetArn).split(':')[3] ?? ''));
      const answer = await client.send(
        new PublishCommand({
          ...(topicArn === '' ? {} : { TopicArn: topicArn }),
          ...(targetArn === '' ? {} : { TargetArn: targetArn }),
          ...(phoneNumber === '' ? {} : { PhoneNumber: phoneNumber }),
          ...(line === '' || phoneNumber !== '' ? {} : { Subject: line }),
          ...(attributes.length === 0 ? {} : { MessageAttributes: Object.fromEntries(attributes.map(([name, value]) => [name, { DataType: 'String', StringValue: value }])) }),
          Message: message,
        }),
      );
      return { kind: 'sent', answer: shortAnswer(`SNS ${answer.MessageId ?? 'accepted'}`) };
    } catch (error) {
      return failureOf(error);
    }
  };
};

const failureOf = (error: unknown): SendOutcome => {
  const name = error instanceof Error ? error.name.replace(/Exception$/, '') : 'error';
  return { kind: FINAL.has(name) ? 'failed' : 'retry', answer: shortAnswer(`SNS ${name}`) };
};
