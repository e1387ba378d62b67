import { Match } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { STREAMED_MAX_BYTES } from '../../functions/query/answer-limit.ts';
import { WATERMARK_HEADER } from '../../functions/query/answers.ts';
import { COMPACT_ENV, EVALUATE_ENV, INGEST_ENV, NOTIFY_ENV, QUERY_ENV, STORE_ENV } from '../../shared/config.ts';
import { DEFAULT_PROMOTED_LABELS, glueColumns, sampleTable, tierTable } from '../../shared/parquet/schema.ts';
import { samplesViewTable } from '../../shared/sql/views.ts';
import { functionOf, ofType, synthesise, type Synthesised } from './synthesised.ts';

let stack: Synthesised;
beforeAll(() => {
  stack = synthesise();
});

describe('stream and mapping', () => {
  it('is provisioned, encrypted, and keeps records for a day', () => {
    stack.template.hasResourceProperties('AWS::Kinesis::Stream', {
      ShardCount: 1,
      RetentionPeriodHours: 24,
      StreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' },
      StreamModeDetails: { StreamMode: 'PROVISIONED' },
    });
  });

  it('waits outages out: from the beginning, bisected, without a retry limit, until just before the stream forgets', () => {
    stack.template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 10_000,
      MaximumBatchingWindowInSeconds: 10,
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: -1,
      MaximumRecordAgeInSeconds: 24 * 3600 - 1800,
      ParallelizationFactor: 1,
      DestinationConfig: { OnFailure: { Destination: Match.objectLike({ 'Fn::GetAtt': [Match.stringLikeRegexp('^LakeBucket'), 'Arn'] }) } },
    });
  });
});

describe('lake and tables', () => {
  it('expires every prefix as the backstop, two days after its tier', () => {
    const Rules = ofType(stack, 'AWS::S3::Bucket').flatMap(
      ([, { Properties }]) => (Properties['LifecycleConfiguration'] as { Rules: Record<string, unknown>[] }).Rules,
    );
    const days = Object.fromEntries(Rules.filter((rule) => 'Prefix' in rule).map((rule) => [rule['Prefix'], rule['ExpirationInDays']]));
    expect(days).toEqual({ 'hot/': 9, 'raw/': 9, '1m/': 32, '1h/': 367, 'sql/raw/': 9, 'sql/1m/': 32, 'sql/1h/': 367, 'history/': 367, 'quarantine/': 30, 'outbox/': 7, 'athena/': 2, 'aws/lambda/': 30 });
    expect(Rules.find((rule) => rule['Prefix'] === '1h/')?.['Transitions']).toEqual([{ StorageClass: 'GLACIER_IR', TransitionInDays: 8 }]);
    expect(Rules.some((rule) => 'AbortIncompleteMultipartUpload' in rule)).toBe(true);
  });

  it('is closed to the public, encrypted, and refuses plain HTTP', () => {
    stack.template.hasResourceProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
      BucketEncryption: Match.anyValue(),
    });
    stack.template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })]) },
    });
  });

  it('has three tables of one shape, billed on demand, with TTL and recovery', () => {
    const tables = ofType(stack, 'AWS::DynamoDB::Table');
    expect(tables).toHaveLength(3);
    for (const [, { Properties }] of tables) {
      expect(Properties).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        DeletionProtectionEnabled: true,
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'S' },
        ],
        TimeToLiveSpecification: { AttributeName: 'expiresAtS', Enabled: true },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      });
    }
  });

  it.each(['AWS::S3::Bucket', 'AWS::DynamoDB::Table', 'AWS::Kinesis::Stream'])('keeps every %s when the stack goes', (type) => {
    for (const [, resource] of ofType(stack, type)) expect(resource.DeletionPolicy).toBe('Retain');
  });
});

describe('functions', () => {
  it.each([
    ['Ingest', INGEST_ENV],
    ['Store', STORE_ENV],
    ['Compact', COMPACT_ENV],
    ['Query', QUERY_ENV],
    ['Evaluate', EVALUATE_ENV],
    ['Notify', NOTIFY_ENV],
  ])('%s finds every variable that its loader reads, and no other', (step, table) => {
    const { Variables } = functionOf(stack, step).Properties['Environment'] as { Variables: Record<string, unknown> };
    expect(Object.keys(Variables).sort()).toEqual(Object.values(table).map((entry) => entry.name).sort());
  });

  it('run Node 24 on arm64, each with a log group that forgets', () => {
    const functions = ofType(stack, 'AWS::Lambda::Function');
    expect(functions).toHaveLength(6);
    for (const [, { Properties }] of functions) {
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'], Handler: 'index.handler' });
      expect(Properties['LoggingConfig']).toBeDefined();
    }
    expect(ofType(stack, 'AWS::Logs::LogGroup').map(([, group]) => group.Properties['RetentionInDays'])).toEqual([30, 30, 30, 30, 30, 30]);
  });

  it.each(['Evaluate', 'Compact'])('start %s once a minute, with neither flexible window nor retry', (step) => {
    stack.template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(1 minute)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp(`^${step}Step`), 'Arn'] },
        RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
      },
    });
    // Lambda's own queue of asynchronous calls would try twice again.
    stack.template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: Match.stringLikeRegexp(`^${step}Step`) },
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
    });
  });

  it('give compact the longest time that Lambda has, and one bucket an hour', () => {
    expect(functionOf(stack, 'Compact').Properties).toMatchObject({ Timeout: 900, MemorySize: 3538, Environment: { Variables: { BUCKETS: '1', GLUE_DATABASE: 'tidemark' } } });
  });

  it('are reached by URL for ingest and query alone', () => {
    expect(ofType(stack, 'AWS::Lambda::Url').map(([id]) => id.replace(/Step.*/, ''))).toEqual(['Ingest', 'Query']);
  });

  it('stream the answers of query, and leave it the time that the longest takes', () => {
    const modes = ofType(stack, 'AWS::Lambda::Url').map(([, { Properties }]) => Properties['InvokeMode']);
    expect(modes).toEqual(['BUFFERED', 'RESPONSE_STREAM']);
    const secondsOnItsWay = (STREAMED_MAX_BYTES - 6e6) / 2e6;
    expect(functionOf(stack, 'Query').Properties['Timeout']).toBeGreaterThan(90 + secondsOnItsWay);
  });

  it('let pages of other sites read how fresh an answer is', () => {
    for (const [, { Properties }] of ofType(stack, 'AWS::Lambda::Url')) expect(Properties).toMatchObject({ Cors: { ExposeHeaders: [WATERMARK_HEADER.toLowerCase(), 'retry-after'] } });
  });
});

