import { type Labels, METRIC_NAME } from '../model/labels.ts';
import { compareUtf8 } from '../model/utf8.ts';
import { quote } from './string-text.ts';

/** What describes the metric itself; an operation that makes another quantity of it removes all three. */
const IDENTITY = new Set([METRIC_NAME, '__type__', '__unit__']);

/** Without the metric's name, type and unit. */
export const withoutName = (labels: Labels): Labels =>
  labels.some(([name]) => IDENTITY.has(name)) ? labels.filter(([name]) => !IDENTITY.has(name)) : labels;

/** The label set with one label changed; an empty value removes it. */
export const setLabel = (labels: Labels, name: string, value: string): Labels => {
  const others = labels.filter(([key]) => key !== name);
  if (value === '') return others;
  const at = others.findIndex(([key]) => compareUtf8(key, name) > 0);
  others.splice(at === -1 ? others.length : at, 0, [name, value]);
  return others;
};

export const keepLabels = (labels: Labels, names: ReadonlySet<string>): Labels => labels.filter(([name]) => names.has(name));

export const dropLabels = (labels: Labels, names: ReadonlySet<string>): Labels => labels.filter(([name]) => !names.has(name));

/** `{__name__="m", a="b"}`, the form of label sets in Prometheus' error messages. */
export const describeLabels = (labels: Labels): string => {
  const pairs = labels.map(([name, value]) => `${/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : quote(name)}=${quote(value)}`);
  return `{${pairs.join(', ')}}`;
};

/** Prometheus 3 takes any UTF-8 text but the empty one as a label name. */
export const isLabelName = (name: string): boolean => name !== '' && name.isWellFormed();
