import { Duration, Stack } from 'aws-cdk-lib';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { type Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { COMPACT_ENV, environmentOf } from '../shared/config.ts';
import { EveryMinute } from './every-minute.ts';
import { NodeFunction } from './node-function.ts';
import type { Parts } from './parts.ts';
import type { Catalog } from './sql-catalog.ts';

/** Also of classes that are in the settings no longer: what they have is there until it expires. */
const TIERS = ['raw/', '1m/', '1h/', 'classes/'] as const;

/** Hot files to partitions, tiers, SQL lists and the boundary of SQL's view; expiry and garbage. */
export class CompactStep extends Construct {
  readonly fn: NodeFunction;
  /** Age in ms of the oldest hot file that is not merged, as each call reports it. */
  readonly oldestHotAge: Metric;

  constructor(scope: Construct, id: string, { settings, lake, tables }: Parts, catalog: Catalog) {
    super(scope, id);
    this.fn = new NodeFunction(this, 'Compact', {
      entry: 'functions/compact/handler.ts',
      description: 'Tidemark: merges hot files into partitions and tiers, and keeps what SQL sees',
      environment: environmentOf(COMPACT_ENV, {
        bucketName: lake.bucket.bucketName,
        catalogTable: tables.catalog.tableName,
        alertsTable: tables.alerts.tableName,
        promotedLabels: settings.promotedLabels,
        database: catalog.databaseName,
        buckets: settings.buckets,
        retention: settings.retention,
        retentionClasses: JSON.stringify(settings.retentionClasses),
      }),
      // Two vCPU, one of them for compression. The most is taken by a day of 100,000 series in one bucket: 2.4 GB at its peak, an hour of
      // 24 M samples 1.3 GB (measured).
      memoryMiB: 3538,
      // As long as Lambda gives: a run that is cut off does its work again, and nothing new begins near the end.
      timeout: Duration.minutes(15),
      isCalledOften: true,
      reservedConcurrency: settings.reservedConcurrency.compact,
    });
    lake.allowRead(this.fn, ['hot/', ...TIERS, 'sql/']);
    lake.allowWrite(this.fn, [...TIERS, 'sql/', 'history/']);
    // The list of a partition that expired goes with its files.
    lake.allowRemove(this.fn, ['hot/', ...TIERS, 'sql/', 'history/']);
    tables.allowWrite(this.fn, tables.catalog);
    tables.allowHistory(this.fn);
    catalog.allowPublish(this.fn);
    // oxlint-disable-next-line no-new -- a construct attaches itself to its scope
    new EveryMinute(this, 'EveryMinute', this.fn, 'Starts the next run of the compactor');
    this.oldestHotAge = this.ageFromLog();
  }

  private ageFromLog(): Metric {
    return new MetricFilter(this, 'OldestHotAge', {
      logGroup: this.fn.logGroup,
      filterPattern: FilterPattern.exists('$.compacted.oldestHotAgeMs'),
      metricNamespace: `Tidemark/${Stack.of(this).stackName}`,
      metricName: 'OldestHotAge',
      metricValue: '$.compacted.oldestHotAgeMs',
    }).metric({ statistic: Stats.MAXIMUM, period: Duration.minutes(5) });
  }
}
