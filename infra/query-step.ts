import { Duration, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { environmentOf, QUERY_ENV } from '../shared/config.ts';
import { alertmanagerConstants, ruleConstants } from './embedded-files.ts';
import { FunctionAddress } from './function-address.ts';
import { NodeFunction } from './node-function.ts';
import type { Parts } from './parts.ts';
import type { Catalog } from './sql-catalog.ts';

/** PromQL over Parquet, SQL through Athena, rules and alerts. */
export class QueryStep extends Construct {
  readonly fn: NodeFunction;
  readonly url: string;

  constructor(scope: Construct, id: string, { settings, lake, tables }: Parts, catalog: Catalog) {
    super(scope, id);
    this.fn = new NodeFunction(this, 'Query', {
      entry: 'functions/query/handler.ts',
      description: 'Tidemark: answers PromQL and SQL, shows rules and alerts',
      environment: environmentOf(QUERY_ENV, {
        bucketName: lake.bucket.bucketName,
        catalogTable: tables.catalog.tableName,
        alertsTable: tables.alerts.tableName,
        keysTable: tables.keys.tableName,
        workGroup: catalog.workGroupName,
        database: catalog.databaseName,
        retention: settings.retention,
      }),
      define: { ...ruleConstants(settings), ...alertmanagerConstants(settings) },
      memoryMiB: 3538,
      timeout: Duration.minutes(2),
    });
    // `sql/` is for Athena, which reads with the rights of its caller.
    lake.allowRead(this.fn, ['hot/', 'raw/', '1m/', '1h/', 'classes/', 'sql/', 'athena/']);
    lake.allowWrite(this.fn, ['athena/']);
    tables.allowRead(this.fn, tables.catalog);
    // Silences, and alerts that others send.
    tables.allowWrite(this.fn, tables.alerts);
    tables.allowRead(this.fn, tables.keys);
    this.allowSql(lake.bucket.bucketArn, catalog);
    this.url = new FunctionAddress(this, 'Address', this.fn).url;
  }

  private allowSql(bucketArn: string, catalog: Catalog): void {
    const stack = Stack.of(this);
    const arn = (service: string, resource: string, resourceName?: string): string =>
      stack.formatArn({ service, resource, ...(resourceName === undefined ? {} : { resourceName }) });
    this.fn.allow({ actions: ['s3:GetBucketLocation'], resources: [bucketArn] });
    this.fn.allow({
      actions: ['athena:StartQueryExecution', 'athena:StopQueryExecution', 'athena:GetQueryExecution', 'athena:GetQueryResults'],
      resources: [arn('athena', 'workgroup', catalog.workGroupName)],
    });
    this.fn.allow({
      actions: ['glue:GetDatabase', 'glue:GetTable', 'glue:GetPartitions'],
      resources: [arn('glue', 'catalog'), arn('glue', 'database', catalog.databaseName), arn('glue', 'table', `${catalog.databaseName}/*`)],
      why: 'Athena resolves every table and view of our own database; which ones, the statement says.',
    });
  }
}
