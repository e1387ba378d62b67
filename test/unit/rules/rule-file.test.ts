import { describe, expect, it } from 'vitest';
import { labelSources } from '../../../shared/rules/rule-group.ts';
import type { Rule } from '../../../shared/rules/rule-group.ts';
import { parseRuleFile, parseRuleFiles } from '../../../shared/rules/rule-file.ts';

const BRIEF = `- name: instance_down
  rules:
    - alert: instance_down
      expr: up == 0
      for: 5m
      labels:
        severity: page
`;

describe('parseRuleFile', () => {
  it('reads the bare list of groups', () => {
    const { groups, errors } = parseRuleFile(BRIEF, 'brief.yml');
    expect(errors).toEqual([]);
    expect(groups[0]).toMatchObject({ id: 'brief.yml;instance_down', name: 'instance_down', intervalMs: 60_000, queryOffsetMs: 0, limit: 0 });
    expect(groups[0]?.rules[0]).toMatchObject({ name: 'instance_down', query: 'up == 0', holdMs: 300_000, keepFiringMs: 0 });
    expect(labelSources(groups[0]?.rules[0] as Rule)).toEqual([['severity', 'page']]);
  });

  it('reads every field of a group, group labels under the rule labels', () => {
    const { groups, errors } = parseRuleFile(
      `groups:
  - name: g
    interval: 5s
    limit: 10
    query_offset: 30s
    labels: {team: infra, severity: info}
    rules:
      - alert: A
        expr: up
        keep_firing_for: 1h30m
        labels: {severity: page, code: 7}
        annotations: {summary: "{{ $labels.host }} is down"}
`,
      'f.yml',
    );
    expect(errors).toEqual([]);
    expect(groups[0]).toMatchObject({ intervalMs: 5000, limit: 10, queryOffsetMs: 30_000 });
    expect(groups[0]?.rules[0]).toMatchObject({ keepFiringMs: 5_400_000 });
    expect(labelSources(groups[0]?.rules[0] as Rule)).toEqual([
      ['code', '7'],
      ['severity', 'page'],
      ['team', 'infra'],
    ]);
  });

  it('tells every error of a file at once, with its place', () => {
    const { groups, errors } = parseRuleFile(
      `groups:
  - name: g
    intervall: 5s
    interval: 5x
    rules:
      - alert: A
        expr: up ==
      - alert: B
        expr: up
        for: soon
        labels: {__name__: x}
      - record: c:{d}
        expr: up
        for: 5m
      - alert: C
        expr: up[5m]
        annotations: {a: "{{ if $value }}x"}
      - expr: up
      - alert: D
  - name: g
    rules: {}
`,
      'f.yml',
    );
    expect(groups).toEqual([]);
    expect(errors.map((error) => error.split(': ', 2).join(': '))).toEqual([
      'f.yml:3:5: group "g"',
      'f.yml:7:15: group "g", rule 1 "A"',
      'f.yml:11:18: group "g", rule 2 "B"',
      'f.yml:10:14: group "g", rule 2 "B"',
      'f.yml:12:17: group "g", rule 3 "c:{d}"',
      'f.yml:14:9: group "g", rule 3 "c:{d}"',
      'f.yml:16:15: group "g", rule 4 "C"',
      'f.yml:17:26: group "g", rule 4 "C"',
      'f.yml:18:9: group "g", rule 5',
      'f.yml:19:9: group "g", rule 6 "D"',
      'f.yml:4:15: group "g"',
      'f.yml:21:12: group "g"',
      'f.yml:20:11: group "g"',
    ]);
    expect(errors[1]).toMatch(/expr: 1:6: parse error/);
    expect(errors[4]).toContain('a metric name without braces is needed');
    expect(errors[5]).toContain('found the field "for", which only rules with alert have');
    expect(errors[7]).toContain('template: __alert_C:1: unexpected EOF');
  });

  it('reads recording rules, with the labels of their group', () => {
    const { groups, errors } = parseRuleFile('- {name: g, labels: {a: "1", b: "2"}, rules: [{record: "job:up:sum", expr: sum by (job) (up), labels: {b: "{{ x"}}]}', 'f.yml');
    expect(errors).toEqual([]);
    expect(groups[0]?.rules[0]).toMatchObject({ kind: 'recording', name: 'job:up:sum', labels: [['a', '1'], ['b', '{{ x']] });
  });

  it('reads no_data, and refuses other words', () => {
    expect(parseRuleFile('- {name: g, rules: [{alert: A, expr: up, no_data: keep}]}', 'f.yml').groups[0]?.rules[0]).toMatchObject({ noData: { mode: 'keep', windowMs: 3_600_000, expected: [] } });
    expect(parseRuleFile('- {name: g, rules: [{alert: A, expr: up, no_data: page}]}', 'f.yml').errors).toEqual([
      'f.yml:1:51: group "g", rule 1 "A": no_data: found "page", ok, keep and alert are allowed',
    ]);
  });

  it('follows anchors and merge keys', () => {
    const { groups, errors } = parseRuleFile(
      `groups:
  - name: g
    rules:
      - &first {alert: A, expr: up, for: 5m}
      - {<<: *first, alert: B}
`,
      'f.yml',
    );
    expect(errors).toEqual([]);
    expect(groups[0]?.rules).toMatchObject([
      { name: 'A', holdMs: 300_000 },
      { name: 'B', holdMs: 300_000 },
    ]);
  });

  it('ends at a bomb of aliases, at nesting and at size', () => {
    const levels = Array.from({ length: 9 }, (_, i) => `  - &a${i} {${Array.from({ length: 9 }, (__, j) => `k${j}: ${i === 0 ? 'x' : `*a${i - 1}`}`).join(', ')}}`);
    const bomb = `x: []\ngroups:\n${levels.join('\n')}\n  - <<: [${'*a8, '.repeat(50)} *a8]\n`;
    expect(parseRuleFile(bomb, 'f.yml').errors.length).toBeGreaterThan(0);
    expect(parseRuleFile('['.repeat(20_000), 'f.yml').errors.length).toBeGreaterThan(0);
    expect(parseRuleFile(' '.repeat(1_100_000), 'f.yml').errors[0]).toMatch(/^f.yml:1:1: yaml: found 1100000 bytes/);
  });

  it('keeps the id of a rule when its expression changes, and tells equal rules apart', () => {
    const id = (text: string) => parseRuleFile(text, 'brief.yml').groups[0]?.rules.map((rule) => rule.id) ?? [];
    expect(id(BRIEF.replace('up == 0', 'up < 1'))).toEqual(id(BRIEF));
    expect(id(BRIEF.replace('severity: page', 'severity: warn'))).not.toEqual(id(BRIEF));
    const twice = id(`- name: g\n  rules: [{alert: A, expr: a}, {alert: A, expr: b}]`);
    expect(new Set(twice).size).toBe(2);
  });

  it('gives no groups at all when one file of several is wrong', () => {
    const { rules, errors } = parseRuleFiles([
      { file: 'a.yml', text: BRIEF },
      { file: 'b.yml', text: 'groups: 7' },
    ]);
    expect(rules.groups).toEqual([]);
    expect(errors).toEqual(['b.yml:1:9: groups: found a text, a list is needed']);
  });
});
