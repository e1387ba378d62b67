import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { environmentOf, EVALUATE_ENV } from '../shared/config.ts';
import { ruleConstants, alertmanagerConstants } from './embedded-files.ts';
import { EveryMinute } from './every-minute.ts';
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
    lake.allowRead(this.fn, ['hot/', 'raw/', '1m/', '1h/', 'classes/', 'outbox/']);
    lake.allowWrite(this.fn, ['outbox/']);
    tables.allowWrite(this.fn, tables.catalog);
    tables.allowWrite(this.fn, tables.alerts);
    this.fn.allow({ actions: ['sns:Publish'], resources: [fanOut.topic.topicArn] });
    // oxlint-disable-next-line no-new -- a construct attaches itself to its scope
    new EveryMinute(this, 'EveryMinute', this.fn, 'Starts the next holder of the evaluation lease');
  }
}
