import { Duration, Stack } from 'aws-cdk-lib';
import { type Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { environmentOf, EVALUATE_ENV } from '../shared/config.ts';
import { ruleConstants, alertmanagerConstants } from './embedded-files.ts';
import { EveryMinute } from './every-minute.ts';
import type { FanOut } from './fan-out.ts';
import { NodeFunction } from './node-function.ts';
import type { Parts } from './parts.ts';
import type { Catalog } from './sql-catalog.ts';

/** Rules at the watermark, once a minute; the holder of the lease stays up to 130 s for rules that are due more often. */
export class EvaluateStep extends Construct {
  readonly fn: NodeFunction;
  /** Age in ms of the newest of our own samples that came back over the whole road, as each tick reports it; no value while none does. */
  readonly roadAge: Metric;

  constructor(scope: Construct, id: string, { settings, records, lake, tables }: Parts, catalog: Catalog, fanOut: FanOut, externalUrl: string) {
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
        workGroup: catalog.workGroupName,
        database: catalog.databaseName,
        retention: settings.retention,
        externalUrl,
        latenessS: settings.latenessS,
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
    // `sql/`, `history/` and `athena/` are for rules with `sql`: Athena reads and writes with the rights of its caller.
    lake.allowRead(this.fn, ['hot/', 'raw/', '1m/', '1h/', 'classes/', 'outbox/', 'sql/', 'history/', 'athena/']);
    lake.allowWrite(this.fn, ['outbox/', 'athena/']);
    catalog.allowQuery(this.fn);
    tables.allowWrite(this.fn, tables.catalog);
    tables.allowWrite(this.fn, tables.alerts);
    this.fn.allow({ actions: ['sns:Publish'], resources: [fanOut.topic.topicArn] });
    // oxlint-disable-next-line no-new -- a construct attaches itself to its scope
    new EveryMinute(this, 'EveryMinute', this.fn, 'Starts the next holder of the evaluation lease');
    this.roadAge = this.fromLog('RoadAge', '$.tick.roadAgeMs');
    // For people to look at: from a sample's time to the tick whose rules count it.
    this.fromLog('DetectionLatency', '$.tick.detectionLatencyMs');
  }

  private fromLog(metricName: string, field: string): Metric {
    return new MetricFilter(this, metricName, {
      logGroup: this.fn.logGroup,
      filterPattern: FilterPattern.exists(field),
      metricNamespace: `Tidemark/${Stack.of(this).stackName}`,
      metricName,
      metricValue: field,
    }).metric({ statistic: Stats.MAXIMUM, period: Duration.minutes(1) });
  }
}
