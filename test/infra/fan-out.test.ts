import { Match } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { CHANNELS } from '../../infra/fan-out.ts';
import { CHANNELS as NOTIFIED } from '../../shared/alerting/publish.ts';
import { functionOf, ofType, synthesise, type Synthesised } from './synthesised.ts';

let stack: Synthesised;
beforeAll(() => {
  stack = synthesise({
    subscriptions: [
      { protocol: 'email', endpoint: 'ops@example.org', receivers: ['ops'], severities: ['critical', 'warning'] },
      { protocol: 'sms', endpoint: '+15550100', severities: ['critical'] },
    ],
    reservedConcurrency: { store: 20, compact: 1, evaluate: 2 },
    operators: ['oncall@example.org'],
    buckets: 12,
  });
});

describe('fan-out', () => {
  it('serves the channels that notifications have', () => {
    expect(CHANNELS).toEqual(NOTIFIED);
  });

  it.each(CHANNELS)('gives the channel %s a queue that takes its notifications alone', (channel) => {
    stack.template.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'sqs',
      RawMessageDelivery: true,
      FilterPolicy: { channel: [channel] },
      Endpoint: Match.objectLike({ 'Fn::GetAtt': [Match.stringLikeRegexp(`^FanOut${channel[0]?.toUpperCase()}${channel.slice(1)}Queue`), 'Arn'] }),
    });
  });

  it('has dead letters behind every queue, and no queue without one', () => {
    const queues = ofType(stack, 'AWS::SQS::Queue');
    const dead = queues.filter(([id]) => id.includes('DeadLetters'));
    const live = queues.filter(([id]) => !id.includes('DeadLetters'));
    expect(dead).toHaveLength(CHANNELS.length);
    expect(live).toHaveLength(CHANNELS.length);
    for (const [, { Properties }] of live) expect(Properties).toHaveProperty('RedrivePolicy.maxReceiveCount', 50);
    for (const [, { Properties }] of dead) expect(Properties['MessageRetentionPeriod']).toBe(14 * 24 * 3600);
  });

  it('hands messages out again only after six times the time that notify has', () => {
    const timeoutS = functionOf(stack, 'Notify').Properties['Timeout'] as number;
    const live = ofType(stack, 'AWS::SQS::Queue').filter(([id]) => !id.includes('DeadLetters'));
    for (const [, { Properties }] of live) expect(Properties['VisibilityTimeout']).toBeGreaterThanOrEqual(6 * timeoutS);
  });

  it('reports notifications one by one', () => {
    const mappings = ofType(stack, 'AWS::Lambda::EventSourceMapping').filter(([id]) => id.startsWith('Notify'));
    expect(mappings).toHaveLength(CHANNELS.length);
    for (const [, { Properties }] of mappings) expect(Properties['FunctionResponseTypes']).toEqual(['ReportBatchItemFailures']);
  });

  it('subscribes the addresses and numbers of the settings, filtered', () => {
    stack.template.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'email',
      Endpoint: 'ops@example.org',
      FilterPolicy: { receiver: ['ops'], severity: ['critical', 'warning'] },
    });
    stack.template.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'sms', Endpoint: '+15550100', FilterPolicy: { severity: ['critical'] } });
  });

  it('reserves invocations where the settings say so, and none elsewhere', () => {
    expect(functionOf(stack, 'Store').Properties['ReservedConcurrentExecutions']).toBe(20);
    expect(functionOf(stack, 'Evaluate').Properties['ReservedConcurrentExecutions']).toBe(2);
    expect(functionOf(stack, 'Compact').Properties['ReservedConcurrentExecutions']).toBe(1);
    expect(functionOf(stack, 'Notify').Properties).not.toHaveProperty('ReservedConcurrentExecutions');
  });

  it('tells compact the buckets of the settings', () => {
    expect(functionOf(stack, 'Compact').Properties).toMatchObject({ Environment: { Variables: { BUCKETS: '12' } } });
  });
});
