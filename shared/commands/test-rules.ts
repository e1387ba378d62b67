import { failuresOfTest } from '../alerting/check-test.ts';
import { messageOf } from '../errors.ts';
import { parseRuleFile } from '../rules/rule-file.ts';
import type { RuleGroup } from '../rules/rule-group.ts';
import { parseTestFile } from '../rules/unit-tests/test-file.ts';
import type { TestFile } from '../rules/unit-tests/test-file.ts';
import type { CheckReport, NamedText } from './check.ts';

/** The files that a path or pattern of a test file stands for. Rejects when there is none, or it cannot be read. */
export type ReadRuleFiles = (pattern: string, testFile: string) => Promise<readonly NamedText[]>;

/** Runs rule tests in promtool's format, and says what promtool says. */
export const testRules = async (files: readonly NamedText[], readRuleFiles: ReadRuleFiles): Promise<CheckReport> => {
  const lines: string[] = [];
  let ok = true;
  for (const file of files) {
    const failures = await failuresOfFile(file, readRuleFiles);
    ok &&= failures.length === 0;
    lines.push(`Unit Testing:  ${file.file}`, failures.length === 0 ? '  SUCCESS' : `  FAILED:\n${failures.map((failure) => `${failure}\n`).join('\n')}`, '');
  }
  return { ok, lines };
};

const failuresOfFile = async ({ file, text }: NamedText, readRuleFiles: ReadRuleFiles): Promise<readonly string[]> => {
  const tests = parseTestFile(text, file);
  if (tests.errors.length > 0) return tests.errors.map(indented);
  const { groups, errors } = await readGroups(tests, file, readRuleFiles);
  if (errors.length > 0) return errors.map(indented);
  const failures: string[] = [];
  for (const test of tests.tests) failures.push(...(await failuresOfTest(test, inOrder(groups, tests.groupOrder), tests)));
  return failures;
};

const indented = (line: string): string => `    ${line}`;

const readGroups = async (tests: TestFile, file: string, readRuleFiles: ReadRuleFiles): Promise<{ readonly groups: readonly RuleGroup[]; readonly errors: readonly string[] }> => {
  const groups: RuleGroup[] = [];
  const errors: string[] = [];
  for (const pattern of tests.ruleFiles) {
    const read = await readRuleFiles(pattern, file).catch((error: unknown) => {
      errors.push(messageOf(error));
      return [];
    });
    for (const each of read) {
      const parsed = parseRuleFile(each.text, each.file);
      groups.push(...parsed.groups);
      errors.push(...parsed.errors, ...parsed.groups.flatMap((group) => withoutTest(each.file, group)));
    }
  }
  return { groups, errors };
};

/** Tests give series to an engine of PromQL: a statement has none of its own to be run on. */
const withoutTest = (file: string, group: RuleGroup): readonly string[] =>
  group.rules.flatMap(({ name, source }) =>
    source.language === 'sql' ? [`${file}: group ${JSON.stringify(group.name)}, rule ${JSON.stringify(name)}: found sql, which tests of rules cannot run; try its statement with "tidemark sql", and keep such rules in a file of their own`] : [],
  );

/** As `group_eval_order` has them, those that it does not name first. */
const inOrder = (groups: readonly RuleGroup[], order: readonly string[]): readonly RuleGroup[] => groups.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
