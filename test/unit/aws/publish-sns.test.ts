import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { PermanentError } from '../../../shared/errors.ts';
import type { PublishedNotification } from '../../../shared/alerting/publish.ts';
import { makeSnsPublish, parseQueueMessage } from '../../../shared/aws/publish-sns.ts';

const sns = mockClient(SNSClient);
const publish = makeSnsPublish(new SNSClient({}), 'arn:topic');

const notification: PublishedNotification = {
  id: 'n1',
  receiver: 'ops',
  integration: 'ops/webhook/0',
  channel: 'webhook',
  severity: 'critical',
  subject: '[FIRING:1] HighCpu\n(größer)',
  body: '{"alerts":[]}',
};

const sent = () => sns.commandCalls(PublishCommand)[0]?.args[0].input;

beforeEach(() => {
  sns.reset();
  sns.on(PublishCommand).resolves({});
});

describe('publishing to SNS', () => {
  it('gives queues the whole notification, and people the subject', async () => {
    await publish(notification);
    const message = JSON.parse(sent()?.Message ?? '') as { readonly default: string; readonly sqs: string };
    expect(sent()?.MessageStructure).toBe('json');
    expect(message.default).toBe(notification.subject);
    expect(parseQueueMessage(message.sqs)).toEqual(notification);
  });

  it('packs a body that escapes alone would make too long', async () => {
    const long = { ...notification, body: '"\\'.repeat(100_000) };
    await publish(long);
    expect(sent()?.Message?.length).toBeLessThan(256 * 1024);
    expect(parseQueueMessage((JSON.parse(sent()?.Message ?? '') as { readonly sqs: string }).sqs)).toEqual(long);
  });

  it('refuses for good what SNS cannot take even packed', async () => {
    const body = randomBytes(300_000).toString('base64');
    await expect(publish({ ...notification, body })).rejects.toBeInstanceOf(PermanentError);
  });

  it('carries what the filters match', async () => {
    await publish({ ...notification, severity: '' });
    expect(sent()?.MessageAttributes).toEqual({
      receiver: { DataType: 'String', StringValue: 'ops' },
      channel: { DataType: 'String', StringValue: 'webhook' },
      severity: { DataType: 'String', StringValue: 'none' },
    });
  });

  it('makes a subject line that SNS takes: printable ASCII, at most 100 characters', async () => {
    await publish({ ...notification, subject: `${notification.subject} ${'x'.repeat(200)}` });
    expect(sent()?.Subject).toMatch(/^\[FIRING:1\] HighCpu \(gr er\) x+$/);
    expect(sent()?.Subject).toHaveLength(100);
  });

  it('leaves the subject line out when nothing is left of it', async () => {
    await publish({ ...notification, subject: 'ä' });
    expect(sent()).not.toHaveProperty('Subject');
  });
});
