import { Duration } from 'aws-cdk-lib';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { environmentOf, STORE_ENV } from '../shared/config.ts';
import { NodeFunction } from './node-function.ts';
import type { Parts } from './parts.ts';
import { takenFor } from './taken-for.ts';

/** Lambda takes no more for a Kinesis mapping. */
const BATCH_RECORDS = 10_000;

/** Just under the stream's retention: a record must reach the on-failure prefix before Kinesis drops it. */
const MAX_AGE_MARGIN_S = 1800;

/** Lambda takes no longer maximum age for a mapping: seven days. */
const LONGEST_MAX_AGE_S = 604_800;

/** Stream to Parquet, catalog row and watermark. */
export class StoreStep extends Construct {
  readonly fn: NodeFunction;

  constructor(scope: Construct, id: string, { settings, records, lake, tables }: Parts) {
    super(scope, id);
    this.fn = new NodeFunction(this, 'Store', {
      entry: 'functions/store/handler.ts',
      description: 'Tidemark: writes batches of records as Parquet',
      environment: environmentOf(STORE_ENV, {
        bucketName: lake.bucket.bucketName,
        catalogTable: tables.catalog.tableName,
        promotedLabels: settings.promotedLabels,
        retention: takenFor(settings),
        retentionClasses: JSON.stringify(settings.retentionClasses),
      }),
      // One whole vCPU (Lambda: 1,769 MB): a full batch is about 400,000 samples, 2 s of it.
      memoryMiB: 1769,
      timeout: Duration.minutes(2),
      reservedConcurrency: settings.reservedConcurrency.store,
    });
    records.allowConsume(this.fn);
    lake.allowWrite(this.fn, ['hot/', 'classes/', 'quarantine/', 'aws/lambda/']);
    lake.allowList(this.fn);
    tables.allowWrite(this.fn, tables.catalog);
    // Written out, since nothing of it may change by a default of the construct library.
    const mapping = new CfnEventSourceMapping(this, 'Mapping', {
      functionName: this.fn.lambda.functionName,
      eventSourceArn: records.stream.streamArn,
      startingPosition: 'TRIM_HORIZON',
      batchSize: BATCH_RECORDS,
      maximumBatchingWindowInSeconds: settings.storeWindowS,
      bisectBatchOnFunctionError: true,
      maximumRetryAttempts: -1,
      maximumRecordAgeInSeconds: Math.min(settings.retentionHours * 3600 - MAX_AGE_MARGIN_S, LONGEST_MAX_AGE_S),
      // The watermark needs a shard's order; scale comes from shards.
      parallelizationFactor: 1,
      destinationConfig: { onFailure: { destination: lake.bucket.bucketArn } },
    });
    // Lambda tries the role when the mapping is made.
    mapping.node.addDependency(this.fn);
  }
}
