import { Duration } from 'aws-cdk-lib';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { environmentOf, NOTIFY_ENV } from '../shared/config.ts';
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
      description: 'Tidemark: delivers notifications by webhook and e-mail',
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
}
