import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { glueColumns, sampleTable } from '../shared/parquet/schema.ts';
import { samplesViewInput } from './samples-view.ts';
import type { Settings } from './settings.ts';

const PARQUET = {
  inputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
  outputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
  serdeInfo: { serializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' },
};

/**
 * Hours that Athena may ask the bucket for. Samples are taken up to five days late and their objects live nine (raw retention and
 * the lifecycle's margin); a clock may run ahead by a little.
 */
const HOT_RANGE = 'NOW-14DAYS,NOW+1DAYS';

/** The Glue database with the table over hot files and the view `samples` of it, and the Athena workgroup that may read it. */
export class Catalog extends Construct {
  readonly databaseName: string;
  readonly workGroupName: string;

  constructor(scope: Construct, id: string, settings: Settings, bucket: Bucket) {
    super(scope, id);
    const { account, stackName } = Stack.of(this);
    // Glue folds names to lower case; a hyphen would have to be quoted in every statement.
    this.databaseName = stackName.toLowerCase().replaceAll('-', '_');
    this.workGroupName = stackName;
    const database = new CfnDatabase(this, 'Database', { catalogId: account, databaseInput: { name: this.databaseName } });
    const table = new CfnTable(this, 'Hot', {
      catalogId: account,
      databaseName: this.databaseName,
      tableInput: {
        name: 'hot',
        tableType: 'EXTERNAL_TABLE',
        partitionKeys: [{ name: 'dt', type: 'string' }],
        parameters: hotProjection(bucket.bucketName),
        storageDescriptor: { ...PARQUET, location: `s3://${bucket.bucketName}/hot/`, columns: [...glueColumns(sampleTable(settings.promotedLabels))] },
      },
    });
    table.addResourceDependency(database);
    const view = new CfnTable(this, 'Samples', {
      catalogId: account,
      databaseName: this.databaseName,
      tableInput: samplesViewInput(this.databaseName, settings.promotedLabels),
    });
    view.addResourceDependency(table);
    const workGroup = new CfnWorkGroup(this, 'WorkGroup', {
      name: this.workGroupName,
      description: 'Statements over the samples of Tidemark',
      recursiveDeleteOption: settings.disposable,
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        publishCloudWatchMetricsEnabled: true,
        bytesScannedCutoffPerQuery: settings.scanCutoffBytes,
        engineVersion: { selectedEngineVersion: 'Athena engine version 3' },
        resultConfiguration: { outputLocation: `s3://${bucket.bucketName}/athena/`, encryptionConfiguration: { encryptionOption: 'SSE_S3' } },
      },
    });
    workGroup.applyRemovalPolicy(RemovalPolicy.DESTROY);
  }
}

/** Partitions by rule instead of by list: an hour is readable as soon as its first object lies there. */
const hotProjection = (bucketName: string): Record<string, string> => ({
  classification: 'parquet',
  'projection.enabled': 'true',
  'projection.dt.type': 'date',
  'projection.dt.format': 'yyyy-MM-dd-HH',
  'projection.dt.interval': '1',
  'projection.dt.interval.unit': 'HOURS',
  'projection.dt.range': HOT_RANGE,
  'storage.location.template': `s3://${bucketName}/hot/dt=\${dt}/`,
});
