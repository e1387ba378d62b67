import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Publish, PublishedNotification } from '../alerting/publish.ts';
import { PermanentError } from '../errors.ts';

/** SNS takes up to 100 characters of printable ASCII as a subject. */
const MAX_SUBJECT_CHARACTERS = 100;

/** SNS takes 256 KiB of message and attributes; ours are names of receivers and severities. */
const MAX_MESSAGE_BYTES = 250 * 1024;

/** What a body may be before it is packed: more is no notification of ours. */
const MAX_BODY_BYTES = 1024 * 1024;

/** The notification as a queue gets it; a body that is too long as it is travels packed (raw deflate, base64). */
type QueueMessage = PublishedNotification | (Omit<PublishedNotification, 'body'> & { readonly deflated: string });

/** Filters match the attributes; SNS takes no empty one. */
const attribute = (value: string) => ({ DataType: 'String', StringValue: value === '' ? 'none' : value });

const subjectLine = (subject: string): string => subject.replaceAll(/[^\x20-\x7e]+/g, ' ').trim().slice(0, MAX_SUBJECT_CHARACTERS);

/** Queues get the whole notification; e-mail and SMS subscriptions of the topic get the subject: JSON at three in the morning helps nobody. */
const messageOf = ({ subject, receiver }: PublishedNotification, forQueues: QueueMessage): string =>
  JSON.stringify({ default: subject === '' ? receiver : subject, sqs: JSON.stringify(forQueues) });

const fittingMessage = (notification: PublishedNotification): string => {
  const plain = messageOf(notification, notification);
  if (Buffer.byteLength(plain) <= MAX_MESSAGE_BYTES) return plain;
  const { body, ...rest } = notification;
  const packed = messageOf(notification, { ...rest, deflated: deflateRawSync(body).toString('base64') });
  const bytes = Buffer.byteLength(packed);
  if (bytes > MAX_MESSAGE_BYTES) throw new PermanentError(`publish ${notification.id}: found ${bytes} bytes packed, at most ${MAX_MESSAGE_BYTES} bytes`);
  return packed;
};

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
        Message: fittingMessage(notification),
        MessageAttributes: { receiver: attribute(receiver), channel: attribute(channel), severity: attribute(severity) },
      }),
    );
  };

/** The notification in a queue's message (raw delivery). Throws for anything that `makeSnsPublish` did not write. */
export const parseQueueMessage = (text: string): PublishedNotification => {
  const message = JSON.parse(text) as QueueMessage;
  if (!('deflated' in message)) return message;
  const { deflated, ...rest } = message;
  return { ...rest, body: inflateRawSync(Buffer.from(deflated, 'base64'), { maxOutputLength: MAX_BODY_BYTES }).toString() };
};
