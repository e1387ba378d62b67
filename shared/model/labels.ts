import { PermanentError } from '../errors.ts';
import { compareUtf8 } from './utf8.ts';

/** The label that carries the metric's name. */
export const METRIC_NAME = '__name__';

export type LabelPair = readonly [name: string, value: string];

/** A label set: sorted by the UTF-8 bytes of the name, no name twice, no empty value. `__name__` is a label like any other. */
export type Labels = readonly LabelPair[];

/**
 * Sorts, drops empty values, and refuses names given twice and lone surrogates.
 * @throws PermanentError naming the label.
 */
export const makeLabels = (pairs: Iterable<LabelPair>): Labels => {
  const kept: LabelPair[] = [];
  for (const pair of pairs) if (pair[1] !== '') kept.push(pair);
  kept.sort((a, b) => compareUtf8(a[0], b[0]));
  for (let i = 0; i < kept.length; i++) {
    const [name, value] = kept[i] as LabelPair;
    if (name === '') throw new PermanentError('labels: found an empty label name, every label needs one');
    if (kept[i - 1]?.[0] === name) throw new PermanentError(`labels: label "${name}" is given twice, a label name stands once`);
    if (!name.isWellFormed() || !value.isWellFormed()) {
      throw new PermanentError(`labels: label ${JSON.stringify(name)} is not valid UTF-8`);
    }
  }
  return kept;
};

/** The `labels` column: canonical JSON of a label set without `__name__`. The pairs must come from {@link makeLabels}. */
export const labelsToJson = (labels: Labels): string => {
  let json = '';
  for (const [name, value] of labels) {
    if (name !== METRIC_NAME) json += `${json === '' ? '' : ','}${JSON.stringify(name)}:${JSON.stringify(value)}`;
  }
  return `{${json}}`;
};

/** The inverse of {@link labelsToJson}; `metric` comes back as `__name__`. Keys such as `__proto__` and `1` keep their place. */
export const labelsFromJson = (metric: string, json: string): Labels => {
  const pairs: LabelPair[] = metric === '' ? [] : [[METRIC_NAME, metric]];
  // An object literal would reorder integer-like keys and drop `__proto__`, so the reviver is not used: the text is scanned.
  const strings = json.match(/"(?:[^"\\]|\\.)*"/g) ?? [];
  for (let i = 0; i + 1 < strings.length; i += 2) {
    pairs.push([JSON.parse(strings[i] as string) as string, JSON.parse(strings[i + 1] as string) as string]);
  }
  return pairs.sort((a, b) => compareUtf8(a[0], b[0]));
};

/** The value of one label, '' when it is not there (Prometheus' own equivalence). */
export const labelValue = (labels: Labels, name: string): string => {
  for (const pair of labels) if (pair[0] === name) return pair[1];
  return '';
};

/** `metric{a="b"}` as Prometheus prints it. */
export const formatLabels = (labels: Labels): string => {
  const name = labelValue(labels, METRIC_NAME);
  const rest = labels.filter(([key]) => key !== METRIC_NAME).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return rest.length === 0 && name !== '' ? name : `${name}{${rest.join(', ')}}`;
};
