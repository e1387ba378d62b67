import type { SNSClient } from '@aws-sdk/client-sns';
import { describe, expect, it } from 'vitest';
import { makeSnsMessages } from '../../../shared/aws/sns-message.ts';

const TOPIC = { topicArn: 'arn:aws:sns:eu-west-1:123456789012:ops', targetArn: '', phoneNumber: '', region: '', subject: 'é [FIRING:1]\nA', message: 'text', attributes: [['team', 'db']] } as const;

const clients = (answer: () => Promise<object>) => {
  const sent: { region: string | undefined; input: object }[] = [];
  const make = (region?: string) => ({ send: async ({ input }: { input: object }) => (sent.push({ region, input }), answer()) }) as unknown as SNSClient;
  return { sent, make };
};

describe('messages to SNS', () => {
  it('go to the region of the topic, with a subject of one line', async () => {
    const { sent, make } = clients(async () => ({ MessageId: 'm1' }));
    expect(await makeSnsMessages(make)(TOPIC)).toEqual({ kind: 'sent', answer: 'SNS m1' });
    expect(sent).toEqual([
      { region: 'eu-west-1', input: { TopicArn: TOPIC.topicArn, Subject: '[FIRING:1] A', Message: 'text', MessageAttributes: { team: { DataType: 'String', StringValue: 'db' } } } },
    ]);
  });

  it('to a phone have no subject, and the region of the process', async () => {
    const { sent, make } = clients(async () => ({}));
    await makeSnsMessages(make)({ ...TOPIC, topicArn: '', phoneNumber: '+491711234567', attributes: [] });
    expect(sent).toEqual([{ region: undefined, input: { PhoneNumber: '+491711234567', Message: 'text' } }]);
  });

  it.each([['NotFoundException', 'failed'], ['ThrottledException', 'retry'], ['AuthorizationErrorException', 'retry']] as const)('%s is %s', async (name, kind) => {
    const { make } = clients(() => Promise.reject(Object.assign(new Error('with details'), { name })));
    expect(await makeSnsMessages(make)(TOPIC)).toEqual({ kind, answer: `SNS ${name.replace('Exception', '')}` });
  });
});
