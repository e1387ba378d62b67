/* oxlint-disable no-new -- a construct attaches itself to its scope */
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { formatRetention } from '../shared/config.ts';
import { Alarms } from './alarms.ts';
import { CompactStep } from './compact-step.ts';
import { EvaluateStep } from './evaluate-step.ts';
import { FanOut } from './fan-out.ts';
import { IngestStep } from './ingest-step.ts';
import { Lake } from './lake.ts';
import { NotifyStep } from './notify-step.ts';
import { QueryStep } from './query-step.ts';
import { RecordStream } from './record-stream.ts';
import type { Settings } from './settings.ts';
import { Catalog } from './sql-catalog.ts';
import { StoreStep } from './store-step.ts';
import { Tables } from './tables.ts';

/** One installation: the parts, the steps between them, and the watch over both. */
export class TidemarkStack extends Stack {
  constructor(scope: Construct, id: string, settings: Settings, props?: StackProps) {
    super(scope, id, props);
    const records = new RecordStream(this, 'Records', settings);
    const lake = new Lake(this, 'Lake', settings);
    const tables = new Tables(this, 'Tables', settings);
    const parts = { settings, records, lake, tables };
    const catalog = new Catalog(this, 'Sql', settings, lake.bucket);
    const fanOut = new FanOut(this, 'FanOut', settings);
    const ingest = new IngestStep(this, 'IngestStep', parts);
    const store = new StoreStep(this, 'StoreStep', parts);
    const compact = new CompactStep(this, 'CompactStep', parts, catalog);
    const query = new QueryStep(this, 'QueryStep', parts, catalog);
    const evaluate = new EvaluateStep(this, 'EvaluateStep', parts, catalog, fanOut, query.url);
    const notify = new NotifyStep(this, 'NotifyStep', parts, fanOut);
    const functions = { ingest: ingest.fn, store: store.fn, compact: compact.fn, query: query.fn, evaluate: evaluate.fn, notify: notify.fn };
    new Alarms(this, 'Alarms', { settings, functions, queues: fanOut.queues, oldestHotAge: compact.oldestHotAge, roadAge: evaluate.roadAge });
    const outputs = {
      IngestUrl: ingest.url,
      QueryUrl: query.url,
      StreamName: records.stream.streamName,
      BucketName: lake.bucket.bucketName,
      CatalogTable: tables.catalog.tableName,
      AlertsTable: tables.alerts.tableName,
      KeysTable: tables.keys.tableName,
      TopicArn: fanOut.topic.topicArn,
      WorkGroup: catalog.workGroupName,
      Database: catalog.databaseName,
      // As the compactor writes: the tools of the keeper rewrite partitions in the same way.
      PromotedLabels: JSON.stringify(settings.promotedLabels),
      Buckets: String(settings.buckets),
      Retention: formatRetention(settings.retention),
      RetentionClasses: JSON.stringify(settings.retentionClasses),
      EvaluateFunction: evaluate.fn.lambda.functionName,
      CompactFunction: compact.fn.lambda.functionName,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
