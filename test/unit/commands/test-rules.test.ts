import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ruleFilesOf } from '../../../scripts/rule-files.ts';
import { testRules } from '../../../shared/commands/test-rules.ts';
import type { ReadRuleFiles } from '../../../shared/commands/test-rules.ts';

const FOLDER = 'test/golden/rules';
const FILES = readdirSync(FOLDER).filter((file) => file.endsWith('.test.yml'));

const RULES = '- {name: g, rules: [{alert: Down, expr: up == 0}, {record: both, expr: "up or down"}]}';
const withRules: ReadRuleFiles = async (pattern) => [{ file: pattern, text: RULES }];

const run = (text: string, read: ReadRuleFiles = withRules) => testRules([{ file: 't.yml', text }], read);

describe('testRules', () => {
  it.each(FILES)('%s passes, or fails where its name says so', async (file) => {
    const path = join(FOLDER, file);
    const { ok, lines } = await testRules([{ file: path, text: readFileSync(path, 'utf8') }], ruleFilesOf);
    expect(ok, lines.join('\n')).toBe(!file.startsWith('failing'));
  });

  it('tells every error of a test file at once, with its place', async () => {
    const { ok, lines } = await run(`rule_files: [r.yml]
evaluation_interval: often
tests:
  - interval: 1m
    input_series:
      - {series: 'up{a=~"b"}', values: '1 x'}
      - {series: 'up{', values: '1x9999999999'}
    alert_rule_tests: []
    promql_expr_test:
      - {expr: 'up ==', eval_time: 1m, exp_samples: [{labels: '{', value: one}]}
`);
    expect(ok).toBe(false);
    const places = (lines[1] ?? '').split('\n').flatMap((line) => /t\.yml:(\d+:\d+)/.exec(line)?.[1] ?? []);
    expect(places.sort()).toEqual(['10:16', '10:63', '10:75', '2:22', '6:18', '6:40', '7:18', '7:33', '8:5'].sort());
  });

  it('says which group and rule cannot be evaluated', async () => {
    const { ok, lines } = await run(`rule_files: [r.yml]
tests:
  - input_series:
      - {series: 'up{a="b"}', values: '1x3'}
      - {series: 'down{a="b"}', values: '1x3'}
      - {series: 'up{a="b"}', values: '5'}
    promql_expr_test:
      - {expr: 'up', eval_time: 1m, exp_samples: [{labels: 'up{a="b"}', value: 1}]}
`, async (file) => [{ file, text: '- {name: g, rules: [{record: r, expr: \'label_replace({a="b"}, "__name__", "x", "", "")\'}]}' }]);
    expect(ok).toBe(false);
    expect(lines.join('\n')).toContain('group: g, rule: r, time: 0s, err: vector cannot contain metrics with the same labelset');
  });

  it('tells the errors of rule files, and of files that are not there', async () => {
    const wrong = await run('rule_files: [r.yml]\ntests: []\n', async (file) => [{ file, text: 'groups: 7' }]);
    expect(wrong.lines.join('\n')).toContain('r.yml:1:9: groups: found a text');
    const missing = await run('rule_files: [r.yml]\ntests: []\n', async () => {
      throw new Error('read r.yml: there is no such file');
    });
    expect(missing).toEqual({ ok: false, lines: ['Unit Testing:  t.yml', '  FAILED:\n    read r.yml: there is no such file\n', ''] });
  });

  it('compares within rounding errors when asked to', async () => {
    const test = (fuzzy: boolean): string => `fuzzy_compare: ${fuzzy}
tests:
  - promql_expr_test:
      - {expr: '0.1 + 0.2', eval_time: 0m, exp_samples: [{labels: '{}', value: 0.3}]}
`;
    expect((await run(test(false))).ok).toBe(false);
    expect((await run(test(true))).ok).toBe(true);
  });

  it('refuses a test that would run for hours', async () => {
    const { lines } = await run("rule_files: [r.yml]\nevaluation_interval: 1s\ntests:\n  - promql_expr_test: [{expr: up, eval_time: 10y}]\n");
    expect(lines.join('\n')).toContain('found 315360000 slots up to 10y, at most 1000000 are allowed');
  });
});
