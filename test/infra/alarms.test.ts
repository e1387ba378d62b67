import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { ofType, synthesise, type Resource, type Synthesised } from './synthesised.ts';

const runbook = readFileSync(new URL('../../infra/RUNBOOK.md', import.meta.url), 'utf8');
const headings = [...runbook.matchAll(/^## (.+)$/gm)].map((match) => match[1] as string);

let stack: Synthesised;
let alarms: Resource[];
const nameOf = (alarm: Resource): string => /RUNBOOK\.md, (.+)$/.exec(String(alarm.Properties['AlarmDescription']))?.[1] ?? '';
const named = (name: string): Resource | undefined => alarms.find((alarm) => nameOf(alarm) === name);

beforeAll(() => {
  stack = synthesise();
  alarms = ofType(stack, 'AWS::CloudWatch::Alarm').map(([, alarm]) => alarm);
});

describe('alarms', () => {
  it('have a heading in the runbook each, and the runbook has no other', () => {
    expect(alarms.map(nameOf).sort()).toEqual([...headings].sort());
  });

  it('watch the errors of every function, the age of the stream, and the dead letters of every channel', () => {
    const expected = ['ingest', 'store', 'compact', 'query', 'evaluate', 'notify'].map((step) => `${step}-errors`);
    expect(headings).toEqual(expect.arrayContaining([...expected, 'store-iterator-age', 'webhook-dead-letters', 'email-dead-letters']));
  });

  it('tell the operators, on a topic that carries no notification', () => {
    const [operators] = ofType(stack, 'AWS::SNS::Topic').filter(([id]) => id.startsWith('AlarmsOperators'));
    expect(ofType(stack, 'AWS::SNS::Topic')).toHaveLength(2);
    for (const alarm of alarms) expect(alarm.Properties['AlarmActions']).toEqual([{ Ref: operators?.[0] }]);
  });

  it('take silence of the evaluation for a breach', () => {
    expect(named('evaluate-silent')?.Properties).toMatchObject({
      MetricName: 'Invocations',
      TreatMissingData: 'breaching',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
    });
  });

  it('take a road that brings nothing back, and one that nobody looks at, for a breach', () => {
    const filters = ofType(stack, 'AWS::Logs::MetricFilter').map(([, { Properties }]) => Properties);
    expect(filters).toContainEqual(
      expect.objectContaining({
        FilterPattern: '{ $.tick.roadAgeMs = "*" }',
        MetricTransformations: [{ MetricName: 'RoadAge', MetricNamespace: 'Tidemark/Tidemark', MetricValue: '$.tick.roadAgeMs' }],
      }),
    );
    expect(filters).toContainEqual(expect.objectContaining({ FilterPattern: '{ $.tick.detectionLatencyMs = "*" }' }));
    expect(named('road-silent')?.Properties).toMatchObject({
      Namespace: 'Tidemark/Tidemark',
      MetricName: 'RoadAge',
      Statistic: 'Maximum',
      Period: 60,
      EvaluationPeriods: 5,
      Threshold: 180_000,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'breaching',
    });
  });

  it('ring when a hot file is unmerged for twelve hours, or nobody says how old the oldest is', () => {
    const [[filterId, filter] = ['', undefined]] = ofType(stack, 'AWS::Logs::MetricFilter');
    expect(filterId).toMatch(/^CompactStep/);
    expect(filter?.Properties).toMatchObject({
      FilterPattern: '{ $.compacted.oldestHotAgeMs = "*" }',
      MetricTransformations: [{ MetricName: 'OldestHotAge', MetricNamespace: 'Tidemark/Tidemark', MetricValue: '$.compacted.oldestHotAgeMs' }],
    });
    expect(named('compact-hot-age')?.Properties).toMatchObject({
      Namespace: 'Tidemark/Tidemark',
      MetricName: 'OldestHotAge',
      Statistic: 'Maximum',
      Threshold: 43_200_000,
      TreatMissingData: 'breaching',
    });
  });

  it('ring for the first dead letter', () => {
    expect(named('webhook-dead-letters')?.Properties).toMatchObject({
      MetricName: 'ApproximateNumberOfMessagesVisible',
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 0,
      EvaluationPeriods: 1,
    });
  });
});
