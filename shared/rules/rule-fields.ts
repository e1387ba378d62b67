import { messageOf } from '../errors.ts';
import { compareUtf8 } from '../model/utf8.ts';
import type { Expr } from '../promql/ast.ts';
import { parseQuery } from '../promql/parser.ts';
import { typeOf } from '../promql/type-checker.ts';
import { ruleId } from './rule-group.ts';
import type { NamedTemplate, NoDataPolicy, Rule } from './rule-group.ts';
import { parseTemplate } from './template.ts';
import { fieldOf, readDuration, readLabels, refuseUnknown } from './yaml-fields.ts';
import type { TextField } from './yaml-fields.ts';
import type { YamlField, YamlFile, YamlNode } from './yaml-file.ts';

const RULE_KEYS = new Set(['alert', 'record', 'expr', 'for', 'keep_firing_for', 'no_data', 'labels', 'annotations']);

/** What a recording rule has no use for (Prometheus, rulefmt.go). */
const ALERT_KEYS = ['for', 'keep_firing_for', 'no_data', 'annotations'];

export interface RulePlace {
  /** The group, for messages. */
  readonly what: string;
  readonly number: number;
  readonly groupId: string;
  /** Of the group. */
  readonly labels: readonly TextField[];
  /** How often each (name, labels) stood in the group before. */
  readonly seen: Map<string, number>;
}

/** Undefined when the rule cannot be one; its errors are the file's then. */
export const readRule = (yaml: YamlFile, node: YamlNode, place: RulePlace): Rule | undefined => {
  const fields = yaml.fields(node, `${place.what}, rule ${place.number}`);
  const alert = fieldOf(fields, 'alert');
  const record = fieldOf(fields, 'record');
  const name = yaml.text((alert ?? record)?.value ?? null, `${place.what}, rule ${place.number}: name`);
  const what = `${place.what}, rule ${place.number}${name === '' ? '' : ` ${JSON.stringify(name)}`}`;
  refuseUnknown(yaml, fields, RULE_KEYS, what);
  if (record !== undefined && alert !== undefined) yaml.fail(record.keyNode, `${what}: found both alert and record, one of them is allowed`);
  else if (name === '') yaml.fail((alert ?? record)?.value ?? node, `${what}: found no alert or record, every rule needs one with a name`);
  else if (record !== undefined) checkRecord(yaml, record, fields, name, what);
  const labels = mergeLabels(place.labels, readLabels(yaml, fieldOf(fields, 'labels'), what, 'labels'));
  const pairs = labels.map(({ pair }) => pair);
  const key = JSON.stringify([name, pairs]);
  const occurrence = place.seen.get(key) ?? 0;
  place.seen.set(key, occurrence + 1);
  const id = ruleId(place.groupId, name, pairs, occurrence);
  const query = readQuery(yaml, fieldOf(fields, 'expr'), node, what);
  const alerting = {
    holdMs: readDuration(yaml, fieldOf(fields, 'for'), what) ?? 0,
    keepFiringMs: readDuration(yaml, fieldOf(fields, 'keep_firing_for'), what) ?? 0,
    noData: readNoData(yaml, fieldOf(fields, 'no_data'), what),
    labels: record === undefined ? readTemplates(yaml, labels, name, `${what}: labels`) : [],
    annotations: readTemplates(yaml, readLabels(yaml, fieldOf(fields, 'annotations'), what, 'annotations'), name, `${what}: annotations`),
  };
  if (query === undefined) return undefined;
  return record === undefined ? { kind: 'alerting', id, name, ...query, ...alerting } : { kind: 'recording', id, name, ...query, labels: pairs };
};

/** Prometheus' own way is `ok`: what is not there does not match. */
const readNoData = (yaml: YamlFile, field: YamlField | undefined, what: string): NoDataPolicy => {
  if (field === undefined) return 'ok';
  const text = yaml.text(field.value, `${what}: no_data`);
  if (text === 'ok' || text === 'keep' || text === 'alert') return text;
  yaml.fail(field.value ?? field.keyNode, `${what}: no_data: found ${JSON.stringify(text)}, ok, keep and alert are allowed`);
  return 'ok';
};

const checkRecord = (yaml: YamlFile, record: YamlField, fields: readonly YamlField[], name: string, what: string): void => {
  if (!name.isWellFormed() || /[{}]/.test(name)) yaml.fail(record.value, `${what}: record: found ${JSON.stringify(name)}, a metric name without braces is needed`);
  for (const key of ALERT_KEYS) {
    const field = fieldOf(fields, key);
    if (field !== undefined) yaml.fail(field.keyNode, `${what}: found the field ${JSON.stringify(key)}, which only rules with alert have`);
  }
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

const readTemplates = (yaml: YamlFile, fields: readonly TextField[], rule: string, what: string): readonly NamedTemplate[] =>
  fields.flatMap(({ pair: [name, text], node }): NamedTemplate[] => {
    try {
      return [[name, parseTemplate(text, rule)]];
    } catch (error) {
      yaml.fail(node, `${what} ${JSON.stringify(name)}: ${messageOf(error)}`);
      return [];
    }
  });

const mergeLabels = (group: readonly TextField[], own: readonly TextField[]): readonly TextField[] =>
  [...new Map([...group, ...own].map((field) => [field.pair[0], field])).values()].sort((a, b) => compareUtf8(a.pair[0], b.pair[0]));
