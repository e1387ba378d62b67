import { beforeAll, describe, expect, it } from 'vitest';
import { HISTORY_FENCES } from '../../shared/sql/history-tables.ts';
import { actionsOf, ofType, statementsOf, synthesise, type Synthesised } from './synthesised.ts';

const STEPS = ['Ingest', 'Store', 'Compact', 'Query', 'Evaluate', 'Notify'];

let stack: Synthesised;
beforeAll(() => {
  stack = synthesise();
});

const allowed = (step: string): readonly string[] => statementsOf(stack, step).flatMap(actionsOf);

/** Where a step may do something, as text: logical ids and prefixes are in it. */
const places = (step: string, action: string): string =>
  JSON.stringify(statementsOf(stack, step).filter((statement) => actionsOf(statement).includes(action)).map((statement) => statement.Resource));

describe('least privilege', () => {
  it.each(STEPS)('lets %s do nothing by a wildcard of actions, and nothing to all resources', (step) => {
    expect(allowed(step).length).toBeGreaterThan(0);
    expect(allowed(step).filter((action) => action.includes('*'))).toEqual([]);
    expect(statementsOf(stack, step).flatMap((statement) => [statement.Resource].flat())).not.toContain('*');
  });

  it.each(STEPS.filter((step) => step !== 'Compact'))('lets %s delete no object', (step) => {
    expect(allowed(step)).not.toContain('s3:DeleteObject');
  });

  it('gives no function a policy of AWS', () => {
    for (const [, role] of ofType(stack, 'AWS::IAM::Role')) expect(role.Properties).not.toHaveProperty('ManagedPolicyArns');
  });

  it('lets ingest put records and read keys, and never touch the lake', () => {
    expect(allowed('Ingest').some((action) => action.startsWith('s3:'))).toBe(false);
    expect(places('Ingest', 'kinesis:PutRecords')).toContain('RecordsStream');
    expect(allowed('Ingest')).not.toContain('dynamodb:PutItem');
  });

  it.each(['Store', 'Compact', 'Evaluate', 'Notify'])('keeps %s away from API keys', (step) => {
    expect(JSON.stringify(statementsOf(stack, step))).not.toContain('TablesKeys');
  });

  it.each([
    ['Store', 's3:PutObject', ['hot/*', 'classes/*', 'quarantine/*', 'aws/lambda/*']],
    ['Compact', 's3:PutObject', ['raw/*', '1m/*', '1h/*', 'classes/*', 'sql/*', 'history/*']],
    ['Compact', 's3:GetObject', ['hot/*', 'raw/*', '1m/*', '1h/*', 'classes/*', 'sql/*']],
    ['Compact', 's3:DeleteObject', ['hot/*', 'raw/*', '1m/*', '1h/*', 'classes/*', 'sql/*', 'history/*']],
    ['Query', 's3:PutObject', ['athena/*']],
    ['Query', 's3:GetObject', ['hot/*', 'raw/*', '1m/*', '1h/*', 'classes/*', 'sql/*', 'history/*', 'athena/*']],
    ['Evaluate', 's3:PutObject', ['outbox/*', 'athena/*']],
    ['Evaluate', 's3:GetObject', ['hot/*', 'raw/*', '1m/*', '1h/*', 'classes/*', 'outbox/*', 'sql/*', 'history/*', 'athena/*']],
    ['Notify', 's3:PutObject', []],
  ])('lets %s do %s under its own prefixes alone', (step, action, prefixes) => {
    const found = [...places(step, action).matchAll(/"\/([a-z0-9/]+\*)"/g)].map((match) => match[1]);
    expect(found).toEqual(prefixes);
  });

  it('lets notify publish to no topic and call nobody while no receiver does', () => {
    expect(allowed('Notify').filter((action) => action.startsWith('sns:') || action.startsWith('sms-voice:'))).toEqual([]);
  });

  it('lets compact change the view of samples in Glue, and no table', () => {
    expect(allowed('Compact').filter((action) => action.startsWith('glue:'))).toEqual(['glue:UpdateTable']);
    const found = [...places('Compact', 'glue:UpdateTable').matchAll(/:((?:table|database)\/[^"]+)"/g)].map((match) => match[1]);
    expect(found).toEqual(['database/tidemark', 'table/tidemark/samples']);
    for (const step of STEPS.filter((each) => each !== 'Compact')) expect(allowed(step)).not.toContain('glue:UpdateTable');
  });

  it('lets compact write the catalog, and of alerts close hours of history alone', () => {
    expect(places('Compact', 'dynamodb:PutItem')).toContain('TablesCatalog');
    const ofAlerts = statementsOf(stack, 'Compact').filter((statement) => JSON.stringify(statement.Resource).includes('TablesAlerts'));
    expect(ofAlerts.map((statement) => [actionsOf(statement), statement.Condition])).toEqual([
      [['dynamodb:GetItem', 'dynamodb:Query'], undefined],
      [['dynamodb:PutItem'], { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [HISTORY_FENCES] } }],
    ]);
  });

  it('lets the public in through the URLs of ingest and query alone', () => {
    const open = ofType(stack, 'AWS::Lambda::Permission').filter(([, { Properties }]) => Properties['Principal'] === '*');
    expect(open.map(([id]) => id.replace(/Step.*/, '')).sort()).toEqual(['Ingest', 'Ingest', 'Query', 'Query']);
    for (const [, { Properties }] of open) {
      expect(Properties['FunctionUrlAuthType'] === 'NONE' || Properties['InvokedViaFunctionUrl'] === true).toBe(true);
    }
  });

  it.each(['Evaluate', 'Compact'])('lets the schedule of %s invoke it, and nothing else', (step) => {
    const policies = ofType(stack, 'AWS::IAM::Policy').filter(([id]) => id.startsWith(`${step}Step`) && id.includes('SchedulerRole'));
    const Statement = policies.flatMap(([, { Properties }]) => (Properties['PolicyDocument'] as { Statement: { Action: string; Resource: unknown }[] }).Statement);
    expect(Statement).toHaveLength(1);
    expect(Statement[0]?.Action).toBe('lambda:InvokeFunction');
    expect(JSON.stringify(Statement[0]?.Resource)).toContain(`${step}Step`);
  });
});
