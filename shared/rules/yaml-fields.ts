import { parseDurationMs } from '../model/duration.ts';
import { METRIC_NAME } from '../model/labels.ts';
import type { LabelPair } from '../model/labels.ts';
import { compareUtf8 } from '../model/utf8.ts';
import type { YamlField, YamlFile, YamlNode } from './yaml-file.ts';

export const fieldOf = (fields: readonly YamlField[], key: string): YamlField | undefined => fields.find((field) => field.key === key);

export const refuseUnknown = (yaml: YamlFile, fields: readonly YamlField[], known: ReadonlySet<string>, what: string): void => {
  for (const { key, keyNode } of fields) {
    if (!known.has(key)) yaml.fail(keyNode, `${what}: found the unknown field ${JSON.stringify(key)}, allowed are ${[...known].join(', ')}`);
  }
};

/** Undefined when there is none, or a wrong one, which is an error of the file. */
export const readDuration = (yaml: YamlFile, field: YamlField | undefined, what: string): number | undefined => {
  if (field === undefined) return undefined;
  const text = yaml.text(field.value, `${what}: ${field.key}`);
  const durationMs = parseDurationMs(text);
  if (durationMs !== undefined && durationMs <= Number.MAX_SAFE_INTEGER) return durationMs;
  yaml.fail(field.value ?? field.keyNode, `${what}: ${field.key}: found ${JSON.stringify(text)}, a duration such as 30s or 1h30m is needed`);
  return undefined;
};

/** One `name: text` of labels or annotations, and where its text stands. */
export interface TextField {
  readonly pair: LabelPair;
  readonly node: YamlNode;
}

/** Labels or annotations, sorted by name. */
export const readLabels = (yaml: YamlFile, field: YamlField | undefined, what: string, key: 'labels' | 'annotations'): readonly TextField[] => {
  if (field === undefined) return [];
  return yaml
    .fields(field.value, `${what}: ${key}`)
    .map(({ key: name, keyNode, value }): TextField => {
      const of = `${what}: ${key} ${JSON.stringify(name)}`;
      if (name === '' || !name.isWellFormed() || (key === 'labels' && name === METRIC_NAME)) {
        yaml.fail(keyNode, `${of}: found a name that is not allowed here; any text but "" and ${METRIC_NAME} is`);
      }
      return { pair: [name, yaml.text(value, of)], node: value ?? keyNode };
    })
    .sort((a, b) => compareUtf8(a.pair[0], b.pair[0]));
};
