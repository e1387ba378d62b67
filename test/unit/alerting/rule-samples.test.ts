import { describe, expect, it } from 'vitest';
import { fingerprint } from '../../../shared/alerting/fingerprint.ts';
import { subjectOf } from '../../../shared/alerting/dispatch/group-notification.ts';
import { samplesOfRule } from '../../../shared/alerting/rule-samples.ts';
import { makeLabels } from '../../../shared/model/labels.ts';
import type { AlertingRule } from '../../../shared/rules/rule-group.ts';
import type { TemplateSetting } from '../../../shared/rules/template.ts';
import { parseRuleFile } from '../../../shared/rules/rule-file.ts';

const ruleOf = (fields: string): AlertingRule => {
  const rule = parseRuleFile(`- {name: g, rules: [{alert: A, expr: up, ${fields}}]}`, 'f.yml').groups[0]?.rules[0];
  if (rule?.kind !== 'alerting') throw new Error('no rule');
  return rule;
};

const SETTING: TemplateSetting = { tMs: 0, externalLabels: [], externalUrl: '', query: async () => [] };

describe('samplesOfRule', () => {
  it('drops the name, lays the rule labels over, and alertname over all', async () => {
    const vector = [{ labels: makeLabels([['__name__', 'up'], ['host', 'a'], ['team', 'x'], ['drop', 'me']]), value: 0 }];
    const samples = await samplesOfRule(ruleOf('labels: {team: "{{ $labels.host }}-team", drop: "{{ $labels.nothing }}", alertname: no}, annotations: {empty: ""}'), vector, SETTING);
    expect([...samples]).toEqual([
      [
        '{"alertname":"A","host":"a","team":"a-team"}',
        { labels: [['alertname', 'A'], ['host', 'a'], ['team', 'a-team']], annotations: [['empty', '']], value: 0 },
      ],
    ]);
  });

  it("refuses two alerts with the same labels, in Prometheus' words", async () => {
    const vector = ['up', 'down'].map((name) => ({ labels: makeLabels([['__name__', name]]), value: 0 }));
    await expect(samplesOfRule(ruleOf('for: 0s'), vector, SETTING)).rejects.toThrow('vector contains metrics with the same labelset after applying alert labels');
  });
});

describe('the size of an alert', () => {
  it('is capped, as an error of the rule', async () => {
    const vector = [{ labels: makeLabels([['host', 'h'.repeat(6000)]]), value: 0 }];
    await expect(samplesOfRule(ruleOf('annotations: {a: "{{ $labels.host }}", b: "{{ $labels.host }}"}'), vector, SETTING)).rejects.toThrow(/found 180\d\d bytes/);
  });
});

describe('notification texts', () => {
  it("has Alertmanager's fingerprint: FNV-1a of the sorted labels", () => {
    expect(fingerprint([])).toBe('cbf29ce484222325');
    // Computed with hash/fnv of Go over "alertname\xffA\xffhost\xffé\xff".
    expect(fingerprint(makeLabels([['host', 'é'], ['alertname', 'A']]))).toBe('b449053d3e0261fb');
  });

  it('keeps a subject on one line', () => {
    const common = makeLabels([['alertname', 'A\r\nBcc: x'], ['host', 'a\n']]);
    expect(subjectOf('firing', 1, common.slice(0, 1), common)).toBe('[FIRING:1] A Bcc: x (a )');
    expect(subjectOf('resolved', 0, [], common)).toBe('[RESOLVED] (A Bcc: x a )');
  });
});
