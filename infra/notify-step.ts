import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { environmentOf, NOTIFY_ENV } from '../shared/config.ts';
import { alertmanagerTargets } from './alertmanager-targets.ts';
import { alertmanagerConstants } from './embedded-files.ts';
import type { FanOut } from './fan-out.ts';
import { NodeFunction } from './node-function.ts';
import type { Parts } from './parts.ts';

/** Sends what the queues of the channels hand out. */
export class NotifyStep extends Construct {
  readonly fn: NodeFunction;

  constructor(scope: Construct, id: string, { settings, tables }: Parts, fanOut: FanOut) {
    super(scope, id);
    this.fn = new NodeFunction(this, 'Notify', {
      entry: 'functions/notify/handler.ts',
      description: 'Tidemark: delivers notifications',
      environment: environmentOf(NOTIFY_ENV, {
        alertsTable: tables.alerts.tableName,
        allowedNetworks: settings.allowedNetworks,
      }),
      define: { ...alertmanagerConstants(settings) },
      memoryMiB: 512,
      timeout: Duration.minutes(1),
      reservedConcurrency: settings.reservedConcurrency.notify,
    });
    tables.allowWrite(this.fn, tables.alerts);
    this.allowTargets(settings.alertmanager);
    for (const { channel, queue } of fanOut.queues) {
      this.fn.allow({
        actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl', 'sqs:ChangeMessageVisibility'],
        resources: [queue.queueArn],
      });
      const mapping = new CfnEventSourceMapping(this, `${channel}Mapping`, {
        functionName: this.fn.lambda.functionName,
        eventSourceArn: queue.queueArn,
        // One bad receiver's timeout must not be added up over a whole batch.
        batchSize: 5,
        functionResponseTypes: ['ReportBatchItemFailures'],
      });
      mapping.node.addDependency(this.fn);
    }
  }

  /** What the receivers of the Alertmanager file send to and by, and no more. */
  private allowTargets(file: string | undefined): void {
    const { topics, hasSms, callers } = alertmanagerTargets(file);
    if (topics.length > 0) this.fn.allow({ actions: ['sns:Publish'], resources: topics });
    // A phone number has no ARN (Service Authorization Reference, Amazon SNS).
    if (hasSms) this.fn.allowAllBut(['sns:Publish'], [`arn:${Stack.of(this).partition}:sns:*:*:*`]);
    for (const caller of callers) this.fn.allow({ actions: ['sms-voice:SendVoiceMessage'], resources: [this.callerArn(caller)], why: 'the id of a number that is written as such is known to the account alone' });
  }

  /** Of a pool, a number's id, or a number as people dial it. */
  private callerArn(caller: string): string {
    if (caller.startsWith('arn:')) return caller;
    const resource = caller.startsWith('pool-') ? 'pool' : 'phone-number';
    const resourceName = caller.startsWith('+') ? '*' : caller;
    return Stack.of(this).formatArn({ service: 'sms-voice', resource, resourceName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
  }
}
