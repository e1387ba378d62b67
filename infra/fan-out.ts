import { Duration } from 'aws-cdk-lib';
import { SubscriptionFilter, SubscriptionProtocol, Subscription, Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Settings, SubscriptionSettings } from './settings.ts';

/** The channels that the notify function serves, each with a queue of its own: a slow receiver of one holds up no other. */
export const CHANNELS = ['webhook', 'email', 'pagerduty', 'slack', 'sns', 'phone', 'opsgenie', 'msteams'] as const;

export interface ChannelQueue {
  readonly channel: (typeof CHANNELS)[number];
  readonly queue: Queue;
  readonly deadLetters: Queue;
}

/** Twice what four hours with a back-off of up to 15 minutes take: notify gives up by itself, the queue only for a notify that dies. */
const MAX_RECEIVES = 50;

/** Lambda asks for six times the function's timeout, or a batch may be handed out twice. */
const VISIBILITY = Duration.minutes(6);

/** The topic of notifications, a queue per channel behind it, and the operator's fixed e-mail and SMS subscriptions on it. */
export class FanOut extends Construct {
  readonly topic: Topic;
  readonly queues: readonly ChannelQueue[];

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    this.topic = new Topic(this, 'Notifications', { enforceSSL: true, displayName: 'Tidemark' });
    this.queues = CHANNELS.map((channel) => this.channelQueue(channel));
    settings.subscriptions.forEach((each, k) => new Subscription(this, `Subscription${k}`, subscriptionProps(this.topic, each)));
  }

  private channelQueue(channel: ChannelQueue['channel']): ChannelQueue {
    const title = `${channel[0]?.toUpperCase()}${channel.slice(1)}`;
    const sealed = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true };
    const deadLetters = new Queue(this, `${title}DeadLetters`, { ...sealed, retentionPeriod: Duration.days(14) });
    const queue = new Queue(this, `${title}Queue`, {
      ...sealed,
      visibilityTimeout: VISIBILITY,
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: MAX_RECEIVES },
    });
    this.topic.addSubscription(
      new SqsSubscription(queue, { rawMessageDelivery: true, filterPolicy: { channel: SubscriptionFilter.stringFilter({ allowlist: [channel] }) } }),
    );
    return { channel, queue, deadLetters };
  }
}

const subscriptionProps = (topic: Topic, { protocol, endpoint, receivers, severities }: SubscriptionSettings) => ({
  topic,
  endpoint,
  protocol: protocol === 'email' ? SubscriptionProtocol.EMAIL : SubscriptionProtocol.SMS,
  filterPolicy: {
    ...(receivers === undefined ? {} : { receiver: SubscriptionFilter.stringFilter({ allowlist: receivers }) }),
    ...(severities === undefined ? {} : { severity: SubscriptionFilter.stringFilter({ allowlist: severities }) }),
  },
});
