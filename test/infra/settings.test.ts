import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseSettings, settingsFrom } from '../../infra/settings.ts';
import { functionOf, ofType, type Resource, synthesise } from './synthesised.ts';

const temp = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-settings-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
};

describe('settings', () => {
  it('are all optional', () => {
    expect(parseSettings({})).toMatchObject({ shards: 1, retentionHours: 24, latenessS: 15, promotedLabels: ['host', 'region', 'service', 'env'], disposable: false });
  });

  it('name every unknown and wrong one at once', () => {
    expect(() => parseSettings({ shard: 2, retentionHours: 3, operators: ['nobody'] })).toThrow(/shard: .*retentionHours: .*operators\.0: |retentionHours: .*operators\.0: .*shard: /);
  });

  it('come from the context itself, or from the file that it names', () => {
    const file = join(temp(), 'prod.json');
    writeFileSync(file, JSON.stringify({ shards: 7 }));
    expect(settingsFrom(new App({ outdir: temp(), context: { tidemark: { shards: 3 } } }).node).shards).toBe(3);
    expect(settingsFrom(new App({ outdir: temp(), context: { tidemark: file } }).node).shards).toBe(7);
  });

  it('keep each tier as long as they say, in the bucket two days more', () => {
    const stack = synthesise({ retention: 'raw=14d,1m=60d,1h=800d' });
    const [[, bucket]] = ofType(stack, 'AWS::S3::Bucket') as [[string, Resource]];
    const { Rules } = bucket.Properties['LifecycleConfiguration'] as { Rules: { Prefix?: string; ExpirationInDays: number }[] };
    const days = Object.fromEntries(Rules.map(({ Prefix, ExpirationInDays }) => [Prefix, ExpirationInDays]));
    expect(days).toMatchObject({ 'hot/': 16, 'raw/': 16, '1m/': 62, '1h/': 802, 'sql/raw/': 16, 'sql/1m/': 62, 'sql/1h/': 802 });
    for (const step of ['Ingest', 'Store', 'Compact']) {
      expect(functionOf(stack, step).Properties['Environment']).toMatchObject({ Variables: { RETENTION: 'raw=14d,1m=60d,1h=800d' } });
    }
    const ranges = ofType(stack, 'AWS::Glue::Table').flatMap(([, { Properties }]) => {
      const { Parameters, Name } = Properties['TableInput'] as { Parameters?: Record<string, string>; Name: string };
      return Parameters?.['projection.dt.range'] === undefined ? [] : [[Name, Parameters['projection.dt.range']]];
    });
    expect(Object.fromEntries(ranges)).toMatchObject({ raw: 'NOW-16DAYS,NOW+1DAYS', tier_1m: 'NOW-62DAYS,NOW+1DAYS', tier_1h: 'NOW-802DAYS,NOW+1DAYS' });
  });

  it('do not move what is kept for a week to Glacier', () => {
    const [[, bucket]] = ofType(synthesise({ retention: 'raw=3d,1m=3d,1h=5d' }), 'AWS::S3::Bucket') as [[string, Resource]];
    expect(JSON.stringify(bucket.Properties)).not.toContain('GLACIER');
  });

  it('refuse a retention in the words of npm start', () => {
    expect(() => parseSettings({ retention: 'raw=90d' })).toThrow(/retention: read retention: found 1m of 30d with raw of 90d, as long or longer is allowed/);
  });

  it('let the data go with the stack when it is disposable', () => {
    const stack = synthesise({ disposable: true });
    for (const type of ['AWS::S3::Bucket', 'AWS::DynamoDB::Table', 'AWS::Kinesis::Stream']) {
      for (const [, resource] of ofType(stack, type)) expect(resource.DeletionPolicy).toBe('Delete');
    }
  });

  it('build the rule files, in order of names, and the Alertmanager file into the functions', () => {
    const folder = temp();
    writeFileSync(join(folder, 'b.yml'), 'groups: [] # second marker\n');
    writeFileSync(join(folder, 'a.yaml'), 'groups: [] # first marker\n');
    writeFileSync(join(folder, 'notes.txt'), 'third marker');
    const alertmanager = join(temp(), 'alertmanager.yml');
    writeFileSync(alertmanager, 'route: { receiver: none } # routing marker\nreceivers: [{ name: none }]\n');
    const { outFolder } = synthesise({ rules: folder, alertmanager });
    const bundles = readdirSync(outFolder)
      .filter((name) => name.startsWith('asset.'))
      .map((name) => readFileSync(join(outFolder, name, 'index.mjs'), 'utf8'));
    expect(bundles.filter((text) => /first marker[^]*second marker/.test(text))).toHaveLength(2);
    expect(bundles.filter((text) => text.includes('routing marker'))).toHaveLength(3);
    expect(bundles.filter((text) => text.includes('third marker'))).toHaveLength(0);
  });

  it('stop a synth over rules that the evaluator could not read, with every error', () => {
    const folder = temp();
    writeFileSync(join(folder, 'broken.yml'), 'groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: up >\n      - alert: B\n        exp: up\n');
    expect(() => synthesise({ rules: folder })).toThrow(/broken\.yml:5:[^]*broken\.yml:[67]:/);
  });

  it('stop a synth over an Alertmanager file that notify could not read', () => {
    const file = join(temp(), 'alertmanager.yml');
    writeFileSync(file, 'route: { receiver: nobody }\n');
    expect(() => synthesise({ alertmanager: file })).toThrow(/alertmanager\.yml:1/);
  });
});

describe('cdk-nag', () => {
  it('stops the synthesis at a finding that nobody explained', () => {
    const app = new App({ outdir: temp() });
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    expect(new CfnBucket(new Stack(app, 'Bare'), 'Bucket').logicalId).toBeDefined();
    expect(() => app.synth()).toThrow(/Acknowledge with 'AwsSolutions::AwsSolutions-S1'/);
  });
});
