import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Statement, type Synthesised, actionsOf, statementsOf, synthesise } from './synthesised.ts';

const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:ops';

const ALL = `  sns_configs:
  - &first {topic_arn: '${TOPIC}'}
  - {<<: *first, subject: again}
  - {topic_arn: '${TOPIC}-2'}
  - {phone_number: '+491711234567'}
  phone_configs:
  - {to: '+491711234567', from: pool-1}
  - {to: +491711234567, from: 'arn:aws:sms-voice:eu-west-1:123456789012:phone-number/phone-1'}
  - {to: '+491711234567', from: +4930123456}
`;

let stack: Synthesised;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-receivers-'));
  stack = withReceivers(ALL, '{{ define "title" }}built in{{ end }}');
});
afterAll(() => rmSync(folder, { recursive: true }));

const withReceivers = (configs: string, template: string): Synthesised => {
  const alertmanager = join(folder, 'alertmanager.yml');
  writeFileSync(join(folder, 'a.tmpl'), template);
  writeFileSync(alertmanager, `route: {receiver: ops}\ntemplates: ['*.tmpl']\nreceivers:\n- name: ops\n${configs}`);
  return synthesise({ alertmanager });
};

const notifyMay = (action: string): readonly Statement[] => statementsOf(stack, 'Notify').filter((statement) => actionsOf(statement).includes(action));

describe('receivers of the Alertmanager file', () => {
  it('let notify publish to the topics that they name, and send SMS without opening another topic', () => {
    const [topics, phones, ...others] = notifyMay('sns:Publish');
    expect(topics?.Resource).toEqual([TOPIC, `${TOPIC}-2`]);
    expect(phones).toMatchObject({ Effect: 'Allow', NotResource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':sns:*:*:*']] } });
    expect(others).toEqual([]);
  });

  it('let notify call from their numbers: from any of the account where one stands as people dial it', () => {
    const callers = notifyMay('sms-voice:SendVoiceMessage').flatMap(({ Resource }) => Resource);
    expect(callers).toHaveLength(3);
    expect(JSON.stringify(callers[0])).toMatch(/:sms-voice:.*:pool\/pool-1"/);
    expect(callers[1]).toBe('arn:aws:sms-voice:eu-west-1:123456789012:phone-number/phone-1');
    expect(JSON.stringify(callers[2])).toMatch(/:sms-voice:.*:phone-number\/\*"/);
  });

  it('have their files of templates built in where they are read', () => {
    const bundles = readdirSync(stack.outFolder).filter((name) => name.startsWith('asset.')).map((name) => readFileSync(join(stack.outFolder, name, 'index.mjs'), 'utf8'));
    expect(bundles.filter((code) => code.includes('built in{{ end }}'))).toHaveLength(3);
  });

  it('are not deployed with a template that does not read', () => {
    expect(() => withReceivers('', '\n{{ unknown }}')).toThrow(/a\.tmpl:2: .*"unknown"/);
  });
});
