import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { classPrefix, lifecycleDays, parseRetention, type Retention } from '../shared/config.ts';
import { type GlueColumn, glueColumns, sampleTable, tierTable } from '../shared/parquet/schema.ts';
import { HISTORY_DAYS, HISTORY_KINDS, HISTORY_TABLES, type HistoryKind, historyPrefix } from '../shared/sql/history-tables.ts';
import { historyTableOf, historyViewTable } from '../shared/sql/history-views.ts';
import { seriesViewTable } from '../shared/sql/series-view-table.ts';
import { glueTableOf, type GLUE_TABLES, samplesOfClass } from '../shared/sql/class-tables.ts';
import { tierViewTable } from '../shared/sql/tier-view-tables.ts';
import { samplesViewTable } from '../shared/sql/views.ts';
import type { NodeFunction } from './node-function.ts';
import type { Settings } from './settings.ts';

/** A partition's folder holds one text file with the addresses of its Parquet files, as S3 Inventory has it for Athena. */
const LISTS = {
  inputFormat: 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat',
  outputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
  serdeInfo: { serializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe', parameters: { 'serialization.format': '1' } },
};

/** A folder holds Parquet files themselves: those of history are made once and never replaced, so no list is needed to swap them. */
const FILES = {
  inputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
  outputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
  serdeInfo: LISTS.serdeInfo,
};

type Tier = keyof typeof GLUE_TABLES;

interface Projection {
  readonly format: string;
  readonly unit: 'HOURS' | 'DAYS';
  /**
   * Partitions that Athena may ask the bucket for: the tier's retention and two days, as the bucket's lifecycle has it, and a clock that
   * runs ahead by a little. One without a list has no rows; each costs a LIST, so statements name `dt`.
   */
  readonly range: string;
}

/** The default class has no name. */
interface Place {
  readonly name?: string;
  readonly retention: Retention;
}

const HOURS = { format: 'yyyy-MM-dd-HH', unit: 'HOURS' } as const;
const DAYS = { format: 'yyyy-MM-dd', unit: 'DAYS' } as const;
const UNITS = { raw: HOURS, '1m': HOURS, '1h': DAYS } as const;

const projectionFor = (tier: Tier, retention: Retention): Projection => ({ ...UNITS[tier], range: `NOW-${lifecycleDays(retention, tier)}DAYS,NOW+1DAYS` });

/** The Glue database with a table over the lists of each tier and the views of them, and the Athena workgroup that may read it. */
export class Catalog extends Construct {
  readonly databaseName: string;
  readonly workGroupName: string;
  private readonly database: CfnDatabase;
  private readonly bucketName: string;
  private readonly bucketArn: string;
  private readonly classes: readonly string[];

  constructor(scope: Construct, id: string, settings: Settings, bucket: Bucket) {
    super(scope, id);
    const { account, stackName } = Stack.of(this);
    const { promotedLabels } = settings;
    // Glue folds names to lower case; a hyphen would have to be quoted in every statement.
    this.databaseName = stackName.toLowerCase().replaceAll('-', '_');
    this.workGroupName = stackName;
    this.bucketName = bucket.bucketName;
    this.bucketArn = bucket.bucketArn;
    this.database = new CfnDatabase(this, 'Database', { catalogId: account, databaseInput: { name: this.databaseName } });
    this.classes = settings.retentionClasses.map(({ name }) => name);
    const places = [{ retention: settings.retention }, ...settings.retentionClasses.map(({ name, retention }) => ({ name, retention: parseRetention(retention) }))];
    const raw = places.map((place) => this.table('raw', place, glueColumns(sampleTable(promotedLabels))));
    this.samplesViews(promotedLabels, raw);
    this.view('Series', seriesViewTable(this.databaseName, promotedLabels, this.classes), raw);
    for (const tier of ['1m', '1h'] as const) {
      const tables = places.map((place) => this.table(tier, place, glueColumns(tierTable(promotedLabels))));
      this.view(`Samples${tier}`, tierViewTable(this.databaseName, promotedLabels, tier, this.classes), tables);
    }
    for (const kind of HISTORY_KINDS) this.history(kind);
    this.workGroup(settings, bucket);
  }

  /** A table over the files, and the view. Its days end where the compactor lets go of them. */
  private history(kind: HistoryKind): void {
    const location = `s3://${this.bucketName}/${historyPrefix(kind)}`;
    const table = this.external(`History-${kind}`, {
      name: historyTableOf(kind),
      parameters: projectionOf({ ...DAYS, range: `NOW-${HISTORY_DAYS}DAYS,NOW+1DAYS` }, location),
      storageDescriptor: { ...FILES, location, columns: [...glueColumns(HISTORY_TABLES[kind])] },
    });
    this.view(`HistoryView-${kind}`, historyViewTable(this.databaseName, kind), [table]);
  }

  /** Every hour open, which is right whatever has been compacted: the compactor moves the boundary on, also after a deploy that resets it. */
  private samplesViews(promotedLabels: readonly string[], raw: readonly CfnTable[]): void {
    const { databaseName: database, classes } = this;
    const ofClasses = classes.map((retentionClass, i) => this.view(`SamplesOf-${retentionClass}`, samplesViewTable({ database, promotedLabels, retentionClass }, ''), raw.slice(i + 1, i + 2)));
    this.view('Samples', samplesViewTable({ database, promotedLabels, classes }, ''), [...raw.slice(0, 1), ...ofClasses]);
  }

  /** The right to run statements over the views; of the objects that Athena reads and writes with it the lake decides. */
  allowQuery(grantee: NodeFunction): void {
    const arn = (service: string, resource: string, resourceName?: string): string =>
      Stack.of(this).formatArn({ service, resource, ...(resourceName === undefined ? {} : { resourceName }) });
    grantee.allow({ actions: ['s3:GetBucketLocation'], resources: [this.bucketArn] });
    grantee.allow({
      actions: ['athena:StartQueryExecution', 'athena:StopQueryExecution', 'athena:GetQueryExecution', 'athena:GetQueryResults'],
      resources: [arn('athena', 'workgroup', this.workGroupName)],
    });
    grantee.allow({
      actions: ['glue:GetDatabase', 'glue:GetTable', 'glue:GetPartitions'],
      resources: [arn('glue', 'catalog'), arn('glue', 'database', this.databaseName), arn('glue', 'table', `${this.databaseName}/*`)],
      why: 'Athena resolves every table and view of our own database; which ones, the statement says.',
    });
  }

  /** The right to move the boundary in the views of samples. Glue asks for the catalog and the database of a table too. */
  allowPublish(grantee: NodeFunction): void {
    const arn = (resource: string, resourceName?: string): string =>
      Stack.of(this).formatArn({ service: 'glue', resource, ...(resourceName === undefined ? {} : { resourceName }) });
    grantee.allow({ actions: ['glue:UpdateTable'], resources: [arn('catalog'), arn('database', this.databaseName), ...['samples', ...this.classes.map(samplesOfClass)].map((view) => arn('table', `${this.databaseName}/${view}`))] });
  }

  private table(tier: Tier, { name, retention }: Place, columns: readonly GlueColumn[]): CfnTable {
    const location = `s3://${this.bucketName}/${name === undefined ? '' : classPrefix(name)}sql/${tier}/`;
    return this.external(`${tier === 'raw' ? 'Raw' : `Tier${tier}`}${name === undefined ? '' : `-${name}`}`, {
      name: glueTableOf(tier, name),
      parameters: projectionOf(projectionFor(tier, retention), location),
      storageDescriptor: { ...LISTS, location, columns: [...columns] },
    });
  }

  private external(id: string, input: Pick<CfnTable.TableInputProperty, 'name' | 'parameters' | 'storageDescriptor'>): CfnTable {
    const table = new CfnTable(this, id, {
      catalogId: Stack.of(this).account,
      databaseName: this.databaseName,
      tableInput: { tableType: 'EXTERNAL_TABLE', partitionKeys: [{ name: 'dt', type: 'string' }], ...input },
    });
    table.addResourceDependency(this.database);
    return table;
  }

  private view(id: string, { storageDescriptor: { columns, serdeInfo }, ...rest }: ReturnType<typeof samplesViewTable>, over: readonly CfnTable[]): CfnTable {
    const view = new CfnTable(this, id, {
      catalogId: Stack.of(this).account,
      databaseName: this.databaseName,
      tableInput: { ...rest, storageDescriptor: { columns: [...columns], serdeInfo } },
    });
    for (const table of over) view.addResourceDependency(table);
    return view;
  }

  private workGroup(settings: Settings, bucket: Bucket): void {
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

/** Partitions by rule instead of by list: no call of Glue when one is written. */
const projectionOf = ({ format, unit, range }: Projection, location: string): Record<string, string> => ({
  'projection.enabled': 'true',
  'projection.dt.type': 'date',
  'projection.dt.format': format,
  'projection.dt.interval': '1',
  'projection.dt.interval.unit': unit,
  'projection.dt.range': range,
  'storage.location.template': `${location}dt=\${dt}/`,
});
