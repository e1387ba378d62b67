import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { Publish, PublishedNotification } from '../alerting/publish.ts';

/** SNS takes up to 100 characters of printable ASCII as a subject. */
const MAX_SUBJECT_CHARACTERS = 100;

/** Filters match the attributes; SNS takes no empty one. */
const attribute = (value: string) => ({ DataType: 'String', StringValue: value === '' ? 'none' : value });

const subjectLine = (subject: string): string => subject.replaceAll(/[^\x20-\x7e]+/g, ' ').trim().slice(0, MAX_SUBJECT_CHARACTERS);

/**
 * Publishes to a topic. Queues get the whole notification as JSON; e-mail and SMS subscriptions of the topic itself get the subject,
 * since JSON at three in the morning helps nobody.
 */
export const makeSnsPublish =
  (client: SNSClient, topicArn: string): Publish =>
  async (notification: PublishedNotification) => {
    const { subject, receiver, channel, severity } = notification;
    const line = subjectLine(subject);
    await client.send(
      new PublishCommand({
        TopicArn: topicArn,
        ...(line === '' ? {} : { Subject: line }),
        MessageStructure: 'json',
        Message: JSON.stringify({ default: subject === '' ? receiver : subject, sqs: JSON.stringify(notification) }),
        MessageAttributes: { receiver: attribute(receiver), channel: attribute(channel), severity: attribute(severity) },
      }),
    );
  };
