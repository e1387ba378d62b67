import { createHash } from 'node:crypto';
import { messageOf } from '../errors.ts';
import { parseDurationMs } from '../model/duration.ts';
import { METRIC_NAME } from '../model/labels.ts';
import { compareUtf8 } from '../model/utf8.ts';
import type { Expr } from '../promql/ast.ts';
import { parseQuery } from '../promql/parser.ts';
import { typeOf } from '../promql/type-checker.ts';
import { groupId, ruleId } from './rule-group.ts';
import type { AlertingRule, NamedTemplate, RuleGroup, RuleSet } from './rule-group.ts';
import { parseTemplate } from './template.ts';
import { YamlFile } from './yaml-file.ts';
import type { YamlField, YamlNode } from './yaml-file.ts';

/** Prometheus' `global.evaluation_interval`. */
export const DEFAULT_INTERVAL_MS = 60_000;

/** The evaluator ticks at most once per second. */
const MIN_INTERVAL_MS = 1000;

const GROUP_KEYS = new Set(['name', 'interval', 'limit', 'query_offset', 'labels', 'rules']);
const RULE_KEYS = new Set(['alert', 'record', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations']);

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
  const labels = readTemplates(yaml, fieldOf(fields, 'labels'), what, 'labels');
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
  return { group, node: nameField?.value ?? node };
};

interface RulePlace {
  readonly what: string;
  readonly number: number;
  readonly groupId: string;
  /** Of the group. */
  readonly labels: readonly NamedTemplate[];
  /** How often each (name, labels) stood in the group before. */
  readonly seen: Map<string, number>;
}

const readRule = (yaml: YamlFile, node: YamlNode, place: RulePlace): AlertingRule | undefined => {
  const fields = yaml.fields(node, `${place.what}, rule ${place.number}`);
  const alert = fieldOf(fields, 'alert');
  const record = fieldOf(fields, 'record');
  const name = yaml.text((alert ?? record)?.value ?? null, `${place.what}, rule ${place.number}: name`);
  const what = `${place.what}, rule ${place.number}${name === '' ? '' : ` ${JSON.stringify(name)}`}`;
  refuseUnknown(yaml, fields, RULE_KEYS, what);
  if (record !== undefined) {
    yaml.fail(record.keyNode, `${what}: ${alert === undefined ? 'recording rules are not supported yet, only alert' : 'found both alert and record, one of them is allowed'}`);
  } else if (name === '') yaml.fail(alert?.value ?? node, `${what}: found no alert name, every rule needs one`);
  const labels = mergeLabels(place.labels, readTemplates(yaml, fieldOf(fields, 'labels'), what, 'labels'));
  const key = JSON.stringify([name, labels.map(([label, template]) => [label, template.source])]);
  const occurrence = place.seen.get(key) ?? 0;
  place.seen.set(key, occurrence + 1);
  const query = readQuery(yaml, fieldOf(fields, 'expr'), node, what);
  const rule = {
    holdMs: readDuration(yaml, fieldOf(fields, 'for'), what) ?? 0,
    keepFiringMs: readDuration(yaml, fieldOf(fields, 'keep_firing_for'), what) ?? 0,
    annotations: readTemplates(yaml, fieldOf(fields, 'annotations'), what, 'annotations'),
  };
  return query === undefined ? undefined : { kind: 'alerting', id: ruleId(place.groupId, name, labels, occurrence), name, labels, ...query, ...rule };
};

const readQuery = (yaml: YamlFile, field: YamlField | undefined, rule: YamlNode, what: string): { query: string; expr: Expr } | undefined => {
  const query = field === undefined ? '' : yaml.text(field.value, `${what}: expr`);
  if (query.trim() === '') {
    yaml.fail(field?.value ?? rule, `${what}: found no expr, every rule needs one`);
    return undefined;
  }
  try {
    const expr = parseQuery(query);
    const type = typeOf(expr);
    if (type === 'vector' || type === 'scalar') return { query, expr };
    yaml.fail(field?.value ?? rule, `${what}: expr: found a ${type}, a vector or scalar is needed`);
  } catch (error) {
    yaml.fail(field?.value ?? rule, `${what}: expr: ${messageOf(error)}`);
  }
  return undefined;
};

const readTemplates = (yaml: YamlFile, field: YamlField | undefined, what: string, key: 'labels' | 'annotations'): readonly NamedTemplate[] => {
  if (field === undefined) return [];
  return yaml
    .fields(field.value, `${what}: ${key}`)
    .flatMap(({ key: name, keyNode, value }): NamedTemplate[] => {
      const of = `${what}: ${key} ${JSON.stringify(name)}`;
      if (name === '' || !name.isWellFormed() || (key === 'labels' && name === METRIC_NAME)) {
        yaml.fail(keyNode, `${of}: found a name that is not allowed here; any text but "" and ${METRIC_NAME} is`);
      }
      try {
        return [[name, parseTemplate(yaml.text(value, of))]];
      } catch (error) {
        yaml.fail(value ?? keyNode, `${of}: ${messageOf(error)}`);
        return [];
      }
    })
    .sort((a, b) => compareUtf8(a[0], b[0]));
};

const mergeLabels = (group: readonly NamedTemplate[], own: readonly NamedTemplate[]): readonly NamedTemplate[] =>
  [...new Map([...group, ...own])].sort((a, b) => compareUtf8(a[0], b[0]));

const readInterval = (yaml: YamlFile, field: YamlField | undefined, what: string): number => {
  const intervalMs = readDuration(yaml, field, what) ?? 0;
  if (intervalMs === 0) return DEFAULT_INTERVAL_MS;
  if (intervalMs < MIN_INTERVAL_MS) yaml.fail(field?.value ?? null, `${what}: interval: found ${intervalMs} ms, at least ${MIN_INTERVAL_MS} ms is allowed`);
  return intervalMs;
};

const readDuration = (yaml: YamlFile, field: YamlField | undefined, what: string): number | undefined => {
  if (field === undefined) return undefined;
  const text = yaml.text(field.value, `${what}: ${field.key}`);
  const durationMs = parseDurationMs(text);
  if (durationMs !== undefined && durationMs <= Number.MAX_SAFE_INTEGER) return durationMs;
  yaml.fail(field.value ?? field.keyNode, `${what}: ${field.key}: found ${JSON.stringify(text)}, a duration such as 30s or 1h30m is needed`);
  return undefined;
};

const readLimit = (yaml: YamlFile, field: YamlField | undefined, what: string): number => {
  if (field === undefined) return 0;
  const text = yaml.text(field.value, `${what}: limit`);
  if (/^\d{1,9}$/.test(text)) return Number(text);
  yaml.fail(field.value ?? field.keyNode, `${what}: limit: found ${JSON.stringify(text)}, a whole number from 0 is needed`);
  return 0;
};

const fieldOf = (fields: readonly YamlField[], key: string): YamlField | undefined => fields.find((field) => field.key === key);

const refuseUnknown = (yaml: YamlFile, fields: readonly YamlField[], known: ReadonlySet<string>, what: string): void => {
  for (const { key, keyNode } of fields) {
    if (!known.has(key)) yaml.fail(keyNode, `${what}: found the unknown field ${JSON.stringify(key)}, allowed are ${[...known].join(', ')}`);
  }
};