describe('SQL', () => {
  it.each([
    ['raw', 'raw', sampleTable, 'yyyy-MM-dd-HH', 'HOURS'],
    ['tier_1m', '1m', tierTable, 'yyyy-MM-dd-HH', 'HOURS'],
    ['tier_1h', '1h', tierTable, 'yyyy-MM-dd', 'DAYS'],
  ] as const)('declares %s over the lists of its tier, with the columns that are written', (name, tier, columns, format, unit) => {
    stack.template.hasResourceProperties('AWS::Glue::Table', {
      TableInput: {
        Name: name,
        PartitionKeys: [{ Name: 'dt', Type: 'string' }],
        StorageDescriptor: {
          InputFormat: 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat',
          SerdeInfo: { SerializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' },
          Location: { 'Fn::Join': ['', ['s3://', Match.anyValue(), `/sql/${tier}/`]] },
          Columns: glueColumns(columns(DEFAULT_PROMOTED_LABELS)).map((each) => ({ Name: each.name, Type: each.type })),
        },
        Parameters: Match.objectLike({
          'projection.enabled': 'true',
          'projection.dt.type': 'date',
          'projection.dt.format': format,
          'projection.dt.interval.unit': unit,
          'storage.location.template': { 'Fn::Join': ['', ['s3://', Match.anyValue(), `/sql/${tier}/dt=\${dt}/`]] },
        }),
      },
    });
  });

  it('has no table over hot files: what SQL reads is listed', () => {
    const names = ofType(stack, 'AWS::Glue::Table').map(([, { Properties }]) => (Properties['TableInput'] as { Name: string }).Name);
    expect(names.sort()).toEqual(['alert_events', 'alert_events_files', 'notifications', 'notifications_files', 'raw', 'samples', 'samples_1h', 'samples_1m', 'series', 'tier_1h', 'tier_1m']);
  });

  it.each([
    ['samples', 'raw'],
    ['series', 'raw'],
    ['samples_1m', 'tier_1m'],
    ['samples_1h', 'tier_1h'],
  ])('shows people the view %s, in the form that Athena itself keeps', (name, table) => {
    const view = ofType(stack, 'AWS::Glue::Table')
      .map(([, { Properties }]) => Properties['TableInput'] as { Name: string; TableType: string; ViewOriginalText: string; StorageDescriptor: { Columns: { Name: string }[] } })
      .find((input) => input.Name === name);
    expect(view?.TableType).toBe('VIRTUAL_VIEW');
    const encoded = /^\/\* Presto View: (\S+) \*\/$/.exec(view?.ViewOriginalText ?? '')?.[1] ?? '';
    const definition = JSON.parse(Buffer.from(encoded, 'base64').toString()) as { originalSql: string; columns: { name: string }[] };
    expect(definition.originalSql).toContain(`FROM "tidemark"."${table}"`);
    expect(definition.columns.map((each) => each.name)).toEqual(view?.StorageDescriptor.Columns.map((each) => each.Name));
    for (const column of definition.columns) expect(definition.originalSql).toContain(column.name);
  });

  it('begins with every hour grouped, as the compactor would publish it', () => {
    stack.template.hasResourceProperties('AWS::Glue::Table', {
      TableInput: { Name: 'samples', ViewOriginalText: samplesViewTable({ database: 'tidemark', promotedLabels: DEFAULT_PROMOTED_LABELS }, '').viewOriginalText },
    });
  });

  it('stops a statement at the byte limit, and lets nobody write results elsewhere', () => {
    stack.template.hasResourceProperties('AWS::Athena::WorkGroup', {
      WorkGroupConfiguration: {
        BytesScannedCutoffPerQuery: 10_000_000_000,
        EnforceWorkGroupConfiguration: true,
        ResultConfiguration: { OutputLocation: { 'Fn::Join': ['', ['s3://', Match.anyValue(), '/athena/']] } },
      },
    });
  });
});
