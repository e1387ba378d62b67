import { RE2JS } from 're2js';
import { messageOf } from '../errors.ts';
import { type Labels, labelValue, METRIC_NAME } from '../model/labels.ts';
import { PromqlExecutionError } from './errors.ts';
import { vectorValue } from './eval-value.ts';
import type { FunctionContext, FunctionImplementation, FunctionTable } from './function-context.ts';
import { isLabelName, setLabel } from './label-edit.ts';
import { MAX_REGEX_COST, regexCost } from './regex-cost.ts';
import { mergeSameLabels, type StepVector } from './step-vector.ts';
import { quote } from './string-text.ts';

type Groups = readonly (string | undefined)[];

/** Go's Regexp.Expand: `$1`, `${1}`, `$name`, `${name}`, `$$`; the longest name counts, an unknown one is empty. */
const expand = (template: string, groups: Groups, names: Readonly<Record<string, number>>): string =>
  template.replaceAll(/\$(?:\$|(\w+)|\{(\w+)\})/g, (whole, bare: string | undefined, braced: string | undefined) => {
    if (whole === '$$') return '$';
    const name = (bare ?? braced) as string;
    return groups[/^\d+$/.test(name) ? Number(name) : Object.hasOwn(names, name) ? (names[name] as number) : -1] ?? '';
  });

const compile = (pattern: string): RE2JS => {
  const cost = regexCost(pattern);
  if (cost > MAX_REGEX_COST) throw new PromqlExecutionError(`regular expression in label_replace() is too costly: found a cost of ${cost}, limit ${MAX_REGEX_COST}`);
  try {
    return RE2JS.compile(`^(?s:${pattern})$`);
  } catch (error) {
    throw new PromqlExecutionError(`invalid regular expression in label_replace(): ${pattern}`, { cause: messageOf(error) });
  }
};

const destination = (context: FunctionContext): string => {
  const name = context.text(1);
  if (isLabelName(name)) return name;
  throw new PromqlExecutionError(`invalid destination label name in ${context.call.name}(): ${quote(name).slice(1, -1)}`);
};

/** Writes `change` of every label set into the destination label; undefined leaves the series as it is. */
const relabel = (input: StepVector, target: string, change: (labels: Labels) => string | undefined): StepVector => {
  const dropName = [...input.dropName];
  const labels = input.labels.map((own, row) => {
    const value = change(own);
    if (value === undefined) return own;
    // Writing the name cancels its pending removal.
    if (target === METRIC_NAME) dropName[row] = false;
    return setLabel(own, target, value);
  });
  return mergeSameLabels({ ...input, labels, dropName });
};

const labelReplace: FunctionImplementation = (context) => {
  const [template, source, pattern] = [context.text(2), context.text(3), context.text(4)];
  const regex = compile(pattern);
  const target = destination(context);
  const names = regex.namedGroups();
  return vectorValue(
    relabel(context.vector(0), target, (labels) => {
      const groups = regex.exec(labelValue(labels, source)) as Groups | null;
      return groups === null ? undefined : expand(template, groups, names);
    }),
  );
};

const labelJoin: FunctionImplementation = (context) => {
  const target = destination(context);
  const separator = context.text(2);
  const sources = context.call.args.slice(3).map((_, i) => context.text(i + 3));
  const bad = sources.find((name) => !isLabelName(name));
  if (bad !== undefined) throw new PromqlExecutionError(`invalid source label name in label_join(): ${quote(bad).slice(1, -1)}`);
  return vectorValue(relabel(context.vector(0), target, (labels) => sources.map((name) => labelValue(labels, name)).join(separator)));
};

export const LABEL_FUNCTIONS: FunctionTable = { label_replace: labelReplace, label_join: labelJoin };
