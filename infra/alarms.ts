import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { SubscriptionProtocol, Subscription, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { ChannelQueue } from './fan-out.ts';
import type { NodeFunction } from './node-function.ts';
import type { Settings } from './settings.ts';

interface AlarmSpec {
  /** Also the heading in RUNBOOK.md. */
  readonly name: string;
  readonly says: string;
  readonly metric: IMetric;
  readonly threshold: number;
  readonly periods: number;
  readonly below?: boolean;
  readonly missing?: TreatMissingData;
}

export interface AlarmSources {
  readonly settings: Settings;
  readonly functions: Readonly<Record<'ingest' | 'store' | 'compact' | 'query' | 'evaluate' | 'notify', NodeFunction>>;
  /** In ms. */
  readonly oldestHotAge: IMetric;
  /** In ms. */
  readonly roadAge: IMetric;
  readonly queues: readonly ChannelQueue[];
}

/** CloudWatch's own watch over the installation, on a topic that shares nothing with the road of notifications. */
export class Alarms extends Construct {
  private readonly topic: Topic;

  constructor(scope: Construct, id: string, { settings, functions, queues, oldestHotAge, roadAge }: AlarmSources) {
    super(scope, id);
    this.topic = new Topic(this, 'Operators', { enforceSSL: true, displayName: 'Tidemark operators' });
    settings.operators.forEach((endpoint, k) => new Subscription(this, `Operator${k}`, { topic: this.topic, endpoint, protocol: SubscriptionProtocol.EMAIL }));
    for (const [step, fn] of Object.entries(functions)) this.add(errorsOf(step, fn));
    for (const { channel, deadLetters } of queues) {
      this.add({
        name: `${channel}-dead-letters`,
        says: `notifications for ${channel} were given up`,
        metric: deadLetters.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(1), statistic: Stats.MAXIMUM }),
        threshold: 0,
        periods: 1,
      });
    }
    this.add(storeBehind(functions.store));
    this.add(compactBehind(oldestHotAge));
    this.add(evaluateSilent(functions.evaluate));
    this.add(roadSilent(roadAge));
  }

  private add({ name, says, metric, threshold, periods, below, missing }: AlarmSpec): void {
    const alarm = new Alarm(this, name, {
      alarmDescription: `${says}; what to do: infra/RUNBOOK.md, ${name}`,
      metric,
      threshold,
      evaluationPeriods: periods,
      comparisonOperator: below === true ? ComparisonOperator.LESS_THAN_THRESHOLD : ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: missing ?? TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
    alarm.addOkAction(new SnsAction(this.topic));
  }
}

/** Two minutes of errors in three: a single failed call is retried by whoever made it. */
const errorsOf = (step: string, fn: NodeFunction): AlarmSpec => ({
  name: `${step}-errors`,
  says: `calls of the ${step} function fail`,
  metric: fn.lambda.metricErrors({ period: Duration.minutes(1) }),
  threshold: 0,
  periods: 3,
});

/** The age of the oldest record that the store function has not finished: ten minutes leave most of a day to act. */
const storeBehind = (store: NodeFunction): AlarmSpec => ({
  name: 'store-iterator-age',
  says: 'samples wait in the stream for more than ten minutes',
  metric: new Metric({
    namespace: 'AWS/Lambda',
    metricName: 'IteratorAge',
    dimensionsMap: { FunctionName: store.lambda.functionName },
    statistic: Stats.MAXIMUM,
    period: Duration.minutes(1),
  }),
  threshold: 600_000,
  periods: 3,
});

/**
 * An hour waits an hour and five minutes to close, late samples up to six hours. Twelve are neither, and leave days until the bucket's
 * lifecycle takes hot files. A compactor that does not run, or not to its end, reports nothing: three times in a row is a breach too.
 */
const compactBehind = (metric: IMetric): AlarmSpec => ({
  name: 'compact-hot-age',
  says: 'hot files are not merged for more than twelve hours, or nobody merges',
  metric,
  threshold: 12 * 3_600_000,
  periods: 3,
  missing: TreatMissingData.BREACHING,
});

/**
 * The dead man's switch on a path of its own: each tick puts a sample through stream, store, object and catalog, and reads the newest
 * that came back. Where rules are due once a minute that is 75 s old at the most; a road that brings nothing, and an evaluation that
 * says nothing, are the same breach.
 */
const roadSilent = (metric: IMetric): AlarmSpec => ({
  name: 'road-silent',
  says: 'no sample has come back over the whole road for five minutes',
  metric,
  threshold: 180_000,
  periods: 5,
  missing: TreatMissingData.BREACHING,
});

/** Nothing started the evaluation for five minutes. */
const evaluateSilent = (evaluate: NodeFunction): AlarmSpec => ({
  name: 'evaluate-silent',
  says: 'rules are not evaluated',
  metric: evaluate.lambda.metricInvocations({ period: Duration.minutes(5) }),
  threshold: 1,
  periods: 1,
  below: true,
  missing: TreatMissingData.BREACHING,
});
