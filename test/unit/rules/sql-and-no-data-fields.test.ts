import { describe, expect, it } from 'vitest';
import { checkRules } from '../../../shared/commands/check.ts';
import { testRules } from '../../../shared/commands/test-rules.ts';
import { hasSql, promqlOf } from '../../../shared/rules/rule-group.ts';
import { parseRuleFile } from '../../../shared/rules/rule-file.ts';
import { stagesOf } from '../../../shared/rules/rule-stages.ts';

const rulesOf = (text: string) => parseRuleFile(text, 'f.yml').groups.flatMap((group) => group.rules);
const errorsOf = (text: string): readonly string[] => parseRuleFile(text, 'f.yml').errors;

describe('no_data as a mapping', () => {
  it('has a mode, a window and declared label sets', () => {
    expect(rulesOf('- {name: g, rules: [{alert: A, expr: up, no_data: {mode: alert, window: 6h, expected: [{instance: web-1}, {b: 2, a: 1}]}}]}')[0]).toMatchObject({
      noData: { mode: 'alert', windowMs: 6 * 3_600_000, expected: [[['instance', 'web-1']], [['a', '1'], ['b', '2']]] },
    });
    expect(rulesOf('- {name: g, rules: [{alert: A, expr: up, no_data: {mode: keep}}]}')[0]).toMatchObject({ noData: { mode: 'keep', windowMs: 3_600_000, expected: [] } });
  });

  it.each([
    ['{window: 1h}', '1:51', 'found no mode'],
    ['{mode: page}', '1:58', 'mode: found "page", ok, keep and alert are allowed'],
    ['{mode: alert, window: 8d}', '1:73', 'window: found 8d, at most 1w is allowed'],
    ['{mode: alert, window: soon}', '1:73', 'window: found "soon", a duration'],
    ['{mode: keep, window: 1h}', '1:64', 'found window with the mode keep'],
    ['{mode: ok, expected: []}', '1:62', 'found expected with the mode ok'],
    ['{mode: alert, expect: []}', '1:65', 'found the unknown field "expect"'],
    ['{mode: alert, expected: a}', '1:75', 'found a text, a list is needed'],
    ['{mode: alert, expected: [{}]}', '1:76', 'found 0 labels, 1 to 40 are allowed'],
    ['{mode: alert, expected: [{a: 1}, {a: 1}]}', '1:84', 'found {"a":"1"} twice'],
    ['{mode: alert, expected: [{a: ""}]}', '1:80', 'a value of 0 characters'],
    ['{mode: alert, expected: [{__name__: up}]}', '1:77', 'that is not allowed here'],
    [`{mode: alert, expected: [{a: ${'x'.repeat(3000)}}]}`, '1:80', 'a value of 3000 characters'],
  ])('%s is refused at its place', (policy, place, found) => {
    const errors = errorsOf(`- {name: g, rules: [{alert: A, expr: up, no_data: ${policy}}]}`);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(`f.yml:${place}: group "g", rule 1 "A": no_data`);
    expect(errors[0]).toContain(found);
  });

  it('takes a thousand declared sets, and no more', () => {
    const of = (count: number): string => `- {name: g, rules: [{alert: A, expr: up, no_data: {mode: alert, expected: [${Array.from({ length: count }, (_, i) => `{h: ${i}}`).join(', ')}]}}]}`;
    expect(errorsOf(of(1000))).toEqual([]);
    expect(errorsOf(of(1001))[0]).toContain('found 1001 label sets, at most 1000 are allowed');
  });
});

describe('sql instead of expr', () => {
  const SQL = 'SELECT 1 AS value WHERE :slot > 0';

  it('makes alerting and recording rules, whose query is the statement', () => {
    const [alert, record] = rulesOf(`- {name: g, rules: [{alert: A, sql: "${SQL}", for: 5m}, {record: b, sql: "${SQL}"}]}`);
    expect(alert).toMatchObject({ kind: 'alerting', query: SQL, holdMs: 300_000, source: { language: 'sql', statement: { text: 'SELECT 1 AS value WHERE ? > 0', slots: 1 } } });
    expect(record).toMatchObject({ kind: 'recording', name: 'b', source: { language: 'sql' } });
    expect(alert === undefined ? 'none' : promqlOf(alert)).toBe('');
  });

  it('is of no stage behind the rules before it: a statement reads what is stored', () => {
    const rules = rulesOf(`- {name: g, rules: [{record: b, expr: up}, {alert: A, sql: "${SQL}"}, {alert: B, expr: b > 1}]}`);
    expect(stagesOf(rules).map((stage) => stage.map(({ name }) => name))).toEqual([['b', 'A'], ['B']]);
  });

  it.each([
    [`{alert: A, sql: "${SQL}", expr: up}`, 'found both expr and sql'],
    ['{alert: A, sql: ""}', 'found no expr'],
    ['{alert: A, sql: "DROP TABLE samples"}', 'sql: read statement: found "DROP" at its beginning'],
    [`{alert: A, sql: "${SQL}", no_data: alert}`, 'found no_data beside sql'],
  ])('%s is refused', (rule, found) => {
    expect(errorsOf(`- {name: g, rules: [${rule}]}`)[0]).toMatch(/^f\.yml:1:\d+: group "g", rule 1 "A": /);
    expect(errorsOf(`- {name: g, rules: [${rule}]}`)[0]).toContain(found);
  });

  it('asks for an interval of a minute, and says why', () => {
    expect(checkRules([{ file: 'f.yml', text: `- {name: g, interval: 30s, rules: [{alert: A, sql: "${SQL}"}]}` }])).toEqual({
      ok: false,
      lines: ['f.yml:1:23: group "g": interval: found 30000 ms with rules that have sql, at least 60000 ms is allowed: each evaluation is a scan that costs money'],
    });
    expect(parseRuleFile(`- {name: g, interval: 1m, rules: [{alert: A, sql: "${SQL}"}]}`, 'f.yml').groups.map(hasSql)).toEqual([true]);
  });

  it('is refused by tests of rules, in words', async () => {
    const rules = { file: 'rules.yml', text: `- {name: g, rules: [{alert: A, sql: "${SQL}"}]}` };
    const { ok, lines } = await testRules([{ file: 'test.yml', text: 'rule_files: [rules.yml]\ntests: []\n' }], async () => [rules]);
    expect(ok).toBe(false);
    expect(lines.join('\n')).toContain('rules.yml: group "g", rule "A": found sql, which tests of rules cannot run');
  });
});
