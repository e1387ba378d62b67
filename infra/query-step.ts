import { Duration } from 'aws-cdk-lib';
import { InvokeMode } from 'aws-cdk-lib/aws-lambda';
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
      // A query has 30 s and SQL 90 s; the longest answer then takes 97 s on its way: 200 MB, of which 194 MB go at 2 MB/s.
      timeout: Duration.minutes(4),
    });
    // `sql/` and `history/` are for Athena, which reads with the rights of its caller.
    lake.allowRead(this.fn, ['hot/', 'raw/', '1m/', '1h/', 'classes/', 'sql/', 'history/', 'athena/']);
    lake.allowWrite(this.fn, ['athena/']);
    tables.allowRead(this.fn, tables.catalog);
    // Silences, and alerts that others send.
    tables.allowWrite(this.fn, tables.alerts);
    tables.allowRead(this.fn, tables.keys);
    catalog.allowQuery(this.fn);
    this.url = new FunctionAddress(this, 'Address', this.fn, InvokeMode.RESPONSE_STREAM).url;
  }
}
