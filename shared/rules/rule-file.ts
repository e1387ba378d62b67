import { createHash } from 'node:crypto';
import { groupId, hasSql } from './rule-group.ts';
import type { RuleGroup, RuleSet } from './rule-group.ts';
import { readRule } from './rule-fields.ts';
import { fieldOf, readDuration, readLabels, refuseUnknown } from './yaml-fields.ts';
import { YamlFile } from './yaml-file.ts';
import type { YamlField, YamlNode } from './yaml-file.ts';

/** Prometheus' `global.evaluation_interval`. */
export const DEFAULT_INTERVAL_MS = 60_000;

/** The evaluator ticks at most once per second. */
const MIN_INTERVAL_MS = 1000;

/** Athena bills each statement for 10 MB at least: 2 dollars a month for a rule at this interval, 13 at 10 s. */
const MIN_SQL_INTERVAL_MS = 60_000;

const GROUP_KEYS = new Set(['name', 'interval', 'limit', 'query_offset', 'labels', 'rules']);

export interface RuleFile {
  readonly groups: readonly RuleGroup[];
  /** `file:line:column: ...`, all of them; a file with errors gives no groups. */
  readonly errors: readonly string[];
}

/** Reads a rule file of Prometheus: `groups: [...]`, or the list of groups alone. */
export const parseRuleFile = (text: string, file: string): RuleFile => {
  const yaml = new YamlFile(text, file);
  const groups = groupNodes(yaml).map((node, i) => readGroup(yaml, node, file, i + 1));
  const seen = new Set<string>();
  for (const { group, node } of groups) {
    if (group.name !== '' && seen.has(group.name)) yaml.fail(node, `group ${JSON.stringify(group.name)}: found this name twice, a group name stands once in a file`);
    seen.add(group.name);
  }
  return { groups: yaml.errors.length === 0 ? groups.map((read) => read.group) : [], errors: yaml.errors };
};

/** Several files as one set. Errors of all files come together, and no groups then. */
export const parseRuleFiles = (files: readonly { readonly file: string; readonly text: string }[]): { rules: RuleSet; errors: readonly string[] } => {
  const parsed = files.map(({ text, file }) => parseRuleFile(text, file));
  const errors = parsed.flatMap((each) => each.errors);
  const hash = createHash('sha256');
  for (const { file, text } of files) hash.update(JSON.stringify([file, text]));
  return { rules: { version: hash.digest('hex').slice(0, 16), groups: errors.length === 0 ? parsed.flatMap((each) => each.groups) : [] }, errors };
};

const groupNodes = (yaml: YamlFile): readonly YamlNode[] => {
  if (yaml.isList(yaml.root)) return yaml.elements(yaml.root, 'rule file');
  const fields = yaml.fields(yaml.root, 'rule file');
  refuseUnknown(yaml, fields, new Set(['groups']), 'rule file');
  const groups = fieldOf(fields, 'groups');
  return groups === undefined ? [] : yaml.elements(groups.value, 'groups');
};

const readGroup = (yaml: YamlFile, node: YamlNode, file: string, number: number): { group: RuleGroup; node: YamlNode } => {
  const fields = yaml.fields(node, `group ${number}`);
  const nameField = fieldOf(fields, 'name');
  const name = nameField === undefined ? '' : yaml.text(nameField.value, `group ${number}: name`);
  const what = name === '' ? `group ${number}` : `group ${JSON.stringify(name)}`;
  if (name === '') yaml.fail(nameField?.value ?? node, `${what}: found no name, every group needs one`);
  refuseUnknown(yaml, fields, GROUP_KEYS, what);
  const id = groupId(file, name);
  const labels = readLabels(yaml, fieldOf(fields, 'labels'), what, 'labels');
  const ruleNodes = yaml.elements(fieldOf(fields, 'rules')?.value ?? null, `${what}: rules`);
  const seen = new Map<string, number>();
  const rules = ruleNodes.map((ruleNode, i) => readRule(yaml, ruleNode, { what, number: i + 1, groupId: id, labels, seen }));
  const group: RuleGroup = {
    id,
    name,
    file,
    intervalMs: readInterval(yaml, fieldOf(fields, 'interval'), what),
    queryOffsetMs: readDuration(yaml, fieldOf(fields, 'query_offset'), what) ?? 0,
    limit: readLimit(yaml, fieldOf(fields, 'limit'), what),
    rules: rules.filter((rule) => rule !== undefined),
  };
  if (hasSql(group) && group.intervalMs < MIN_SQL_INTERVAL_MS) {
    yaml.fail(fieldOf(fields, 'interval')?.value ?? node, `${what}: interval: found ${group.intervalMs} ms with rules that have sql, at least ${MIN_SQL_INTERVAL_MS} ms is allowed: each evaluation is a scan that costs money`);
  }
  return { group, node: nameField?.value ?? node };
};

const readInterval = (yaml: YamlFile, field: YamlField | undefined, what: string): number => {
  const intervalMs = readDuration(yaml, field, what) ?? 0;
  if (intervalMs === 0) return DEFAULT_INTERVAL_MS;
  if (intervalMs < MIN_INTERVAL_MS) yaml.fail(field?.value ?? null, `${what}: interval: found ${intervalMs} ms, at least ${MIN_INTERVAL_MS} ms is allowed`);
  return intervalMs;
};

const readLimit = (yaml: YamlFile, field: YamlField | undefined, what: string): number => {
  if (field === undefined) return 0;
  const text = yaml.text(field.value, `${what}: limit`);
  if (/^\d{1,9}$/.test(text)) return Number(text);
  yaml.fail(field.value ?? field.keyNode, `${what}: limit: found ${JSON.stringify(text)}, a whole number from 0 is needed`);
  return 0;
};
