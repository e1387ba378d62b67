import { messageOf } from '../errors.ts';
import { compareUtf8 } from '../model/utf8.ts';
import { readNoData } from './no-data-fields.ts';
import { ruleId } from './rule-group.ts';
import type { NamedTemplate, Rule } from './rule-group.ts';
import { readQuery } from './rule-query.ts';
import { parseTemplate } from './template.ts';
import { fieldOf, readDuration, readLabels, refuseUnknown } from './yaml-fields.ts';
import type { TextField } from './yaml-fields.ts';
import type { YamlField, YamlFile, YamlNode } from './yaml-file.ts';

const RULE_KEYS = new Set(['alert', 'record', 'expr', 'sql', 'for', 'keep_firing_for', 'no_data', 'labels', 'annotations']);

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
  const query = readQuery(yaml, fields, node, what);
  const alerting = {
    holdMs: readDuration(yaml, fieldOf(fields, 'for'), what) ?? 0,
    keepFiringMs: readDuration(yaml, fieldOf(fields, 'keep_firing_for'), what) ?? 0,
    noData: readNoData(yaml, fieldOf(fields, 'no_data'), what),
    labels: record === undefined ? readTemplates(yaml, labels, name, `${what}: labels`) : [],
    annotations: readTemplates(yaml, readLabels(yaml, fieldOf(fields, 'annotations'), what, 'annotations'), name, `${what}: annotations`),
  };
  if (query === undefined) return undefined;
  if (query.source.language === 'sql' && alerting.noData.mode !== 'ok') {
    yaml.fail(fieldOf(fields, 'no_data')?.keyNode ?? node, `${what}: found no_data beside sql, which has no expression to watch: the statement says itself what is missing`);
  }
  return record === undefined ? { kind: 'alerting', id, name, ...query, ...alerting } : { kind: 'recording', id, name, ...query, labels: pairs };
};

const checkRecord = (yaml: YamlFile, record: YamlField, fields: readonly YamlField[], name: string, what: string): void => {
  if (!name.isWellFormed() || /[{}]/.test(name)) yaml.fail(record.value, `${what}: record: found ${JSON.stringify(name)}, a metric name without braces is needed`);
  for (const key of ALERT_KEYS) {
    const field = fieldOf(fields, key);
    if (field !== undefined) yaml.fail(field.keyNode, `${what}: found the field ${JSON.stringify(key)}, which only rules with alert have`);
  }
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
