import { Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { environmentOf, EVALUATE_ENV } from '../shared/config.ts';
import { ruleConstants, alertmanagerConstants } from './embedded-files.ts';
import type { FanOut } from './fan-out.ts';
import { NodeFunction } from './node-function.ts';
import type { Parts } from './parts.ts';

/** Rules at the watermark, once a minute; the holder of the lease stays up to 130 s for rules that are due more often. */
export class EvaluateStep extends Construct {
  readonly fn: NodeFunction;

  constructor(scope: Construct, id: string, { settings, records, lake, tables }: Parts, fanOut: FanOut, externalUrl: string) {
    super(scope, id);
    this.fn = new NodeFunction(this, 'Evaluate', {
      entry: 'functions/evaluate/handler.ts',
      description: 'Tidemark: evaluates rules and publishes notifications',
      environment: environmentOf(EVALUATE_ENV, {
        bucketName: lake.bucket.bucketName,
        streamName: records.stream.streamName,
        catalogTable: tables.catalog.tableName,
        alertsTable: tables.alerts.tableName,
        topicArn: fanOut.topic.topicArn,
        externalUrl,
      }),
      define: { ...ruleConstants(settings), ...alertmanagerConstants(settings) },
      memoryMiB: 1769,
      // 130 s at most with the lease, and the end of a slot that began before.
      timeout: Duration.seconds(180),
      isCalledOften: true,
      reservedConcurrency: settings.reservedConcurrency.evaluate,
    });
    records.allowPut(this.fn);
    records.allowListShards(this.fn);
    lake.allowRead(this.fn, ['hot/']);
    tables.allowWrite(this.fn, tables.catalog);
    tables.allowWrite(this.fn, tables.alerts);
    this.fn.allow({ actions: ['sns:Publish'], resources: [fanOut.topic.topicArn] });
    this.schedule();
  }

  private schedule(): void {
    const { account } = Stack.of(this);
    const role = new Role(this, 'SchedulerRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': account } } }),
    });
    role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [this.fn.lambda.functionArn] }));
    const schedule = new CfnSchedule(this, 'EveryMinute', {
      description: 'Starts the next holder of the evaluation lease',
      scheduleExpression: 'rate(1 minute)',
      flexibleTimeWindow: { mode: 'OFF' },
      // The next minute's call makes up for a lost one, so an old call is worth nothing.
      target: { arn: this.fn.lambda.functionArn, roleArn: role.roleArn, retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 } },
    });
    schedule.node.addDependency(role);
  }
}
